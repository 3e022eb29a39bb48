package io.leasehold.dhcp.engine;

import java.time.Duration;

/** What became of stopping dhcpd. */
public sealed interface StopResult {

    /** There is no such process any more. */
    record Stopped(Duration took, boolean byKill) implements StopResult {}

    /**
     * SIGKILL was sent and the process is still there: it waits in a request of the volume. It will
     * never run another instruction of its own, so it cannot send anything; but the volume cannot
     * be unmounted before its request is aborted.
     */
    record StillThere(int pid) implements StopResult {}
}
