package io.leasehold.ops.control;

import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * One heartbeat link.
 *
 * @param kind point-to-point or shared
 * @param state up, warning, silent, no-carrier, unknown
 * @param silentMillis since the last beat; empty if there was none
 * @param roundTripMicros the last one measured
 * @param received beats accepted
 * @param lost beats of the peer that never came
 * @param losses how often the link became silent or lost its carrier
 * @param rejected datagrams thrown away, by cause
 * @param remark for a person, may be empty
 */
public record LinkView(
        String name,
        String kind,
        String state,
        OptionalLong silentMillis,
        OptionalLong roundTripMicros,
        long received,
        long lost,
        long losses,
        SortedMap<String, Long> rejected,
        String remark) {}
