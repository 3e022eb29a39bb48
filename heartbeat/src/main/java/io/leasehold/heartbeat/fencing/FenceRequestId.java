package io.leasehold.heartbeat.fencing;

/** One run of one fence level; unique within a process. */
public record FenceRequestId(long value) {}
