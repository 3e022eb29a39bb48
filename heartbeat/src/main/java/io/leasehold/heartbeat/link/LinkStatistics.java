package io.leasehold.heartbeat.link;

import io.leasehold.heartbeat.wire.Rejection;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Figures of one link since it was configured.
 *
 * @param link its name
 * @param sent datagrams sent
 * @param sendFailures datagrams that the kernel did not take
 * @param received beats accepted
 * @param lost beats of the peer that never came (gaps in its numbers)
 * @param lastReceivedNanos when the last beat was accepted, in the time of {@link System#nanoTime}
 * @param roundTripNanos the last round trip
 * @param rejected what was thrown away, by cause; causes that never occurred are absent
 * @param remark what a person should know about the last rejection, empty if nothing
 */
public record LinkStatistics(
        String link,
        long sent,
        long sendFailures,
        long received,
        long lost,
        OptionalLong lastReceivedNanos,
        OptionalLong roundTripNanos,
        Map<Rejection, Long> rejected,
        String remark) {

    public LinkStatistics {
        rejected = Map.copyOf(rejected);
    }
}
