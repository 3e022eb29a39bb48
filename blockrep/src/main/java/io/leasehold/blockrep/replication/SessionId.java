package io.leasehold.blockrep.replication;

/**
 * One connection to the peer, numbered by this process from 1. What a session of a lower number
 * still delivers is dropped (H13).
 */
public record SessionId(long value) {}
