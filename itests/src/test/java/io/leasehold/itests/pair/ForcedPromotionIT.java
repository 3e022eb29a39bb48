package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.ReplicaComparison;
import io.leasehold.itests.lab.client.HeldLease;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
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
        var onBoth = addresses();
        var acquired = pair.lab().clients().acquire(PairInLab.CLIENTS + 1);
        assertThat(acquired.isFlawless()).as(acquired.toString()).isTrue();
        var onlyNewer = addresses();
        onlyNewer.removeAll(onBoth);
        assertThat(onlyNewer).as("a lease that only the newer copy has").hasSize(1);
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
        readTheBranch(newer, older, onlyNewer.getFirst());
    }

    /**
     * What only the newer copy had can be found, read and taken out; then nobody is told any more.
     */
    private static void readTheBranch(LabNode holder, LabNode serving, String onlyNewer)
            throws Exception {
        for (var node : LabNode.servers()) {
            pair.eventually(
                    "the status of " + node.label() + " to say that a branch is kept",
                    () ->
                            assertThat(pair.status(node).path("alarms").toString())
                                    .contains("clusterctl branches show"));
        }
        var listed = pair.pair().json(serving, "branches", "list").path("branches");
        assertThat(listed).as("what only %s had", holder.label()).hasSize(1);
        var name = listed.get(0).path("name").asText();
        assertThat(listed.get(0).path("node").asText()).isEqualTo(holder.label());
        assertThat(name).contains(holder.label(), "-epoch");
        assertThat(pair.pair().clusterctl(holder, "events", "--last", "1000").output())
                .contains(name + " is kept");

        var elsewhere = pair.pair().clusterctl(serving, "branches", "show", name);
        assertThat(elsewhere.exitStatus()).isEqualTo(3);
        assertThat(elsewhere.errors()).contains("is on the disk of " + holder.label());

        var branch = pair.pair().json(holder, "branches", "show", name);
        var atRisk =
                StreamSupport.stream(branch.path("leases").spliterator(), false)
                        .filter(lease -> lease.path("atRisk").asBoolean())
                        .map(lease -> lease.path("address").asText())
                        .toList();
        assertThat(branch.path("leasesAtRisk").asInt()).isEqualTo(1);
        assertThat(atRisk)
                .as("the lease that only %s gave", holder.label())
                .containsExactly(onlyNewer)
                .allSatisfy(address ->
                        assertThat(branch.path("sentence").asText()).contains("1 is at risk"));

        var out = pair.node(holder).path("/var/lib/leasehold/export");
        pair.order(holder, "branches", "export", name, "/var/lib/leasehold/export");
        assertThat(Files.readString(out.resolve("files/dhcpd.leases")))
                .contains("lease " + onlyNewer + " {");
        assertThat(Files.readAllLines(out.resolve("leases.tsv")))
                .anyMatch(line -> line.startsWith(onlyNewer + "\tonly-in-branch\tyes\tactive\t"));
        for (var node : LabNode.servers()) {
            pair.eventually(
                    node.label() + " to be quiet about a branch that was read",
                    () ->
                            assertThat(pair.status(node).path("alarms").toString())
                                    .doesNotContain("branches"));
        }
    }

    private static List<String> addresses() throws IOException {
        return pair.lab().clients().leases().stream()
                .map(HeldLease::address)
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static JsonNode promote(LabNode node, String... more) throws Exception {
        var arguments = new ArrayList<>(List.of("promote", "--force"));
        arguments.addAll(List.of(more));
        return pair.pair().json(node, arguments.toArray(String[]::new));
    }
}
