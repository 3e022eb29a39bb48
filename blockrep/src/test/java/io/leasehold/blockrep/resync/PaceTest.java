package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MIB = 1 << 20;

    @Test
    void shouldRestUntilThePieceIsPaidFor() {
        var pace = new Pace(4 * MIB, 0);

        assertThat(pace.restAfter(MIB, SECOND / 10)).isEqualTo(SECOND / 4 - SECOND / 10);
        assertThat(pace.restAfter(MIB, SECOND / 4)).isEqualTo(SECOND / 4);
    }

    @Test
    void shouldKeepTheRateOverMany() {
        var pace = new Pace(10 * MIB, 0);
        long now = 0;
        for (int i = 0; i < 100; i++) {
            now += 1_000_000;
            now += pace.restAfter(MIB, now);
        }

        assertThat(now).isEqualTo(10 * SECOND);
    }

    @Test
    void shouldNotMakeUpForWhatWasSlow() {
        var pace = new Pace(10 * MIB, 0);

        assertThat(pace.restAfter(MIB, 10 * SECOND)).isZero();
        assertThat(pace.restAfter(MIB, 10 * SECOND)).isEqualTo(SECOND / 10);
    }

    @Test
    void shouldNotRestWithoutALimit() {
        assertThat(new Pace(0, 0).restAfter(MIB, 0)).isZero();
        assertThatThrownBy(() -> new Pace(-1, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
