package io.leasehold.dhcp.engine;

import io.leasehold.dhcp.Finding;
import java.time.Duration;
import java.util.List;

/** What became of starting dhcpd. */
public sealed interface StartResult {

    /** It serves: sockets open, leases read and rewritten. */
    record Started(int pid, Duration took, List<Finding> findings) implements StartResult {}

    /**
     * It does not serve. The findings hold dhcpd's own words, with file and line.
     *
     * @param silent it did not say why: it was not there in its time, and was killed, or the one
     *     before it does not end. Either may only wait for the volume
     */
    record NotStarted(List<Finding> findings, boolean silent) implements StartResult {}
}
