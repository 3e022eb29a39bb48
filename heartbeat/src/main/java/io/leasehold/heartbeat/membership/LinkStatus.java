package io.leasehold.heartbeat.membership;

import java.util.OptionalLong;

/**
 * One link as {@code status} shows it.
 *
 * @param silentNanos time since the last beat; empty if there was none
 * @param roundTripNanos the last one measured
 * @param beats beats heard since this process started
 * @param losses how often it became silent or lost its carrier
 */
public record LinkStatus(
        LinkName name,
        LinkState state,
        boolean pointToPoint,
        OptionalLong silentNanos,
        OptionalLong roundTripNanos,
        long beats,
        long losses) {}
