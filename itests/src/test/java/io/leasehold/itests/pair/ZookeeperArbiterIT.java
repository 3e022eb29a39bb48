package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.client.AnswerCapture;
import io.leasehold.itests.lab.client.AnswerCapture.Answer;
import io.leasehold.itests.lab.network.LabNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A pair whose record is kept by an ensemble: a member on each box and the witness, and no fence
 * device unless a test adds one.
 */
@Timeout(280)
class ZookeeperArbiterIT {
    private static final String NAME = "zookeeper-it";

    /** timing.serving-lease less a tenth, and one tick of a slow kernel; as in {@link PauseIT}. */
    private static final Duration SILENT_WITHOUT_CONFIRMATION = Duration.ofMillis(1_810);

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME, LabOptions.DEFAULT.withArbiter(LabOptions.Arbiter.ZOOKEEPER));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        pair.lab().witness().powerOn();
        pair.powerOnWhoIsOff();
        pair.assertHealthyAndNothingLost();
    }

    /** Two things are to be found anew at once: a leader of the ensemble, and a primary. */
    @Test
    void shouldTakeOverWhenThePrimaryDiesWithTheLeaderOfTheEnsemble() throws Exception {
        var lost = pair.primary();
        var survivor = lost.peer();
        pair.lab().ensemble().leadFrom(lost);
        pair.awaitHealthy();
        long epoch = pair.epoch();

        pair.underLoad(() -> pair.node(lost).powerOff());

        assertThat(pair.primary()).isEqualTo(survivor);
        assertThat(pair.epoch()).isGreaterThan(epoch);
        assertThat(PairInLab.names(pair.status(survivor).path("inSync")))
                .containsExactly(survivor.label());
        pair.assertNoLeaseIsMissing();
        pair.assertEverybodyKeepsTheAddress();
        assertThat(pair.lab().ensemble().leader()).isNotEmpty();
        pair.node(lost).powerOn();
        pair.awaitHealthy();
        assertThat(pair.primary()).as("it returns as the secondary").isEqualTo(survivor);
    }

    /** R9, R13: without the witness a pair goes on, without peer and witness nobody may answer. */
    @Test
    void shouldFallSilentWithoutAQuorumAndServeAgainWithOne() throws Exception {
        var alone = pair.primary();
        var cutNanos = new AtomicLong();
        var quorumNanos = new AtomicLong();
        List<Answer> answers;
        try (var capture = pair.lab().captureAnswers()) {
            pair.underLoad(() -> {
                pair.lab().witness().powerOff();
                pair.eventually(
                        "the pair to know that it cannot fail over",
                        () ->
                                assertThat(pair.pair().clusterctl(alone, "ready").output())
                                        .contains("nobody could take over: member witness"));
                pair.assertEverybodyKeepsTheAddress();
                pair.node(alone.peer()).powerOff();
                cutNanos.set(System.nanoTime());
                awaitSilence(capture);
                quorumNanos.set(System.nanoTime());
                pair.lab().witness().powerOn();
            });
            answers = capture.answers();
        }

        assertThat(pair.primary()).isEqualTo(alone);
        assertThat(PairInLab.names(pair.status(alone).path("inSync")))
                .as("the record was shrunk as soon as that was possible")
                .containsExactly(alone.label());
        assertThat(answers).extracting(Answer::from).containsOnly(alone);
        var last =
                answers.stream()
                        .mapToLong(Answer::atNanos)
                        .filter(atNanos -> atNanos - quorumNanos.get() < 0)
                        .max()
                        .orElseThrow();
        assertThat(Duration.ofNanos(last - cutNanos.get()))
                .as("last answer after nobody confirmed any more")
                .isLessThan(SILENT_WITHOUT_CONFIRMATION);
    }

    /** The clients ask every 20 ms. */
    private static void awaitSilence(AnswerCapture capture) {
        pair.eventually(
                "the last answer to be a second old",
                () ->
                        assertThat(System.nanoTime() - capture.answers().getLast().atNanos())
                                .isGreaterThan(1_000_000_000L));
    }

    @Test
    void shouldTurnStrangersAway() throws Exception {
        var visitor = new EnsembleVisitor(pair.lab());
        var record = record();

        assertThat(visitor.isLetInAsNode(LabNode.WITNESS, EnsembleVisitor.CLIENT_PORT)).isTrue();
        for (var member : List.of(LabNode.WITNESS, pair.primary())) {
            for (int port :
                    new int[] {EnsembleVisitor.CLIENT_PORT, EnsembleVisitor.ELECTION_PORT}) {
                assertThat(visitor.isLetInWithoutTls(member, port)).isFalse();
                assertThat(visitor.isLetInWithoutCertificate(member, port)).isFalse();
                assertThat(visitor.isLetInWithForeignCertificate(member, port)).isFalse();
            }
        }
        assertThat(
                        visitor.answersToTheWitness(
                                List.of(
                                        new EnsembleRequest.Look(1),
                                        new EnsembleRequest.Write(2, record, new ZnodeVersion(0)),
                                        new EnsembleRequest.Write(3, record, ZnodeVersion.ABSENT))))
                .as("a member votes, and neither reads nor writes what the pair's nodes decide by")
                .allSatisfy(answer ->
                        assertThat(answer)
                                .isInstanceOfSatisfying(
                                        EnsembleEvent.Refused.class,
                                        refused ->
                                                assertThat(refused.reason()).contains("NOAUTH")));
    }

    /** That the witness would rather have; its second member is the primary by it. */
    private static ClusterRecord record() {
        var node = new NodeName(LabNode.DHCP1.label());
        return new ClusterRecord(
                ArbitrationMode.ZOOKEEPER,
                new Epoch(4_711),
                Optional.of(node),
                Set.of(node),
                new Generation(4_711),
                new RequestId(node, 4_711));
    }

    /** R12: the change of the record is the ensemble's, the device proves the silence. */
    @Test
    void shouldPowerOffWhoHangsIfThereIsAFenceDevice() throws Exception {
        var without = addFenceDevices();
        try {
            var lost = pair.primary();
            var survivor = lost.peer();
            var fleet = pair.pair().json(survivor, "fleet").path("pairs");
            assertThat(fleet).hasSize(1);
            assertThat(fleet.path(0).path("primary").asText()).isEqualTo(lost.label());

            pair.underLoad(() -> pair.node(lost).kill(Role.KEEPER));

            assertThat(pair.primary()).isEqualTo(survivor);
            pair.eventually(
                    "the box of the dead keeper to be off",
                    () -> assertThat(pair.node(lost).isOn()).isFalse());
            assertThat(PairInLab.texts(pair.pair().json(survivor, "explain")))
                    .anyMatch(text -> text.contains("power read back"));
            pair.assertNoLeaseIsMissing();
            pair.powerOnWhoIsOff();
            pair.awaitHealthy();
        } finally {
            configure(without);
        }
    }

    /** R12: the record is closed where it was before it is anywhere else, and DHCP goes on. */
    @Test
    void shouldChangeTheArbiterAndBackWithBothNodes() throws Exception {
        var before = Files.readString(configuration(LabNode.DHCP1));
        var primary = pair.primary();
        var boots = pair.bootIds();

        pair.underLoad(() ->
                configure(
                        withFenceDevices(
                                before.replace("arbiter = zookeeper", "arbiter = fencing"))));

        assertThat(pair.status(primary).path("arbiter").asText()).isEqualTo("fencing");
        assertThat(pair.primary()).isEqualTo(primary);
        pair.assertEverybodyKeepsTheAddress();
        long epoch = pair.epoch();

        pair.underLoad(() -> configure(before));

        assertThat(pair.status(primary).path("arbiter").asText()).isEqualTo("zookeeper");
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.epoch()).as("a new writer has an epoch of its own").isGreaterThan(epoch);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
    }

    /** Returns the configuration as it was. */
    private static String addFenceDevices() throws Exception {
        var before = Files.readString(configuration(LabNode.DHCP1));
        configure(withFenceDevices(before));
        return before;
    }

    private static String withFenceDevices(String configuration) {
        var added = new StringBuilder(configuration);
        for (var server : LabNode.servers()) {
            added.append(
                    """
                    nodes.%1$s.fencing = [
                      { agent = /run/leasehold-lab/fence_lab, options { plug = %1$s }, timeout = 2 s }
                    ]
                    """
                            .formatted(server.label()));
        }
        return added + "fencing.fence-time = 70 ms\n";
    }

    /** Box by box: the secondary first. */
    private static void configure(String text) throws Exception {
        for (var server : LabNode.servers()) {
            Files.writeString(configuration(server), text);
        }
        for (var server : List.of(pair.secondary(), pair.primary())) {
            long before = pair.process(server, Role.DAEMON);
            pair.order(server, "restart");
            pair.eventually(
                    "another daemon of " + server.label() + " to be in sync",
                    () -> {
                        assertThat(pair.process(server, Role.DAEMON)).isNotEqualTo(before);
                        for (var node : LabNode.servers()) {
                            assertThat(PairInLab.names(pair.status(node).path("inSync")))
                                    .hasSize(2);
                        }
                    });
        }
        pair.awaitHealthy();
    }

    private static Path configuration(LabNode server) {
        return pair.lab().directory().etc(server).resolve("leasehold.conf");
    }
}
