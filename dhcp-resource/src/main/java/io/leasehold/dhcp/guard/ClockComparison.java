package io.leasehold.dhcp.guard;

import java.time.Duration;

/** What is known about this node's wall clock against the one that wrote the leases. */
public sealed interface ClockComparison {

    /**
     * The server ran here since this node was promoted: the leases were written by this clock, and
     * the peer's says nothing about them.
     */
    record Own() implements ClockComparison {}

    /**
     * The peer wrote them; from the beats that were exchanged.
     *
     * @param ahead how far this node's clock is ahead of the peer's; negative if it is behind
     */
    record Known(Duration ahead) implements ClockComparison {}

    /** The peer was not heard since this node started. */
    record Unknown(String reason) implements ClockComparison {}
}
