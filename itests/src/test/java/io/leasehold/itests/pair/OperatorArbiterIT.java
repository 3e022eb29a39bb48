package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pair without any fence device: a person looks, and says that a node has no power. */
@Timeout(240)
class OperatorArbiterIT {
    private static final String NAME = "operator-it";

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME, LabOptions.DEFAULT.withArbiter(LabOptions.Arbiter.OPERATOR));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @Test
    void shouldTakeOverWhenAPersonSaysThatThePrimaryHasNoPower() throws Exception {
        var lost = pair.primary();
        var survivor = lost.peer();
        assertRefused(survivor, "confirm-fenced", lost.label(), "--yes");

        pair.underLoad(() -> {
            pair.node(lost).powerOff();
            pair.eventually(
                    "the survivor to ask for a person",
                    () ->
                            assertThat(pair.status(survivor).path("alarms").toString())
                                    .contains("confirm-fenced " + lost.label()));
            assertThat(pair.pair().mountedOn()).as("nobody takes over unasked").isEmpty();
            // While the replication session is not known to have ended, it is refused.
            pair.eventually(
                    "the person's word to be taken",
                    () -> pair.order(survivor, "confirm-fenced", lost.label(), "--yes"));
            pair.pair().awaitServing(survivor);
        });

        pair.assertNoLeaseIsMissing();
        pair.node(lost).powerOn();
        pair.awaitHealthy();
        pair.assertHealthyAndNothingLost();
        assertThat(pair.primary()).isEqualTo(survivor);
    }

    /** R29: two persons were wrong, and both nodes have told clients what the other one lacks. */
    @Test
    void shouldStopBothWhenBothWereSaidToHaveNoPowerUntilAPersonChooses() throws Exception {
        pair.awaitHealthy();
        var first = pair.primary();
        var second = first.peer();
        pair.lab().cut(Link.CROSSOVER);
        pair.lab().cut(Link.lan(second));
        for (var node : LabNode.servers()) {
            pair.eventually(
                    "the person's word to be taken",
                    () -> pair.order(node, "confirm-fenced", node.peer().label(), "--yes"));
            pair.eventually(
                    node.label() + " to go on alone",
                    () ->
                            assertThat(PairInLab.names(pair.status(node).path("inSync")))
                                    .containsExactly(node.label()));
        }
        pair.eventually(
                "the first one to give one more lease",
                () ->
                        assertThat(pair.lab().clients().acquire(PairInLab.CLIENTS + 1).isFlawless())
                                .isTrue());

        pair.lab().heal(Link.lan(second));
        pair.lab().heal(Link.CROSSOVER);

        for (var node : LabNode.servers()) {
            pair.eventually(
                    node.label() + " to have met the other one in vain",
                    () -> assertThat(promote(node).path("kind").asText()).isEqualTo("bill"));
            assertThat(pair.status(node).path("verdict").asText()).contains("split brain");
        }
        assertThat(pair.pair().mountedOn()).as("both have stopped").isEmpty();

        var code = promote(first).path("code").asText();
        pair.order(first, "promote", "--force", "--code", code);
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(first);
        pair.assertHealthyAndNothingLost();
    }

    private static JsonNode promote(LabNode node) throws Exception {
        return pair.pair().json(node, "promote", "--force");
    }

    /** It is heard: what the person says cannot be so. */
    private static void assertRefused(LabNode node, String... command) throws Exception {
        var result = pair.pair().clusterctl(node, command);
        assertThat(result.exitStatus()).as(result.output() + result.errors()).isEqualTo(3);
    }
}
