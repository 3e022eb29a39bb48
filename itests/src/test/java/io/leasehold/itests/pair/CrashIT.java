package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
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
