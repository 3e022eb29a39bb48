package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The DHCP server dies, hangs, or cannot start, while both boxes are well. */
@Timeout(240)
class DhcpServerIT {
    private static final String NAME = "dhcp-it";
    private static final String LEASES = Pair.MOUNT_POINT + "/dhcpd.leases";

    /** As configuration.md has it for resources.migration-threshold. */
    private static final int MIGRATION_THRESHOLD = 3;

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
        for (var node : LabNode.servers()) {
            pair.order(node, "cleanup");
        }
        pair.assertHealthyAndNothingLost();
    }

    /** Its process is there, its file is right, but it answers nobody: only the probe sees that. */
    @Test
    void shouldStartADhcpServerAgainThatHangs() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);

        pair.node(primary).pause(Role.DHCPD);

        awaitAnother(primary, before);
        assertThat(events(primary)).anyMatch(text -> text.contains("no answer to a DHCP question"));
    }

    /**
     * As when thousands ask at once: what the probe asks never arrives, and clients are answered.
     */
    @Test
    void shouldLeaveADhcpServerAloneThatAnswersOthersThanTheProbe() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> {
            forwardProbes(primary, "disabled");
            try {
                pair.eventually(
                        "the probe to be passed over",
                        () ->
                                assertThat(alarms(primary))
                                        .contains("clients are answered, but the probe is not"));
            } finally {
                forwardProbes(primary, "forwarding");
            }
        });

        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(before);
        assertThat(failures(primary)).isZero();
        pair.eventually(
                "the probe to be answered again",
                () -> assertThat(alarms(primary)).doesNotContain("the probe is not"));
    }

    private static String alarms(LabNode node) throws Exception {
        return pair.status(node).path("alarms").toString();
    }

    private static void forwardProbes(LabNode server, String portState) throws Exception {
        pair.lab()
                .in(
                        LabNode.SWITCH,
                        Command.of(
                                "bridge",
                                "link",
                                "set",
                                "dev",
                                server.label() + "-probe",
                                "state",
                                portState))
                .check();
    }

    /** dhcpd itself would believe the torn record, and NAK the client that holds the address. */
    @Test
    void shouldCutATornRecordOffAndKeepItAside() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);
        var held = pair.lab().clients().leases().getFirst();
        var torn = "lease " + held.address() + " {\n  starts 0 2026/11/22 10:00:00;\n  hardw";

        pair.lab()
                .in(
                        primary,
                        Command.of("bash", "-c", "cat >> $0 && kill -9 $1", LEASES, inside(primary))
                                .withInput(torn))
                .check();

        awaitAnother(primary, before);
        assertThat(filesWith(primary, Pair.MOUNT_POINT + "/.leasehold/dhcp/torn", torn))
                .as("kept aside")
                .isNotEmpty();
        assertThat(events(primary)).anyMatch(text -> text.contains("torn record"));
    }

    /** dhcpd would go on to acknowledge leases into a file that has no name any more. */
    @Test
    void shouldStartTheDhcpServerAgainWhenItsLeaseFileWasReplaced() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);

        pair.lab()
                .in(primary, Command.of("bash", "-c", "cp -a $0 $0.copy && mv $0.copy $0", LEASES))
                .check();

        awaitAnother(primary, before);
    }

    /** A person's slip; the server would write its leases where nobody replicates them. */
    @Test
    void shouldNotGoOnWhereSomethingIsMountedOverTheVolume() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> {
            pair.node(primary).exec("mount", "-t", "tmpfs", "foreign", Pair.MOUNT_POINT);
            awaitAnother(primary, before);
        });

        assertThat(pair.node(primary).exec("cat", "/proc/self/mounts").output())
                .contains(" " + Pair.MOUNT_POINT + " fuse.leasehold ")
                .doesNotContain("foreign");
    }

    @Test
    void shouldMoveTheServiceWhenItsServerFailsTooOften() throws Exception {
        var failing = pair.primary();
        var other = failing.peer();
        var boots = pair.bootIds();

        pair.underLoad(() -> {
            for (int i = 1; i < MIGRATION_THRESHOLD; i++) {
                killAndAwaitAnother(failing);
                assertThat(failures(failing)).isEqualTo(i);
                assertThat(pair.primary()).isEqualTo(failing);
            }
            pair.node(failing).kill(Role.DHCPD);
            pair.pair().awaitServing(other);
        });

        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        pair.eventually(
                failing.label() + " to say that the server failed too often",
                () -> {
                    assertThat(resource(failing).path("state").asText()).isEqualTo("blocked");
                    assertThat(pair.pair().clusterctl(other, "ready").exitStatus()).isEqualTo(4);
                });
        var refused = pair.pair().clusterctl(other, "takeover", failing.label());
        assertThat(refused.exitStatus()).isEqualTo(3);
        assertThat(refused.output() + refused.errors()).contains("cleanup");

        pair.order(failing, "cleanup", "dhcp");
        pair.eventually(
                "a takeover to be possible again",
                () -> assertThat(pair.pair().clusterctl(other, "ready").exitStatus()).isZero());
        assertThat(failures(failing)).isZero();
    }

    /** Somebody else has the port of DHCP on the other box, which no check of a takeover asks. */
    @Test
    void shouldRollATakeoverBackWhenTheServerCannotStartThere() throws Exception {
        var primary = pair.primary();
        var target = primary.peer();
        var boots = pair.bootIds();
        pair.lab()
                .in(
                        target,
                        Command.of(
                                "bash",
                                "-c",
                                "perl -MSocket -e '"
                                        + "socket(S, PF_INET, SOCK_DGRAM, 17) or die;"
                                        + "bind(S, sockaddr_in(67, INADDR_ANY)) or die;"
                                        + "open(P, q(>), q(/run/port67.pid)) or die; print P $$; close P;"
                                        + "sleep' </dev/null >/dev/null 2>&1 &"
                                        + "until [ -s /run/port67.pid ]; do sleep 0.02; done"))
                .check();
        try {
            pair.underLoad(() -> {
                var takeover = pair.pair().clusterctl(primary, "takeover", target.label());
                assertThat(takeover.exitStatus())
                        .as(takeover.output() + takeover.errors())
                        .isEqualTo(1);
                assertThat(takeover.output() + takeover.errors()).contains(primary.label());
            });
            pair.pair().awaitServing(primary);
            assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        } finally {
            pair.lab().in(target, Command.of("bash", "-c", "kill $(cat /run/port67.pid)")).check();
        }
    }

    private static void killAndAwaitAnother(LabNode node) throws Exception {
        long before = pair.process(node, Role.DHCPD);
        pair.node(node).kill(Role.DHCPD);
        awaitAnother(node, before);
    }

    private static void awaitAnother(LabNode node, long before) {
        pair.eventually(
                "dhcpd to be started again on " + node.label(),
                () -> {
                    assertThat(pair.process(node, Role.DHCPD)).isNotEqualTo(before);
                    assertThat(resource(node).path("state").asText()).isEqualTo("started");
                });
    }

    private static long failures(LabNode node) throws Exception {
        return resource(node).path("failures").asLong();
    }

    private static JsonNode resource(LabNode node) throws Exception {
        for (var resource : pair.status(node).path("resources")) {
            if (resource.path("name").asText().equals("dhcp")) {
                return resource;
            }
        }
        throw new AssertionError("no resource dhcp");
    }

    /** dhcpd's id as the box itself sees it. */
    private static String inside(LabNode node) throws Exception {
        return pair.lab().in(node, Command.of("pgrep", "-x", "dhcpd")).check().strip();
    }

    private static List<String> events(LabNode node) throws Exception {
        return pair.pair().clusterctl(node, "events", "--last", "200").output().lines().toList();
    }

    private static List<Path> filesWith(LabNode node, String directory, String text)
            throws IOException {
        try (var files = Files.list(pair.node(node).path(directory))) {
            return files.filter(file -> contains(file, text)).toList();
        }
    }

    private static boolean contains(Path file, String text) {
        try {
            return Files.readString(file).contains(text);
        } catch (IOException _) {
            return false;
        }
    }
}
