package io.leasehold.heartbeat.controller;

/** How the peer's history relates to ours, as the volumes found when their session opened (R22). */
public enum Relation {
    EQUAL,
    /** Ours contains the peer's; an empty history is contained in every other. */
    PEER_BEHIND,
    /** The peer's contains ours. */
    PEER_AHEAD,
    /** Neither contains the other (R29). */
    DIVERGED,
    /** No common ancestor, another cluster or another device (R30). */
    UNRELATED
}
