package io.leasehold.heartbeat.controller;

/** What a node is in the pair, as it says in its beats and as {@code status} shows it. */
public enum Role {
    /** Neither node is known to be primary; waiting for the peer, a proof or a person. */
    WAITING,
    /** The peer is primary; this node follows it. */
    SECONDARY,
    /** Won the record; the volume is being promoted. */
    PROMOTING,
    /** The one writer. */
    PRIMARY,
    /** Primary on its way out: stopping, draining, demoting. */
    HANDING_OVER,
    /** Does not take part any more: shutting down, split brain, broken disk. */
    STOPPED
}
