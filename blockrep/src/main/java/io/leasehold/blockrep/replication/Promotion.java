package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;

/** Outcome of a promotion; a refusal is ordinary, so it is a value. */
public sealed interface Promotion {

    /**
     * This node is the writer of {@code epoch}, and everything up to {@code start - 1} is applied
     * here and durable on every in-sync node (R27, R39).
     */
    record Granted(long epoch, Seq start) implements Promotion {}

    /** Nothing has changed, except perhaps the promised epoch, which only grows. */
    record Refused(Refusal reason, String detail) implements Promotion {}

    enum Refusal {
        /** R2: a higher epoch is promised, or written in the lineage. */
        EPOCH_TOO_LOW,
        /** R32. */
        DISK_FAILED,
        /** R24: the peer that must be in sync has operations that this node lacks. */
        PEER_AHEAD,
        /** R29, R30: the peer that must be in sync has another history. */
        PEER_DIVERGED,
        /** R31: a compare has not ended; this copy is not the one to serve from. */
        RESYNC_RUNNING,
        /** The limit has passed and the tail is not on both (R27); the node remains secondary. */
        TAIL_NOT_REPLICATED,
        CLOSED
    }
}
