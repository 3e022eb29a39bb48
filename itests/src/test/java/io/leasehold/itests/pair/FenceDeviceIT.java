package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import io.leasehold.itests.lab.power.FenceBehaviour;
import io.leasehold.itests.lab.power.FenceBehaviour.Fault;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The device that proves the peer silent: it switches it on again, or does not answer, or answers
 * late.
 */
@Timeout(240)
class FenceDeviceIT {
    private static final String NAME = "fence-it";

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair =
                PairInLab.up(
                        NAME,
                        LabOptions.DEFAULT.withSettings(
                                "fencing.power-on = yes",
                                "fencing.loop-max = 16",
                                "fencing.back-off-max = 2 s"));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        for (var node : LabNode.servers()) {
            pair.lab().fenceDevice(node, behaviour(Fault.NONE, Duration.ofMillis(50)));
        }
        healAll();
        pair.powerOnWhoIsOff();
        pair.awaitHealthy();
        pair.assertHealthyAndNothingLost();
    }

    /** Frozen, told, and nobody else serves: unreachable is not dead. */
    @Test
    void shouldFreezeWhileTheDeviceIsDeadAndGoOnWhenThePeerReturns() throws Exception {
        var primary = pair.primary();
        var boots = pair.bootIds();
        long epoch = pair.epoch();

        pair.underLoad(() -> {
            freeze(Fault.DEAD);
            assertThat(pair.epoch()).isEqualTo(epoch);
            assertThat(pair.primary()).isEqualTo(primary);
            assertThat(PairInLab.names(pair.status(primary).path("inSync"))).hasSize(2);
            assertThat(pair.pair().clusterctl(primary, "status").exitStatus()).isEqualTo(4);
            healAll();
        });

        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
    }

    /** A person was called, but nobody need come. */
    @Test
    void shouldGoOnAloneWhenTheDeviceIsBack() throws Exception {
        var primary = pair.primary();
        var peer = primary.peer();
        var boot = pair.bootId(peer);
        long dhcpd = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> {
            freeze(Fault.DEAD);
            pair.lab().fenceDevice(peer, behaviour(Fault.NONE, Duration.ofMillis(50)));
            pair.eventually(
                    "the primary to serve alone",
                    () ->
                            assertThat(PairInLab.names(pair.status(primary).path("inSync")))
                                    .containsExactly(primary.label()));
        });

        assertThat(pair.status(primary).path("alarms").toString()).doesNotContain("fence");
        healAll();
        awaitAnotherBoot(peer, boot);
        pair.awaitHealthy();
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
    }

    /** Off, and because of {@code fencing.power-on} on again: it returns by itself. */
    @Test
    void shouldPowerTheOtherNodeOffAndOnWhenAPersonSaysSo() throws Exception {
        var primary = pair.primary();
        var peer = primary.peer();
        var boot = pair.bootId(peer);
        long dhcpd = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> pair.order(primary, "fence", peer.label(), "--yes"));

        awaitAnotherBoot(peer, boot);
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
    }

    @Test
    void shouldSwitchThePrimaryThatFailedOnAgainAsASecondary() throws Exception {
        var failed = pair.primary();
        var survivor = failed.peer();
        var boot = pair.bootId(failed);

        pair.underLoad(() -> {
            isolate(failed);
            pair.pair().awaitServing(survivor);
        });
        healAll();

        awaitAnotherBoot(failed, boot);
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(survivor);
        pair.assertNoLeaseIsMissing();
    }

    /** The shot comes after the asker gave up: the state that is read back decides, no guess. */
    @Test
    void shouldGoOnAloneWhenALateShotIsReadBack() throws Exception {
        var primary = pair.primary();
        var peer = primary.peer();
        pair.lab().fenceDevice(primary, behaviour(Fault.DEAD, Duration.ZERO));
        pair.lab().fenceDevice(peer, behaviour(Fault.LATE, Duration.ofSeconds(1)));

        pair.underLoad(() -> {
            isolate(peer);
            pair.eventually("the late shot", () -> assertThat(pair.node(peer).isOn()).isFalse());
            assertThat(PairInLab.names(pair.status(primary).path("inSync")))
                    .as("what was not read back is not known")
                    .hasSize(2);
            pair.lab().fenceDevice(peer, behaviour(Fault.NONE, Duration.ofMillis(50)));
            pair.eventually(
                    "the primary to serve alone",
                    () ->
                            assertThat(PairInLab.names(pair.status(primary).path("inSync")))
                                    .containsExactly(primary.label()));
        });

        assertThat(pair.primary()).isEqualTo(primary);
        pair.assertNoLeaseIsMissing();
    }

    /**
     * dhcpd waits in a frozen write and does not even end by SIGKILL: the node that was told to
     * shut down cannot stop its service, and makes itself silent instead of saying that it had.
     */
    @Test
    void shouldFenceItselfWhenTheServerCannotBeStopped() throws Exception {
        var primary = pair.primary();
        var peer = primary.peer();

        pair.underLoad(() -> {
            freeze(Fault.REFUSE);
            pair.node(primary).shutDown();
            pair.lab().fenceDevice(primary, behaviour(Fault.NONE, Duration.ofMillis(50)));
            // Its card on the LAN is still unplugged.
            healAll();
            pair.pair().awaitServing(peer);
        });

        pair.assertNoLeaseIsMissing();
        pair.node(primary).powerOn();
        pair.awaitHealthy();
        assertThat(pair.pair().clusterctl(primary, "events", "--last", "200").output())
                .contains("this node is made silent by force");
    }

    /**
     * Neither beats nor replication; with beats, the peer would be asked to step back (R16). The
     * crossover first and without a loss of carrier, which nobody acts upon before replica-timeout:
     * a primary that lost its LAN while it still reaches its peer hands over, and is not fenced.
     */
    private static void isolate(LabNode node) throws Exception {
        for (var sender : LabNode.servers()) {
            pair.lab().cut(Link.CROSSOVER, sender);
        }
        pair.lab().cut(Link.lan(node));
    }

    private static void healAll() throws Exception {
        for (var link : new Link[] {Link.CROSSOVER, Link.LAN_DHCP1, Link.LAN_DHCP2}) {
            pair.lab().heal(link);
        }
    }

    /** No device answers, the secondary is not heard, and a client's write waits. */
    private static void freeze(Fault fault) throws Exception {
        for (var node : LabNode.servers()) {
            pair.lab().fenceDevice(node, behaviour(fault, Duration.ZERO));
        }
        var primary = pair.primary();
        isolate(primary.peer());
        pair.eventually(
                "writes to be frozen",
                () ->
                        assertThat(
                                        pair.status(primary)
                                                .path("volume")
                                                .path("frozenMillis")
                                                .asLong())
                                .isPositive());
        pair.eventually(
                "the failed fence to be told",
                () -> assertThat(pair.status(primary).path("alarms").toString()).contains("fence"));
    }

    private static FenceBehaviour behaviour(Fault fault, Duration delay) {
        return new FenceBehaviour(fault, delay);
    }

    /** The device switches it on again. */
    private static void awaitAnotherBoot(LabNode node, String boot) throws Exception {
        pair.eventually(
                "the device to switch it on",
                () ->
                        assertThat(pair.node(node).isOn() && !pair.bootId(node).equals(boot))
                                .isTrue());
    }
}
