package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The disk of one box fails, is full, is slow, or loses with the power what was not synced. The
 * other box has a disk of its own, which is well.
 */
@Timeout(280)
class DiskFailureIT {
    private static final String NAME = "pair-disk-it";

    /** Decides which unsynced blocks are lost. */
    private static final long SEED = 20261123;

    /** More than the file system itself keeps for root, of a gibibyte: a twentieth. */
    private static final int RESERVE_MIB = 64;

    /** What an administrator still gets of the disk. */
    private static final int LEFT_MIB = 8;

    private static final String RUN_DIRECTORY = "/run/dhcp-pair";
    private static final String FILLER = "/var/lib/leasehold/filler";

    /** Longer than volume.replica-timeout: a flush is not acknowledged in time. */
    private static final Duration TOO_SLOW = Duration.ofSeconds(5);

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair =
                PairInLab.up(
                        NAME,
                        LabOptions.DEFAULT
                                .withFaultyDisk(true)
                                .withSettings(
                                        "volume.reserve = %d MiB".formatted(RESERVE_MIB),
                                        "paths.run-directory = " + RUN_DIRECTORY,
                                        "control.socket = /run/leasehold/control.sock"));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        pair.powerOnWhoIsOff();
        for (var node : LabNode.servers()) {
            pair.node(node).disk().heal();
            pair.node(node).exec("rm", "-f", FILLER);
        }
        pair.awaitHealthy();
        pair.assertHealthyAndNothingLost();
    }

    /** The DHCP server has space that is kept for it; everybody else is told that there is none. */
    @Test
    void shouldLetTheDhcpServerGoOnWhenTheDiskOfThePrimaryIsFull() throws Exception {
        var primary = pair.primary();
        var boots = pair.bootIds();
        long dhcpd = pair.process(primary, Role.DHCPD);
        // ext4 keeps some for root, too; the larger one counts.
        assertThat(keptFromOthers(primary)).isGreaterThanOrEqualTo((long) RESERVE_MIB << 20);
        fillUpTo(primary, RESERVE_MIB + LEFT_MIB);

        var copied =
                pair.node(primary)
                        .exec("dd", "if=/dev/zero", "of=/srv/dhcp/big", "bs=1M", "count=32");
        try {
            assertThat(copied.errors()).contains("No space left on device");
            pair.assertEverybodyKeepsTheAddress();
            pair.assertNoLeaseIsMissing();
        } finally {
            pair.node(primary).exec("rm", "-f", "/srv/dhcp/big");
        }

        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        assertThat(
                        pair.node(primary)
                                .exec("test", "-s", RUN_DIRECTORY + "/fuse.state")
                                .exitStatus())
                .as("what a successor of the daemon needs is in the configured directory")
                .isZero();
    }

    /** Not even the reserve is left: that disk takes no more leases, so the service moves. */
    @Test
    void shouldMoveTheServiceWhenNothingIsLeftOfTheDiskOfThePrimary() throws Exception {
        var full = pair.primary();
        var other = full.peer();
        var boot = pair.bootId(other);

        pair.underLoad(() -> {
            fillUpTo(full, 0);
            pair.pair().awaitServing(other);
        });

        pair.assertNoLeaseIsMissing();
        assertThat(pair.bootId(other)).isEqualTo(boot);
        pair.powerOnWhoIsOff();
        pair.node(full).exec("rm", "-f", FILLER);
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(other);
    }

    /**
     * A replica that does not acknowledge in time is left out before anybody goes on without it.
     */
    @Test
    void shouldGoOnAloneWhenTheDiskOfTheSecondaryIsTooSlow() throws Exception {
        var primary = pair.primary();
        var slow = primary.peer();
        long dhcpd = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> {
            pair.node(slow).disk().slow(TOO_SLOW);
            pair.eventually(
                    "the primary to go on alone",
                    () ->
                            assertThat(PairInLab.names(pair.status(primary).path("inSync")))
                                    .containsExactly(primary.label()));
        });

        pair.assertNoLeaseIsMissing();
        pair.assertEverybodyKeepsTheAddress();
        pair.node(slow).disk().heal();
        pair.powerOnWhoIsOff();
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
    }

    /**
     * It cannot store what it would have to acknowledge: it is left out, both say why, it says why
     * also when it is switched on again and cannot even start, and once it has room it is taken
     * back without a person.
     */
    @Test
    void shouldGoOnAloneUntilTheDiskOfTheSecondaryHasRoomAgain() throws Exception {
        var primary = pair.primary();
        var full = primary.peer();
        var boots = pair.bootIds();
        long dhcpd = pair.process(primary, Role.DHCPD);

        pair.underLoad(() -> {
            fillUpTo(full, 0);
            pair.eventually(
                    "the primary to go on alone",
                    () ->
                            assertThat(PairInLab.names(pair.status(primary).path("inSync")))
                                    .containsExactly(primary.label()));
        });

        assertThat(pair.pair().clusterctl(primary, "ready").exitStatus())
                .as("a takeover would lose leases")
                .isEqualTo(4);
        pair.eventually(
                "the primary to say which disk is full",
                () ->
                        assertThat(pair.status(primary).path("verdict").toString())
                                .contains("disk of " + full.label(), "full", "make room below"));
        pair.eventually(
                "the full node to say so",
                () ->
                        assertThat(pair.status(full).toString())
                                .contains("disk of " + full.label(), "full", "make room below"));
        pair.assertNoLeaseIsMissing();
        pair.assertEverybodyKeepsTheAddress();
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);

        pair.node(full).powerOff();
        pair.node(full).powerOn();
        pair.eventually(
                "the full node to say so when it has booted",
                () ->
                        assertThat(told(pair.pair().clusterctl(full, "status")))
                                .contains("disk of " + full.label(), "full", "make room below"));
        pair.node(full).exec("rm", "-f", FILLER);
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(dhcpd);
    }

    @Test
    void shouldServeOnTheOtherNodeWhenTheDiskOfThePrimaryFails() throws Exception {
        var failing = pair.primary();
        var other = failing.peer();
        long epoch = pair.epoch();

        pair.underLoad(() -> {
            pair.node(failing).disk().failIo();
            pair.pair().awaitServing(other);
        });

        assertThat(pair.epoch()).isGreaterThan(epoch);
        pair.assertNoLeaseIsMissing();
        // Another disk, in effect: what is on it is older, and its file system met errors.
        pair.node(failing).powerOff();
        pair.node(failing).disk().heal();
        pair.node(failing).powerOn();
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(other);
    }

    @Test
    void shouldLoseNothingThatOnlyThePrimarysDiskForgot() throws Exception {
        var lost = pair.primary();
        var survivor = lost.peer();

        pair.underLoad(() -> {
            pair.node(lost).powerOffLosingUnsynced(SEED);
            pair.pair().awaitServing(survivor);
        });

        pair.assertNoLeaseIsMissing();
        pair.node(lost).powerOn();
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(survivor);
    }

    /** What a person sees, wherever it is printed. */
    private static String told(Command.Result result) {
        return result.output() + result.errors();
    }

    /** Takes of the box's disk all but that; the last block, too, if that is nothing. */
    private static void fillUpTo(LabNode node, int leftMiB) throws Exception {
        // dd ends with an error, which is what it is for.
        var script =
                "read free block < <(stat -f -c '%f %S' $(dirname $0));"
                        + " fallocate -l $((free * block - (($1 > 0 ? $1 : 8) << 20))) $0;"
                        + " [ $1 -gt 0 ] || dd if=/dev/zero of=$0 bs=4k oflag=append conv=notrunc;"
                        + " true";
        pair.lab()
                .in(node, Command.of("bash", "-c", script, FILLER, String.valueOf(leftMiB)))
                .check();
    }

    /** Bytes that are free and not to be had by an administrator, as statfs(2) tells it. */
    private static long keptFromOthers(LabNode node) throws Exception {
        var words =
                pair.lab()
                        .in(node, Command.of("stat", "-f", "-c", "%f %a %S", "/srv/dhcp"))
                        .check()
                        .strip()
                        .split(" ", -1);
        return (Long.parseLong(words[0]) - Long.parseLong(words[1])) * Long.parseLong(words[2]);
    }
}
