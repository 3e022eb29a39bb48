package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ReplicaComparison;
import io.leasehold.itests.lab.network.LabNode;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The node with the newest leases is gone: a person takes the older copy, and reads the bill first.
 */
@Timeout(240)
class ForcedPromotionIT {
    private static final String NAME = "force-it";

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME);
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @Test
    void shouldServeTheOlderCopyOnceTheCodeOfItsBillIsGiven() throws Exception {
        var newer = pair.primary();
        var older = newer.peer();
        pair.node(older).powerOff();
        pair.eventually(
                "the primary to serve alone",
                () ->
                        assertThat(PairInLab.names(pair.status(newer).path("inSync")))
                                .containsExactly(newer.label()));
        // A lease that only the newer copy has.
        var acquired = pair.lab().clients().acquire(PairInLab.CLIENTS + 1);
        assertThat(acquired.isFlawless()).as(acquired.toString()).isTrue();
        pair.node(newer).powerOff();
        pair.node(older).powerOn();

        pair.eventually(
                "the bill",
                () -> assertThat(promote(older).path("kind").asText()).isEqualTo("bill"));
        var bill = promote(older);
        assertThat(bill.path("items").toString())
                .contains("without having met", "\"R21\"")
                .contains("knows " + PairInLab.CLIENTS + " leases");
        assertThat(promote(older, "--code", "WRONG2").path("kind").asText()).isEqualTo("refused");
        assertThat(pair.pair().serving()).as("nobody serves yet").isEmpty();

        pair.order(older, "promote", "--force", "--code", bill.path("code").asText());

        pair.eventually(
                "the older copy to serve", () -> assertThat(pair.primary()).isEqualTo(older));
        pair.node(newer).powerOn();
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(older);
        pair.eventually(
                "both copies to be equal",
                () -> assertThat(ReplicaComparison.differences(pair.lab())).isEmpty());
        for (var node : LabNode.servers()) {
            assertThat(pair.pair().json(node, "why").toString())
                    .contains("was forced by an operator");
        }
        // Beside the directory whose tree is in force.
        var volume = pair.node(newer).path(Pair.COPY_DIRECTORY).resolve("../..").normalize();
        try (var branches = Files.list(volume.resolve("branches"))) {
            assertThat(branches).as("what only %s had is kept", newer.label()).hasSize(1);
        }
    }

    private static JsonNode promote(LabNode node, String... more) throws Exception {
        var arguments = new ArrayList<>(List.of("promote", "--force"));
        arguments.addAll(List.of(more));
        return pair.pair().json(node, arguments.toArray(String[]::new));
    }
}
