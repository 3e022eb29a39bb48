package io.leasehold.heartbeat.record.arbiter.zookeeper;

import io.leasehold.heartbeat.record.ClusterRecord;

/**
 * What the ensemble is asked; answered at most once, by an {@link EnsembleEvent} of that number.
 */
public sealed interface EnsembleRequest {

    /** Grows within a process. */
    long number();

    /** Read the record. Never a permission: an isolated leader answers reads, too (R11). */
    record Look(long number) implements EnsembleRequest {}

    /**
     * Write the record if its znode still has version {@code expected}. Must not be repeated by
     * whoever carries it out: a repetition answers "version mismatch" although the first try was
     * taken.
     */
    record Write(long number, ClusterRecord record, ZnodeVersion expected)
            implements EnsembleRequest {}
}
