package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalClockTest {
    private static final long OFFSET_NANOS = 1_000_000_000_000_000L;

    private final Agenda agenda = new Agenda();

    private LocalClock clock(long driftPpm) {
        return new LocalClock(agenda, OFFSET_NANOS, driftPpm);
    }

    /** As {@link System#nanoTime} promises. */
    @ParameterizedTest
    @ValueSource(longs = {-200, -1, 0, 200})
    void shouldNeverRunBackwards(long driftPpm) {
        var clock = clock(driftPpm);
        long before = clock.nowNanos();
        for (long now = 990_000; now < 1_010_000; now++) {
            agenda.step(now);
            assertThat(clock.nowNanos()).isGreaterThanOrEqualTo(before);
            before = clock.nowNanos();
        }
    }

    @Test
    void shouldGainWhatItsDriftSays() {
        var clock = clock(200);
        agenda.step(3_600_000_000_000L);
        assertThat(clock.nowNanos()).isEqualTo(OFFSET_NANOS + 3_600_720_000_000L);
    }

    @ParameterizedTest
    @ValueSource(longs = {-200, -1, 0, 200})
    void shouldKnowTheFirstInstantOfTheWorldAtWhichItShowsATime(long driftPpm) {
        var clock = clock(driftPpm);
        for (long hours = 0; hours < 10; hours++) {
            long wanted = OFFSET_NANOS + 1 + hours * 3_600_000_123_457L;
            long world = clock.worldNanos(wanted);

            agenda.step(world - 1);
            assertThat(clock.nowNanos()).isLessThan(wanted);
            agenda.step(world);
            assertThat(clock.nowNanos()).isGreaterThanOrEqualTo(wanted);
        }
    }
}
