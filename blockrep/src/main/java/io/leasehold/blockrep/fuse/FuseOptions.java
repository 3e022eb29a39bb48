package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.volume.SpaceReserve;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * How a volume is mounted.
 *
 * @param mountPoint an existing directory
 * @param stateFile what a successor of this process needs to resume the mount; on a tmpfs ({@code
 *     /run}), since it is worth nothing after a reboot
 * @param name of the volume, for {@code /proc/mounts} and thread names
 * @param readers threads that serve requests, at least 2: one may be syncing the journal
 * @param reserve what is left free for the DHCP server
 * @param wallClockNanos nanoseconds since 1970, for the times of files
 */
public record FuseOptions(
        Path mountPoint,
        Path stateFile,
        String name,
        int readers,
        SpaceReserve reserve,
        LongSupplier wallClockNanos) {

    public static final int READERS_DEFAULT = 4;
    private static final int READERS_MAX = 16;

    public FuseOptions {
        if (readers < 2 || readers > READERS_MAX) {
            throw new IllegalArgumentException(
                    "readers must be 2 to " + READERS_MAX + ", not " + readers);
        }
    }
}
