package io.leasehold.heartbeat.membership;

/** What the beats say about the peer. */
public enum PeerState {
    /** Not heard since this process started, and {@code init-dead} has not passed. */
    UNKNOWN,
    ONLINE,
    /** Silent for {@code warn-time}. A warning; nothing is started. */
    SUSPECT,
    /** Silent for {@code dead-time}, or sooner on better evidence; procedures start (R37). */
    LOST
}
