package io.leasehold.heartbeat.keeper;

/**
 * How punctual the keeper was during the last second.
 *
 * @param realTime whether its thread has real-time priority
 * @param ticks how many deadlines it met or missed
 * @param latenessMaxNanos how late it was at worst
 */
public record KeeperHealth(boolean realTime, int ticks, long latenessMaxNanos) {}
