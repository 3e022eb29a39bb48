package io.leasehold.itests.exhaustive;

/** What may go wrong, or be wished, once in a history; the list. */
public enum Fault {
    /** The session breaks and loses what is under way, or beats of one or both nodes are lost. */
    MESSAGE_LOST,
    /** What is in the session comes later than time-outs allow, and beats overtake it. */
    MESSAGE_LATE,
    /** An older beat comes again, behind newer ones. */
    MESSAGE_DUPLICATED,
    /** Power goes, with or without what was not synced; also in between two effects. */
    CRASH,
    /** The daemon is killed and started again; also in between two effects. */
    RESTART,
    /** SIGTERM. */
    LEAVE,
    /** A person moves the service. */
    TAKEOVER,
    /** A daemon is slow: it takes what its volume tells it later than all else of that instant. */
    LAG,
    /** A fence device fails, or says so and shoots later. */
    FENCE,
    /**
     * A request to the witness is lost, or its answer, or it is executed later than its sender was
     * told; or the ensemble cannot be reached from one node.
     */
    WITNESS
}
