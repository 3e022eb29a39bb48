package io.leasehold.blockrep.replication;

/** How the peer's history relates to ours (R22). */
public enum Relation {
    /** Neither has anything that the other lacks. */
    EQUAL,
    /** The peer's history is a prefix of ours. A fresh disk is behind everybody. */
    PEER_BEHIND,
    /** Our history is a prefix of the peer's. */
    PEER_AHEAD,
    /**
     * They share a beginning, and each has something that the other lacks. The usual case is the
     * unacknowledged tail of a primary that crashed (R25); if the excess was acknowledged, it is a
     * split brain (R29).
     */
    DIVERGED,
    /** They share nothing: refuse the connection (R30). */
    UNRELATED;

    /** The same relation as the peer sees it. */
    public Relation mirrored() {
        return switch (this) {
            case EQUAL, DIVERGED, UNRELATED -> this;
            case PEER_BEHIND -> PEER_AHEAD;
            case PEER_AHEAD -> PEER_BEHIND;
        };
    }
}
