package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.client.RealClient;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an administrator orders and asks, on a pair that is well. */
@Timeout(240)
class TakeoverIT {
    private static final String NAME = "takeover-it";
    private static final String NOTE_IN_COPY = "/var/lib/leasehold/volume/live/tree/note";

    /** What scripts rely on; commands.md documents them. */
    private static final String[] STATUS_MEMBERS = {
        "cluster", "verdict", "epoch", "primary", "inSync", "nodes", "resources", "links", "volume"
    };

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME);
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        pair.assertHealthyAndNothingLost();
    }

    @Test
    void shouldMoveTheServiceThereAndBackWithoutFencing() throws Exception {
        var first = pair.primary();
        var second = first.peer();
        var boots = pair.bootIds();
        // A client that nobody of us wrote.
        var dhclient = pair.lab().realClient();
        var address = dhclient.bind().address();

        for (var target : new LabNode[] {second, first}) {
            long epoch = pair.epoch();
            pair.underLoad(() -> pair.order(target.peer(), "takeover", target.label()));

            assertThat(pair.primary()).isEqualTo(target);
            assertThat(pair.epoch()).isGreaterThan(epoch);
            pair.assertNoLeaseIsMissing();
            assertThat(dhclient.bind()).isEqualTo(new RealClient.Bound("REBOOT", address));
            pair.awaitHealthy();
        }
        assertThat(pair.bootIds()).isEqualTo(boots);
    }

    @Test
    void shouldExplainTheTakeoverDownToTheFirstAnswer() throws Exception {
        var target = pair.secondary();
        pair.underLoad(() -> pair.order(target, "takeover"));

        var explanation = pair.pair().json(target, "explain");

        assertThat(explanation.path("title").asText()).contains(target.label());
        assertThat(explanation.path("durationMillis").asDouble()).isPositive();
        assertThat(PairInLab.eventKinds(explanation)).endsWith("answered");
        assertThat(PairInLab.texts(explanation)).anyMatch(text -> text.contains("promoted"));
    }

    @Test
    void shouldAnswerWhatScriptsAsk() throws Exception {
        var primary = pair.primary();
        for (var node : LabNode.servers()) {
            var status = pair.status(node);

            assertThat(status.path("kind").asText()).isEqualTo("status");
            for (var member : STATUS_MEMBERS) {
                assertThat(status.has(member)).as(member).isTrue();
            }
            assertThat(status.path("cluster").asText()).isEqualTo("lab-" + NAME);
            assertThat(status.path("level").asText()).isEqualTo("good");
            assertThat(status.path("verdict").asText()).contains(primary.label());
            assertThat(status.path("epoch").asLong()).isPositive();
            assertThat(status.path("primary").asText()).isEqualTo(primary.label());
            assertThat(status.path("node").asText()).isEqualTo(node.label());
            assertThat(status.path("nodes")).hasSize(2);
            assertThat(status.path("resources")).isNotEmpty();
            assertThat(status.path("links")).hasSize(2);
            assertThat(status.path("volume").path("connection").asText()).isEqualTo("connected");
            assertThat(pair.pair().clusterctl(node, "status").exitStatus()).isZero();
        }
        pair.eventually(
                "the other node to say where the volume is",
                () ->
                        assertThat(
                                        pair.lab()
                                                .in(
                                                        primary.peer(),
                                                        Command.of(
                                                                "bash",
                                                                "-c",
                                                                "cat "
                                                                        + Pair.MOUNT_POINT
                                                                        + "/*NOT-MOUNTED-HERE*"))
                                                .check())
                                .contains("mounted on " + primary.label()));
        var ready = pair.pair().json(primary, "ready");
        assertThat(ready.path("ready").asBoolean()).isTrue();
        assertThat(ready.path("checks")).isNotEmpty();
        var why = pair.pair().json(primary, "why");
        assertThat(why.path("verdict").asText()).isNotBlank();
        assertThat(why.path("facts")).isNotEmpty();
    }

    @Test
    void shouldTellByTheExitStatusHowACommandEnded() throws Exception {
        var primary = pair.primary();

        assertThat(pair.pair().clusterctl(primary, "no-such-command").exitStatus()).isEqualTo(2);
        assertThat(
                        pair.pair()
                                .clusterctl(primary, "status", "--socket", "/run/nobody.sock")
                                .exitStatus())
                .isEqualTo(5);
        shouldRefuse(primary, "POLICY", "fleet");
        shouldRefuse(primary.peer(), "R1", "dhcp", "reload");
        shouldRefuse(primary.peer(), "R1", "volume", "verify");
        shouldRefuse(primary, "INPUT", "branches", "show", "no-such-branch");
    }

    /** Not tried, with the reason and the rule. */
    private static void shouldRefuse(LabNode node, String rule, String... command)
            throws Exception {
        var answer = pair.pair().json(node, command);

        assertThat(answer.path("kind").asText()).as(answer.toString()).isEqualTo("refused");
        assertThat(answer.path("rule").asText()).isEqualTo(rule);
        assertThat(answer.path("sentence").asText()).isNotBlank();
        assertThat(pair.pair().clusterctl(node, command).exitStatus()).isEqualTo(3);
    }

    @Test
    void shouldRefuseATakeoverToANodeInStandby() throws Exception {
        var primary = pair.primary();
        var secondary = primary.peer();
        pair.order(primary, "standby", secondary.label(), "--reason", "new fans");
        try {
            var refused = pair.pair().json(primary, "takeover", secondary.label());

            assertThat(refused.path("kind").asText()).isEqualTo("refused");
            assertThat(refused.path("sentence").asText()).contains(secondary.label());
            assertThat(refused.path("rule").asText()).isNotBlank();
            assertThat(pair.pair().clusterctl(primary, "takeover").exitStatus()).isEqualTo(3);
            assertThat(pair.pair().clusterctl(primary, "ready").exitStatus()).isEqualTo(4);
            assertThat(pair.primary()).isEqualTo(primary);
        } finally {
            pair.order(primary, "online", secondary.label());
        }
    }

    @Test
    void shouldEndAStandbyByItselfWhenItsTimeIsUp() throws Exception {
        var primary = pair.primary();
        var secondary = primary.peer();

        pair.order(primary, "standby", secondary.label(), "--for", "3s", "--reason", "new fans");

        // Not its status at once: whoever is slow asks when it is over.
        pair.eventually(
                "the standby to end",
                () ->
                        assertThat(
                                        pair.pair()
                                                .clusterctl(secondary, "events", "--last", "200")
                                                .output())
                                .containsSubsequence(
                                        secondary.label() + " is in standby",
                                        secondary.label() + " is online again"));
        pair.eventually(
                "the primary to know",
                () -> assertThat(node(primary, secondary).path("standby").asBoolean()).isFalse());
    }

    private static JsonNode node(LabNode asked, LabNode about) throws Exception {
        for (var node : pair.status(asked).path("nodes")) {
            if (node.path("name").asText().equals(about.label())) {
                return node;
            }
        }
        throw new AssertionError("nothing is said of " + about.label());
    }

    @Test
    void shouldHandOverBeforeThePrimaryGoesIntoStandby() throws Exception {
        var primary = pair.primary();

        pair.underLoad(() -> pair.order(primary, "standby"));
        try {
            pair.pair().awaitServing(primary.peer());
        } finally {
            pair.order(primary, "online");
        }
    }

    /** A verification finds it, one command mends it under way, and what it had is kept. */
    @Test
    void shouldMendACopyThatSomebodyHasEdited() throws Exception {
        var primary = pair.primary();
        var edited = primary.peer();
        write(primary, "right", "/srv/dhcp/note");
        awaitNote(edited, "right");
        write(edited, "wrong", NOTE_IN_COPY);

        assertThat(volume(primary, "verify")).as("different").isEqualTo(1);
        for (var node : LabNode.servers()) {
            pair.eventually(
                    node.label() + " to say that a takeover may lose something",
                    () ->
                            assertThat(pair.pair().clusterctl(node, "ready").output())
                                    .contains("may lose something"));
        }
        assertThat(volume(edited, "resync")).as("the primary's copy counts").isEqualTo(3);
        pair.underLoad(() -> {
            assertThat(volume(primary, "resync")).isZero();
            awaitNote(edited, "right");
            pair.awaitHealthy();
        });

        assertThat(volume(primary, "verify")).as("equal").isZero();
        assertThat(volume(primary, "resync")).as("nothing to do").isEqualTo(3);
        var branch = pair.pair().json(primary, "branches", "list").path("branches").path(0);
        assertThat(branch.path("node").asText()).isEqualTo(edited.label());
        pair.order(edited, "branches", "show", branch.path("name").asText());
        for (var node : LabNode.servers()) {
            pair.eventually(
                    node.label() + " to have nothing to tell",
                    () -> assertThat(pair.pair().clusterctl(node, "status").exitStatus()).isZero());
        }
    }

    private static void write(LabNode node, String text, String file) throws Exception {
        pair.lab()
                .in(node, Command.of("bash", "-c", "echo $0 > $1 && sync $1", text, file))
                .check();
    }

    private static void awaitNote(LabNode node, String text) throws Exception {
        pair.eventually(
                "the copy of " + node.label() + " to say " + text,
                () ->
                        assertThat(pair.node(node).exec("cat", NOTE_IN_COPY).output().strip())
                                .isEqualTo(text));
    }

    private static int volume(LabNode node, String what) throws Exception {
        return pair.pair().clusterctl(node, "volume", what).exitStatus();
    }

    @Test
    void shouldMoveNothingWhileInMaintenance() throws Exception {
        var primary = pair.primary();
        long epoch = pair.epoch();
        pair.order(primary, "maintenance", "on");
        try {
            for (var node : LabNode.servers()) {
                pair.eventually(
                        node.label() + " to know of the maintenance",
                        () ->
                                assertThat(pair.status(node).path("maintenance").asBoolean())
                                        .isTrue());
            }
            pair.assertEverybodyKeepsTheAddress();
        } finally {
            pair.order(primary, "maintenance", "off");
        }
        assertThat(pair.status(primary).path("maintenance").asBoolean()).isFalse();
        assertThat(pair.epoch()).isEqualTo(epoch);
    }
}
