package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.LabOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The disk of the primary fails, or loses with the power what was not synced. */
@Timeout(240)
class DiskFailureIT {
    private static final String NAME = "pair-disk-it";

    /** Decides which unsynced blocks are lost. */
    private static final long SEED = 20261123;

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME, LabOptions.DEFAULT.withFaultyDisk(true));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        pair.powerOnWhoIsOff();
        pair.awaitHealthy();
        pair.assertHealthyAndNothingLost();
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
}
