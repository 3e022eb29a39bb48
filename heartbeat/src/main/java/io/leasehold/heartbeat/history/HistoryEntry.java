package io.leasehold.heartbeat.history;

import java.time.Instant;

/**
 * An {@link Observation} in its place.
 *
 * @param sequence counts from 1 on this node, over all restarts
 * @param wallTime when it was recorded, for people and for merging both nodes' histories
 * @param monotonicNanos the same by {@link System#nanoTime}, for differences within one boot
 * @param node the node that recorded it
 */
public record HistoryEntry(
        long sequence,
        Instant wallTime,
        long monotonicNanos,
        String node,
        Observation observation) {}
