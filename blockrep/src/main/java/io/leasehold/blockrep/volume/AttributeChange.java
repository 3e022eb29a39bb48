package io.leasehold.blockrep.volume;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What {@code chmod}, {@code chown}, {@code truncate} and {@code utimensat} ask for.
 *
 * @param clearSetId also take the set-uid bit, and the set-gid bit of a file that its group may
 *     execute
 */
public record AttributeChange(
        OptionalInt permissions,
        OptionalInt uid,
        OptionalInt gid,
        OptionalLong sizeBytes,
        Time accessTime,
        Time modifyTime,
        boolean clearSetId) {

    /** A time to set. */
    public sealed interface Time {
        /** Leave it as it is. */
        record Keep() implements Time {}

        /** The time at which the operation gets its place. */
        record Now() implements Time {}

        record At(long nanos) implements Time {}
    }
}
