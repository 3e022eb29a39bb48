package io.leasehold.heartbeat.resource;

/** One start, stop or monitor of one resource; its answer carries it, so a late answer is void. */
public record ActionId(long value) {}
