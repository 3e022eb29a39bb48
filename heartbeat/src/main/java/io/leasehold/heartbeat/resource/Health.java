package io.leasehold.heartbeat.resource;

import java.util.OptionalLong;

/** Answer of a monitor. */
public sealed interface Health {
    record Good() implements Health {}

    /** Whatever else is the case. */
    record Failed(String reason) implements Health {}

    /**
     * It was asked, and no right answer came. That says nothing about a resource that was kept from
     * answering, in any part of the time for which it was asked.
     *
     * @param heldUpNanos when something else, its volume, last kept it from going on; on the clock
     *     of the manager's {@code nowNanos}. Empty: never
     */
    record Unanswered(String reason, OptionalLong heldUpNanos) implements Health {}
}
