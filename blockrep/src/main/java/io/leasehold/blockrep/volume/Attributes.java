package io.leasehold.blockrep.volume;

/**
 * What {@code stat(2)} answers.
 *
 * @param blocks units of 512 bytes
 * @param exact whether all is final; else {@code blocks} is an estimate, because the last changes
 *     are not on the disk yet
 */
public record Attributes(
        FileId id,
        FileKind kind,
        int permissions,
        int links,
        int uid,
        int gid,
        long sizeBytes,
        long blocks,
        long accessTimeNanos,
        long modifyTimeNanos,
        long changeTimeNanos,
        boolean exact) {}
