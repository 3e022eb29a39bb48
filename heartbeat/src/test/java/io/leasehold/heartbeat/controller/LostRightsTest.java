package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A node alone with the ensemble, whose newest state of rights is damaged. */
class LostRightsTest {
    private static final NodeName ME = new NodeName("dhcp2");
    private static final NodeName PEER = new NodeName("dhcp1");
    private static final BootId BOOT = new BootId("boot");
    private static final long MS = 1_000_000L;

    /** The ensemble counts on this node's copy. */
    private static final ClusterRecord BOTH =
            new ClusterRecord(
                    ArbitrationMode.ZOOKEEPER,
                    new Epoch(3),
                    Optional.of(PEER),
                    Set.of(ME, PEER),
                    new Generation(5),
                    new RequestId(PEER, 9));

    private static final VolumeStatus VOLUME =
            new VolumeStatus(
                    "disk",
                    true,
                    Epoch.NONE,
                    Position.EMPTY,
                    0,
                    Epoch.NONE,
                    false,
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    false);

    /** What it asks to write within a time in which it loses its peer and takes over. */
    private static List<ClusterRecord> written(DurableState stored) {
        long now = 0;
        var controller =
                new Controller(
                        new World(ArbitrationMode.ZOOKEEPER)
                                .configuration(ME, ArbitrationMode.ZOOKEEPER),
                        new ZookeeperArbiter(ME, PEER),
                        BOOT,
                        0,
                        Optional.of(stored),
                        new WallClock(now, Instant.EPOCH, ZoneOffset.UTC));
        var written = new ArrayList<ClusterRecord>();
        var known = BOTH;
        int version = 7;
        var events = new ArrayDeque<Event>();
        events.add(new Event.Started(VOLUME, Set.of()));
        events.add(new Event.EnsembleHeard(new EnsembleEvent.Connected()));
        while (now < 20_000 * MS) {
            now += 10 * MS;
            var event = events.isEmpty() ? new Event.Tick() : events.removeFirst();
            for (var effect : controller.step(now, event)) {
                switch (effect) {
                    case Effect.Listen() -> events.add(new Event.Listened(now, 0));
                    case Effect.AskEnsemble(EnsembleRequest.Look(long number)) ->
                            events.add(
                                    new Event.EnsembleHeard(
                                            new EnsembleEvent.Found(
                                                    number,
                                                    Optional.of(known),
                                                    new ZnodeVersion(version))));
                    case Effect.AskEnsemble(EnsembleRequest.Write(long number, var next, _)) -> {
                        written.add(next);
                        known = next;
                        version++;
                        events.add(
                                new Event.EnsembleHeard(
                                        new EnsembleEvent.Written(
                                                number, new ZnodeVersion(version))));
                    }
                    default -> {}
                }
            }
        }
        return written;
    }

    private static DurableState ofNewDisk() {
        return DurableState.fresh(ArbitrationMode.ZOOKEEPER, ME, BOOT)
                .withBoot(BOOT, Optional.of("disk"));
    }

    /**
     * Its disk was replaced, it saw in the ensemble that its name is in sync, stored that its copy
     * is none (R31), and that is lost: what is left looks like the first state of any node.
     */
    @Test
    void shouldNotStandInForTheCopyThatTheEnsembleCountsOn() {
        assertThat(written(ofNewDisk().withoutRights())).noneMatch(record -> record.isPrimary(ME));
    }

    /** The ensemble says that it has every write, whatever it has called itself since (R14). */
    @Test
    void shouldTakeOverIfItWasAMemberBefore() {
        assertThat(written(ofNewDisk().withRecord(BOTH).withoutRights()))
                .anyMatch(record -> record.isPrimary(ME));
    }
}
