package io.leasehold.heartbeat.record;

/**
 * The durable right to restart alone (R20): whoever holds it shrank or took over to {me} at this
 * epoch, so that the other one cannot promote without meeting it.
 */
public record SoloPermit(Epoch epoch) {}
