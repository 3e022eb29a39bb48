package io.leasehold.heartbeat.history;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where the flight recorder writes, and how much it keeps.
 *
 * @param directory its own directory, made if missing
 * @param node this node's name, written into each entry
 * @param keepBytes oldest files are deleted when all together exceed this on disk
 * @param keepAge files older than this are deleted
 * @param minFreeBytes with less free space than this on the file system nothing is written; entries
 *     count as missing
 */
public record FlightRecorderOptions(
        Path directory, String node, long keepBytes, Duration keepAge, long minFreeBytes) {

    public static final long KEEP_BYTES_DEFAULT = 256L << 20;
    public static final Duration KEEP_AGE_DEFAULT = Duration.ofDays(90);
    public static final long MIN_FREE_BYTES_DEFAULT = 128L << 20;

    /** With the default retention. */
    public FlightRecorderOptions(Path directory, String node) {
        this(directory, node, KEEP_BYTES_DEFAULT, KEEP_AGE_DEFAULT, MIN_FREE_BYTES_DEFAULT);
    }
}
