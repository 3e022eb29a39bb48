package io.leasehold.blockrep.replication;

/** What flows in the session. */
public enum ReplicationState {
    /** Nothing: no session, or neither node is primary. */
    OFF,
    /**
     * The peer must not be synced, and waits for a person or for another plan (R24, R29, R30); or
     * it was too slow, and waits until it is tried again (R4).
     */
    REFUSED,
    /** The primary sends the missing operations from its journal. */
    REPLAY_SOURCE,
    REPLAY_TARGET,
    /** Trees are compared, and what differs is copied into a shadow (R31). */
    COMPARE_SOURCE,
    COMPARE_TARGET,
    /**
     * The peer has everything, and completions need its acknowledgement, but the record does not
     * name it yet (R10).
     */
    MIRRORING,
    /** The peer is in {@code inSync}: every completion is durable on both nodes (R3). */
    ESTABLISHED;

    /** The secondary gets each operation as soon as it has its place. */
    public boolean isFollowing() {
        return this == MIRRORING || this == ESTABLISHED;
    }
}
