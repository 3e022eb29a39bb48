package io.leasehold.heartbeat.fencing;

/** What came of one run of a fence level. */
public sealed interface FenceOutcome {

    /** Every device of the level was read back in the wanted power state. */
    record Confirmed(String evidence) implements FenceOutcome {}

    /** Refused, timed out, unreachable, or read back in another state: all the same (R34). */
    record Unconfirmed(String reason) implements FenceOutcome {}
}
