package io.leasehold.dhcp.guard;

import io.leasehold.dhcp.VolumeLayout;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What the guard is given.
 *
 * @param volume the mounted volume
 * @param clockWarning a difference of the clocks that is worth a warning
 * @param clockLimit a difference with which the server is not started: leases would be freed early,
 *     or believed to be in the future, by that much
 * @param neighboursMax the file in which the kernel says how many neighbours it keeps; may be
 *     absent or unreadable
 */
public record GuardSettings(
        VolumeLayout volume, Duration clockWarning, Duration clockLimit, Path neighboursMax) {

    public static final Duration CLOCK_WARNING = Duration.ofSeconds(2);

    /** ISC failover and Kea call two servers unusable together at 60 s. */
    public static final Duration CLOCK_LIMIT = Duration.ofSeconds(60);

    /** Absent in every network namespace but the first one, though it counts for all (arp(7)). */
    public static final Path NEIGHBOURS_MAX =
            Path.of("/proc/sys/net/ipv4/neigh/default/gc_thresh3");

    public GuardSettings {
        if (clockWarning.isNegative() || clockLimit.compareTo(clockWarning) < 0) {
            throw new IllegalArgumentException(
                    "clock limit " + clockLimit + " is below the warning " + clockWarning);
        }
    }

    public static GuardSettings of(VolumeLayout volume) {
        return new GuardSettings(volume, CLOCK_WARNING, CLOCK_LIMIT, NEIGHBOURS_MAX);
    }
}
