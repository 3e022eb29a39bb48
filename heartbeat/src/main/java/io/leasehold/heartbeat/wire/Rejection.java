package io.leasehold.heartbeat.wire;

/** Why a datagram changed nothing. */
public enum Rejection {
    /** Shorter than its own header, longer than allowed, or cut off. */
    TRUNCATED,
    /** Another magic number or a version that we do not speak. */
    UNKNOWN_FORMAT,
    /** From an address that is not the peer's. */
    FOREIGN_SOURCE,
    /** Not made with the cluster's key, or changed on the way. */
    FORGED,
    /** Genuine, but meant for another cluster, node or link. */
    MISADDRESSED,
    /**
     * Genuine once: made for an incarnation of this keeper, or by one of the peer's, that is over.
     */
    STALE,
    /** Genuine, but not newer than what was heard on this link before: replayed or overtaken. */
    REPLAYED
}
