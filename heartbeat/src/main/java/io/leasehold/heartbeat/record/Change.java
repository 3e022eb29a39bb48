package io.leasehold.heartbeat.record;

/** A wish to change the record. */
public enum Change {
    /** The primary shrinks inSync to itself; same epoch, next generation (R4). */
    GO_ALONE,
    /** This node becomes primary of the next epoch, alone (R6). */
    TAKE_OVER,
    /** The holder of the solo permit starts at the next epoch (R20). */
    START_ALONE,
    /** The primary's successor process continues at the next epoch (R27). */
    RESUME,
    /** The primary takes the peer into inSync (R10). */
    ADMIT_PEER,
    /** A person makes this node primary although acknowledged writes may be missing here (R21). */
    FORCE
}
