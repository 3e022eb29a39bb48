package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import java.util.regex.Pattern;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What dies, and what must go on: the daemon, the keeper, both, the machine. */
@Timeout(240)
class CrashIT {
    private static final String NAME = "crash-it";

    private static final long MIB = 1 << 20;
    private static final int UNTOUCHED_MIB = 16;

    /** The whole ring, as it is by default. */
    private static final int JOURNAL_MIB = 64;

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
    void shouldFailOverWhenThePrimaryLosesItsPower() throws Exception {
        var lost = pair.primary();
        var survivor = lost.peer();

        shouldFailOverWhen(() -> pair.node(lost).powerOff());

        var explanation = pair.pair().json(survivor, "explain");
        assertThat(PairInLab.texts(explanation)).anyMatch(text -> text.contains("power read back"));
        assertThat(PairInLab.eventKinds(explanation)).endsWith("answered");
        assertThat(explanation.path("title").asText()).contains(survivor.label());
        assertThat(explanation.path("durationMillis").asDouble()).isPositive();
    }

    @Test
    void shouldFailOverWhenTheKeeperOfThePrimaryIsKilled() throws Exception {
        var primary = pair.primary();
        shouldFailOverWhen(() -> pair.node(primary).kill(Role.KEEPER));
    }

    @Test
    void shouldFailOverWhenKeeperAndDaemonOfThePrimaryAreKilled() throws Exception {
        var primary = pair.node(pair.primary());
        shouldFailOverWhen(() -> {
            // The keeper first: it would start a new daemon.
            primary.kill(Role.KEEPER);
            if (!primary.processes(Role.DAEMON).isEmpty()) {
                primary.kill(Role.DAEMON);
            }
        });
    }

    /**
     * The daemon stands still while dhcpd goes on: the keeper silences the node, the peer takes
     * over, and when the daemon wakes up it must not answer beside it.
     */
    @Test
    void shouldFailOverWhenTheDaemonOfThePrimaryHangs() throws Exception {
        var label = pair.primary();
        var primary = pair.node(label);
        shouldFailOverWhen(() -> {
            primary.pause(Role.DAEMON);
            pair.pair().awaitServing(label.peer());
            if (primary.isOn()) {
                primary.resume();
            }
        });
    }

    @Test
    void shouldGoOnWithTheSameDhcpServerWhenTheDaemonOfThePrimaryIsKilled() throws Exception {
        var primary = pair.primary();
        var boots = pair.bootIds();
        long epoch = pair.epoch();
        long dhcpd = pair.process(primary, Role.DHCPD);
        long keeper = pair.process(primary, Role.KEEPER);
        long daemon = pair.process(primary, Role.DAEMON);

        pair.underLoad(() -> pair.node(primary).kill(Role.DAEMON));

        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        assertThat(pair.epoch()).as("another process writes (R27)").isGreaterThan(epoch);
        // An error would have reached it otherwise, and it would have been started again.
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
        assertThat(pair.process(primary, Role.KEEPER)).isEqualTo(keeper);
        assertThat(pair.process(primary, Role.DAEMON)).isNotEqualTo(daemon);
    }

    @Test
    void shouldServeOnWhenTheDaemonOfTheSecondaryIsKilled() throws Exception {
        var primary = pair.primary();
        var boots = pair.bootIds();
        long dhcpd = pair.process(primary, Role.DHCPD);
        long daemon = pair.process(primary.peer(), Role.DAEMON);

        pair.underLoad(() -> pair.node(primary.peer()).kill(Role.DAEMON));

        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
        assertThat(pair.process(primary.peer(), Role.DAEMON)).isNotEqualTo(daemon);
    }

    /**
     * ADR 17: the survivor writes so much that its journal does not reach back to the power-off,
     * nearly all of it to the same place. What the box gets is that place, not the volume.
     */
    @Test
    void shouldCopyOnlyWhatWasTouchedToABoxThatLostItsPowerUnderLoad() throws Exception {
        var lost = pair.primary();
        var survivor = lost.peer();
        write(lost, "untouched", UNTOUCHED_MIB);
        // What is known to be touched begins at a checkpoint, up to half a ring before the
        // power-off.
        overwriteJournal(lost);
        pair.underLoad(() -> {
            pair.node(lost).powerOff();
            pair.pair().awaitServing(survivor);
        });
        overwriteJournal(survivor);

        pair.underLoad(() -> {
            pair.node(lost).powerOn();
            pair.awaitHealthy();
        });

        assertThat(pair.primary()).isEqualTo(survivor);
        var events = pair.pair().clusterctl(survivor, "events", "--last", "1000").output();
        var copied =
                Pattern.compile("(\\d+) bytes were copied, what had been touched")
                        .matcher(events)
                        .results()
                        .mapToLong(found -> Long.parseLong(found.group(1)))
                        .toArray();
        assertThat(copied).as(events).isNotEmpty();
        assertThat(copied[copied.length - 1]).isBetween(MIB, UNTOUCHED_MIB * MIB / 2);
        pair.order(survivor, "volume", "verify", "--rate", "0");
    }

    private static void overwriteJournal(LabNode node) throws Exception {
        for (int i = 0; i < JOURNAL_MIB + 8; i++) {
            write(node, "touched", 1);
        }
    }

    /** Of random bytes, durable on both nodes that are in sync. */
    private static void write(LabNode node, String name, int mib) throws Exception {
        var result =
                pair.node(node)
                        .exec(
                                "dd",
                                "if=/dev/urandom",
                                "of=" + Pair.MOUNT_POINT + "/" + name,
                                "bs=1M",
                                "count=" + mib,
                                "conv=notrunc,fsync",
                                "status=none");
        assertThat(result.exitStatus()).as(result.errors()).isZero();
    }

    /** install.md: a box that comes back with nothing is made equal, and nobody has to say so. */
    @Test
    void shouldMakeABoxEqualThatReturnsWithAnEmptyDisk() throws Exception {
        var replaced = pair.primary();
        var survivor = replaced.peer();
        pair.underLoad(() -> {
            pair.node(replaced).powerOff();
            pair.pair().awaitServing(survivor);
        });
        long dhcpd = pair.process(survivor, Role.DHCPD);
        var disk = LabDirectory.of(new LabName(NAME)).disk(replaced);
        Command.of("find", disk.toString(), "-mindepth", "1", "-delete").check();

        pair.underLoad(() -> {
            pair.node(replaced).powerOn();
            pair.awaitHealthy();
        });

        assertThat(pair.primary()).isEqualTo(survivor);
        assertThat(pair.process(survivor, Role.DHCPD)).isEqualTo(dhcpd);
    }

    @Test
    void shouldHandOverBeforeThePrimaryShutsDown() throws Exception {
        var first = pair.primary();
        var second = first.peer();
        var boot = pair.bootId(second);

        pair.underLoad(() -> pair.node(first).shutDown());

        pair.pair().awaitServing(second);
        assertThat(pair.bootId(second)).isEqualTo(boot);
        pair.assertNoLeaseIsMissing();
        pair.node(first).powerOn();
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(second);
    }

    @Test
    void shouldServeOnWhileTheSecondaryReboots() throws Exception {
        var primary = pair.primary();
        long dhcpd = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> pair.node(primary.peer()).shutDown());
        pair.assertEverybodyKeepsTheAddress();
        pair.underLoad(() -> pair.node(primary.peer()).powerOn());

        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
    }

    /** The other node serves with a new epoch, after it fenced the one that failed. */
    private static void shouldFailOverWhen(ThrowingRunnable event) throws Exception {
        LabNode failed = pair.primary();
        var survivor = failed.peer();
        var boot = pair.bootId(survivor);
        long epoch = pair.epoch();

        pair.underLoad(event);

        pair.pair().awaitServing(survivor);
        assertThat(pair.epoch()).isGreaterThan(epoch);
        assertThat(pair.bootId(survivor)).isEqualTo(boot);
        assertThat(pair.node(failed).isOn()).as("%s has power", failed.label()).isFalse();
        pair.assertNoLeaseIsMissing();
        pair.assertEverybodyKeepsTheAddress();

        pair.node(failed).powerOn();
        pair.awaitHealthy();
        assertThat(pair.primary()).as("it returns as the secondary").isEqualTo(survivor);
    }
}
