package io.leasehold.blockrep;

/** Outcome of asking for a compare of everything ({@link ReplicatedVolume#compareNow}). */
public enum CompareNow {
    /** A new session begins with it. */
    BEGUN,
    /** Asked for before; the session that begins with it is still to come. */
    ORDERED,
    /** The peer is compared already. */
    UNDER_WAY,
    /** The peer is not connected; its next session begins with it. */
    NO_SESSION,
    /** Only the primary's copy counts (R24). Nothing was done. */
    NOT_PRIMARY,
    /** The copies were not found to differ. Nothing was done. */
    NOTHING_FOUND
}
