package io.leasehold.heartbeat.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.heartbeat.linux.NetworkNamespace;
import io.leasehold.heartbeat.linux.TestNetwork;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real members, real deaths: what the machine makes of them. */
class EnsembleIT {
    private static final NodeName A = new NodeName("dhcp1");
    private static final NodeName B = new NodeName("dhcp2");
    private static final String PAIR = "office";

    /** What a JVM with ZooKeeper and its network library in it takes; measured: 60 to 75 MiB. */
    private static final long RESIDENT_BYTES_MAX = 96L << 20;

    @TempDir private Path directory;
    private final TestNetwork network = new TestNetwork();
    private String namespace = "";

    @BeforeEach
    void makeANamespace() throws IOException {
        assumeTrue(TestNetwork.hindrance().isEmpty(), TestNetwork.hindrance());
        namespace = network.namespace("zk");
    }

    @AfterEach
    void removeIt() throws IOException {
        network.close();
    }

    /** What a test does. */
    private interface Story {
        void play(RunningEnsemble ensemble)
                throws IOException, InterruptedException, EnsembleUnreachableException;
    }

    private void withEnsemble(Story story) throws IOException {
        NetworkNamespace.call(
                TestNetwork.path(namespace),
                () -> {
                    try (var ensemble = RunningEnsemble.start(directory, namespace)) {
                        story.play(ensemble);
                        return true;
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new UncheckedIOException(new IOException("interrupted", e));
                    } catch (EnsembleUnreachableException e) {
                        throw new AssertionError(e);
                    }
                });
    }

    private static EnsembleNode node() {
        return new EnsembleNode(access(), PAIR);
    }

    private static EnsembleAccess access() {
        return new EnsembleAccess(
                RunningEnsemble.servers(),
                "/leasehold",
                Duration.ofMillis(400),
                Optional.empty(),
                Optional.empty(),
                List.of());
    }

    private static ClusterRecord record(
            long epoch, long gen, NodeName primary, NodeName... inSync) {
        return new ClusterRecord(
                ArbitrationMode.ZOOKEEPER,
                new Epoch(epoch),
                Optional.of(primary),
                Set.of(inSync),
                new Generation(gen),
                new RequestId(primary, gen));
    }

    private static int leaderOf(RunningEnsemble ensemble) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end) {
            var leader = ensemble.leader();
            if (leader.isPresent()) {
                return leader.get();
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError("no member leads");
    }

    /** Each change is taken exactly once, although leaders die while it is on its way. */
    @Test
    void shouldLoseNoChangeAndMakeNoneTwiceWhenLeadersDie() throws IOException {
        withEnsemble(ensemble -> {
            try (var a = node()) {
                a.awaitConnected();
                a.wish(Change.TAKE_OVER, record(1, 1, A, A));
                a.await(Step.Won.class);
                for (int gen = 2; gen <= 41; gen++) {
                    int dead = 0;
                    if (gen % 20 == 10) {
                        dead = leaderOf(ensemble);
                    }
                    a.wish(
                            gen % 2 == 0 ? Change.ADMIT_PEER : Change.GO_ALONE,
                            gen % 2 == 0 ? record(1, gen, A, A, B) : record(1, gen, A, A));
                    if (dead > 0) {
                        ensemble.kill(dead);
                    }
                    var won = a.await(Step.Won.class);
                    assertThat(won.proposal().next().gen().value()).isEqualTo(gen);
                    if (dead > 0) {
                        ensemble.start(dead);
                    }
                }
                assertThat(a.told).doesNotHaveAnyElementsOfTypes(Step.Lost.class);
                for (var peer : MemberProcess.peers()) {
                    assertThat(ensemble.residentBytes(peer.id()))
                            .as("memory of member %s", peer.id())
                            .isLessThan(RESIDENT_BYTES_MAX);
                }
            }
        });
    }

    @Test
    void shouldLetOneOfTwoWin() throws IOException {
        withEnsemble(ensemble -> {
            try (var a = node();
                    var b = node()) {
                a.awaitConnected();
                a.wish(Change.TAKE_OVER, record(1, 1, A, A, B));
                a.await(Step.Won.class);
                b.awaitConnected();
                a.wish(Change.GO_ALONE, record(1, 2, A, A));
                b.wish(Change.TAKE_OVER, record(2, 2, B, B));
                a.runUntil("end", machine -> machine.isQuiet());
                b.runUntil("end", machine -> machine.isQuiet());

                assertThat(
                                a.told.stream().filter(Step.Won.class::isInstance).count()
                                        + b.told.stream()
                                                .filter(Step.Won.class::isInstance)
                                                .count())
                        .as("wins: the first record, and one of the two")
                        .isEqualTo(2);
            }
        });
    }

    @Test
    void shouldHoldTwoHundredPairs() throws IOException {
        withEnsemble(ensemble -> {
            for (int number = 0; number < 200; number += 20) {
                var nodes = new ArrayList<EnsembleNode>();
                try {
                    for (int each = number; each < number + 20; each++) {
                        nodes.add(new EnsembleNode(access(), "pair-%03d".formatted(each)));
                    }
                    for (var node : nodes) {
                        node.awaitConnected();
                        node.wish(Change.TAKE_OVER, record(1, 1, A, A, B));
                        node.await(Step.Won.class);
                        node.ensemble().publish("dhcp1", "well");
                        node.ensemble().publish("dhcp2", "well, too");
                    }
                    if (number == 180) {
                        var reader = nodes.getLast().ensemble();
                        Awaitility.await().until(() -> reader.published().size() == 400);
                        assertThat(reader.published())
                                .startsWith(new Ensemble.Published("pair-000", "dhcp1", "well"))
                                .endsWith(new Ensemble.Published("pair-199", "dhcp2", "well, too"));
                    }
                } finally {
                    nodes.forEach(EnsembleNode::close);
                }
            }
        });
    }

    /** An isolated or frozen leader confirms nothing, whatever it may still tell. */
    @Test
    void shouldConfirmNothingWithoutAQuorumAndGoOnWhenItIsBack() throws IOException {
        withEnsemble(ensemble -> {
            try (var a = node()) {
                a.awaitConnected();
                var mine = record(1, 1, A, A, B);
                a.wish(Change.TAKE_OVER, mine);
                a.await(Step.Won.class);
                int leader = leaderOf(ensemble);
                for (var peer : MemberProcess.peers()) {
                    if (peer.id() != leader) {
                        ensemble.kill(peer.id());
                    }
                }
                a.confirm(mine);
                a.runFor(TimeUnit.SECONDS.toNanos(2));
                assertThat(a.told).doesNotHaveAnyElementsOfTypes(Step.Confirmed.class);

                ensemble.start(leader % 3 + 1);
                a.await(Step.Confirmed.class);
            }
        });
    }

    /** H2 for real: a request hangs in a frozen leader, the other node wins, the leader wakes. */
    @Test
    void shouldVoidWhatAFrozenLeaderHeld() throws IOException {
        withEnsemble(ensemble -> {
            try (var a = node();
                    var b = node()) {
                a.awaitConnected();
                b.awaitConnected();
                a.wish(Change.TAKE_OVER, record(1, 1, A, A, B));
                a.await(Step.Won.class);
                int leader = leaderOf(ensemble);
                ensemble.signal(leader, "STOP");
                a.wish(Change.GO_ALONE, record(1, 2, A, A));
                a.runFor(TimeUnit.MILLISECONDS.toNanos(50));
                b.wish(Change.TAKE_OVER, record(2, 2, B, B));
                b.runUntil("decision of B", machine -> machine.isQuiet());
                ensemble.signal(leader, "CONT");
                a.runUntil("decision of A", machine -> machine.isQuiet());

                var winsOfA = a.told.stream().filter(Step.Won.class::isInstance).count();
                var winsOfB = b.told.stream().filter(Step.Won.class::isInstance).count();
                assertThat(winsOfA + winsOfB).isEqualTo(2);
                assertThat(winsOfB == 1 ? a.machine().lastSeen() : b.machine().lastSeen())
                        .as("the loser knows who won")
                        .isPresent();
            }
        });
    }
}
