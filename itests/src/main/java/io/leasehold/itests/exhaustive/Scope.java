package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.ClusterConfiguration;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.membership.LinkConfiguration;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.membership.Timing;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.List;
import java.util.Set;

/**
 * The pair that is explored. Its time-outs in quanta of time, each just above or below a whole
 * number, so that no two things depend on which of two events of one instant came first:
 *
 * <pre>
 *   dead time, daemon-dead-time, replica time-out   2     init-dead                    4
 *   serving lease, from its confirmation            2     the winner's wait (R9)       2
 *   the secondary's delay before it shoots (R35)    1     the limit of leaving (R16)   1
 *   back-off of fencing                             1     a hand-over                  3
 * </pre>
 */
final class Scope {
    static final List<NodeName> NODES = List.of(new NodeName("a"), new NodeName("b"));
    static final LinkName LINK = new LinkName("lan");
    static final ResourceName VOLUME = new ResourceName("volume");

    private static final long MILLI = 1_000_000L;

    static final Timing TIMING =
            new Timing(300 * MILLI, 700 * MILLI, 1_500 * MILLI, 3_500 * MILLI, 1_500 * MILLI, 3);

    private Scope() {}

    static ClusterConfiguration configuration(NodeName me, ArbitrationMode mode) {
        return new ClusterConfiguration(
                "scope",
                me,
                NODES,
                mode,
                TIMING,
                List.of(new LinkConfiguration(LINK, false)),
                new FencingConfiguration(
                        mode == ArbitrationMode.FENCING
                                ? List.of(new FencingConfiguration.Level("bmc", 900 * MILLI))
                                : List.of(),
                        0,
                        900 * MILLI,
                        0,
                        2,
                        900 * MILLI,
                        900 * MILLI,
                        true,
                        FencingConfiguration.LOOP_MAX,
                        MILLI),
                new LeaseTiming(1_800 * MILLI, 100 * MILLI),
                List.of(
                        new ResourceConfiguration(
                                VOLUME, false, 900 * MILLI, 900 * MILLI, 0, MILLI, 3, 0, false)),
                Set.of(),
                2_900 * MILLI,
                900 * MILLI);
    }
}
