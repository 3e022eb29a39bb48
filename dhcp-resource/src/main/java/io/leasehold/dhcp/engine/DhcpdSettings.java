package io.leasehold.dhcp.engine;

import io.leasehold.dhcp.VolumeLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How dhcpd is run on this node.
 *
 * @param program the unmodified dhcpd
 * @param volume where the replicated volume is mounted
 * @param interfaces the client interfaces, at least one; dhcpd needs an address on each
 * @param log dhcpd's standard error; outside the volume (a log line must not wait for the peer)
 * @param startLimit from fork to {@code Server starting service.}; with 100 000 leases dhcpd takes
 *     about 0.6 s
 * @param termLimit how long dhcpd may take to end after SIGTERM, before SIGKILL
 * @param killLimit how long after SIGKILL; a process in an uninterruptible FUSE request ends only
 *     when the request is answered or aborted
 */
public record DhcpdSettings(
        Path program,
        VolumeLayout volume,
        List<String> interfaces,
        Path log,
        Duration startLimit,
        Duration termLimit,
        Duration killLimit) {

    public static final Path PROGRAM = Path.of("/usr/sbin/dhcpd");
    public static final Duration START_LIMIT = Duration.ofSeconds(10);
    public static final Duration TERM_LIMIT = Duration.ofMillis(500);
    public static final Duration KILL_LIMIT = Duration.ofMillis(500);

    public DhcpdSettings {
        interfaces = List.copyOf(interfaces);
        if (interfaces.isEmpty()) {
            throw new IllegalArgumentException("dhcpd needs at least one client interface");
        }
        if (log.startsWith(volume.root())) {
            throw new IllegalArgumentException("dhcpd's log must not be on the volume: " + log);
        }
    }

    public static DhcpdSettings of(VolumeLayout volume, List<String> interfaces, Path log) {
        return new DhcpdSettings(
                PROGRAM, volume, interfaces, log, START_LIMIT, TERM_LIMIT, KILL_LIMIT);
    }
}
