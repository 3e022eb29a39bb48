package io.leasehold.dhcp.engine;

import io.leasehold.dhcp.Finding;
import java.time.Duration;
import java.util.List;

/** What became of starting dhcpd. */
public sealed interface StartResult {

    /** It serves: sockets open, leases read and rewritten. */
    record Started(int pid, Duration took, List<Finding> findings) implements StartResult {}

    /** No process is left of it. The findings hold dhcpd's own words, with file and line. */
    record NotStarted(List<Finding> findings) implements StartResult {}
}
