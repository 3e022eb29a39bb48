package io.leasehold.heartbeat.fencing;

/** What a fence level is asked to do; success is always the power state read back. */
public enum FenceAction {
    /** Power off, then read back off on every device of the level. */
    OFF,
    /** Power on, then read back on. */
    ON
}
