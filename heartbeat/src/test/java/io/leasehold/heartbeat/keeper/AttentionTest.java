package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AttentionTest {
    private static final long MS = 1_000_000L;

    private final Attention attention = new Attention(0);

    @Test
    void shouldCountForHowLongItWasLateSinceTheLastBeat() {
        attention.late(200 * MS);
        attention.passedOn(210 * MS);
        attention.late(30 * MS);
        attention.late(40 * MS);
        assertThat(attention.stoodStillNanos()).isEqualTo(70 * MS);
    }

    @Test
    void shouldBeginAnewWithEachBeatThatReachedTheDaemon() {
        attention.late(200 * MS);
        attention.passedOn(210 * MS);
        assertThat(attention.stoodStillNanos()).isZero();
    }

    @Test
    void shouldExcuseEverythingBeforeABeatThatTheDaemonHadNoRoomFor() {
        attention.passedOn(100 * MS);
        attention.notPassedOn(350 * MS);
        assertThat(attention.stoodStillNanos()).isEqualTo(250 * MS);
    }
}
