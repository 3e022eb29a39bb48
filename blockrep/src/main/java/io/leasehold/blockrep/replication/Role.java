package io.leasehold.blockrep.replication;

/** What this node does with the volume. */
public enum Role {
    /** Receives operations, or nothing. */
    SECONDARY,
    /** The one writer of its epoch (R1). */
    PRIMARY
}
