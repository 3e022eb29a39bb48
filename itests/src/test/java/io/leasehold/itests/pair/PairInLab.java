package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.Inspection;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ServerNode;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.client.OutageReport;
import io.leasehold.itests.lab.client.Station;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.awaitility.core.ThrowingRunnable;

/**
 * A pair in a lab of its own, with clients that hold leases, and the two questions that every
 * scenario ends with: is it healthy again, and was nothing lost?
 */
final class PairInLab {
    static final int CLIENTS = 40;

    /** Everything that is waited for takes a second or two; this is for a machine under load. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    private static final Duration POLL = Duration.ofMillis(100);

    private final Lab lab;

    private PairInLab(Lab lab) {
        this.lab = lab;
    }

    /** Brings a lab up that both nodes are in sync in, and gives the clients their leases. */
    static PairInLab up(String name) throws Exception {
        // Not the fast profile: what is asked here is whether, not how soon, and 150 ms of silence
        // are nothing on a machine that builds at the same time.
        return up(
                name,
                LabOptions.DEFAULT
                        .withProfile(LabOptions.Profile.DEFAULT)
                        .withFenceDelayMillis(50));
    }

    /** The same in a lab of another kind. */
    static PairInLab up(String name, LabOptions options) throws Exception {
        // What an earlier run that was killed left behind has stale clients.
        down(name);
        var pair = new PairInLab(Lab.up(new LabName(name), options));
        pair.awaitHealthy();
        var acquired = pair.lab.clients().acquire(CLIENTS);
        assertThat(acquired.isFlawless()).as(acquired.toString()).isTrue();
        assertThat(pair.lab.clients().leases())
                .as("clients behind the relay")
                .anyMatch(lease -> lease.station().subnet() == Station.Subnet.BRANCH);
        return pair;
    }

    static void down(String name) throws Exception {
        Lab.down(new LabName(name));
    }

    Lab lab() {
        return lab;
    }

    Pair pair() {
        return lab.pair();
    }

    ServerNode node(LabNode node) {
        return lab.node(node);
    }

    /** The node that serves; there must be one. */
    LabNode primary() throws IOException {
        return pair().serving().orElseThrow(() -> new AssertionError("nobody serves"));
    }

    LabNode secondary() throws IOException {
        return primary().peer();
    }

    JsonNode status(LabNode node) throws Exception {
        return pair().json(node, "status");
    }

    long epoch() throws Exception {
        return status(primary()).path("epoch").asLong();
    }

    /** The one process of that role. */
    long process(LabNode node, Role role) throws IOException {
        var processes = node(node).processes(role);
        assertThat(processes).as("%s of %s", role, node.label()).hasSize(1);
        return processes.getFirst();
    }

    /** Runs clusterctl and expects that it does what it is told. */
    void order(LabNode node, String... arguments) throws Exception {
        var result = pair().clusterctl(node, arguments);
        assertThat(result.exitStatus())
                .as("clusterctl %s: %s%s", List.of(arguments), result.output(), result.errors())
                .isZero();
    }

    /** Changes when a node is fenced, or switched off and on in another way. */
    String bootId(LabNode node) throws Exception {
        return node(node).exec("cat", "/proc/sys/kernel/random/boot_id").output().strip();
    }

    List<String> bootIds() throws Exception {
        return List.of(bootId(LabNode.DHCP1), bootId(LabNode.DHCP2));
    }

    /** Switches on what a fence has switched off: here nobody else does. */
    void powerOnWhoIsOff() throws Exception {
        for (var node : LabNode.servers()) {
            if (!node(node).isOn()) {
                node(node).powerOn();
            }
        }
    }

    /** What the clients see while something happens to the pair; they must be served again. */
    OutageReport underLoad(ThrowingRunnable event) throws Exception {
        OutageReport report;
        try (var probe = lab.clients().probe()) {
            run(event);
            report = probe.finish(LIMIT);
        }
        assertThat(Inspection.problemsOf(report)).isEmpty();
        return report;
    }

    private static void run(ThrowingRunnable event) throws Exception {
        try {
            event.run();
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    void eventually(String what, ThrowingRunnable assertion) {
        // A node that is starting cannot be asked: that is no failure yet.
        await(what).atMost(LIMIT).pollInterval(POLL).ignoreExceptions().untilAsserted(assertion);
    }

    /**
     * Waits until the pair is as a scenario must find it: one node serves, both are in sync and say
     * so, and a takeover would be accepted.
     */
    void awaitHealthy() throws Exception {
        assertThat(inspection().ailments()).isEmpty();
    }

    private Inspection inspection() {
        return new Inspection(lab, LIMIT);
    }

    /**
     * Every acknowledged lease is on the volume of the node that serves; before a renewal repairs
     * what is lost.
     */
    void assertNoLeaseIsMissing() throws Exception {
        assertThat(inspection().missingLeases()).isEmpty();
    }

    /** Every client asks again, in two ways, and is acknowledged the address that it has. */
    void assertEverybodyKeepsTheAddress() throws Exception {
        assertThat(inspection().refusedClients()).isEmpty();
        assertThat(lab.clients().leases()).hasSize(CLIENTS);
    }

    /** What every scenario ends with. */
    void assertHealthyAndNothingLost() throws Exception {
        assertThat(inspection().everything()).isEmpty();
        // Nobody is asked of whom nothing is known any more.
        assertThat(lab.clients().leases()).hasSizeGreaterThanOrEqualTo(CLIENTS);
    }

    static List<String> names(JsonNode array) {
        var names = new ArrayList<String>();
        array.forEach(name -> names.add(name.asText()));
        return names;
    }

    /** The texts of an explanation's events. */
    static List<String> texts(JsonNode explanation) {
        return ofEachEvent(explanation, "text");
    }

    static List<String> eventKinds(JsonNode explanation) {
        return ofEachEvent(explanation, "event");
    }

    private static List<String> ofEachEvent(JsonNode explanation, String member) {
        return StreamSupport.stream(explanation.path("steps").spliterator(), false)
                .map(step -> step.path("event").path(member).asText())
                .toList();
    }
}
