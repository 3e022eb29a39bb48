package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

    private final Progress progress = new Progress(0);

    @Test
    void shouldSayHowLongTheRestTakes() {
        progress.total(1000);
        progress.done(SECOND, 200);

        assertThat(progress.bytesPerSecond(SECOND)).isEqualTo(200);
        assertThat(progress.remainingNanos(SECOND)).hasValue(4 * SECOND);
    }

    @Test
    void shouldSayNothingFromAFirstPiece() {
        progress.total(1000);
        progress.done(1000, 500);

        assertThat(progress.remainingNanos(2000)).isEqualTo(OptionalLong.empty());
    }

    @Test
    void shouldFollowARateThatChanges() {
        progress.total(100_000);
        for (int second = 1; second <= 10; second++) {
            progress.done(second * SECOND, 5000);
        }
        for (int second = 11; second <= 16; second++) {
            progress.done(second * SECOND, 100);
        }

        assertThat(progress.bytesPerSecond(16 * SECOND)).isEqualTo(100);
    }

    /** Nobody tells it that nothing happens. */
    @Test
    void shouldSayThatNothingHappensAnyMore() {
        progress.total(1000);
        progress.done(SECOND, 200);

        assertThat(progress.bytesPerSecond(4 * SECOND)).isPositive();
        assertThat(progress.bytesPerSecond(8 * SECOND)).isZero();
        assertThat(progress.remainingNanos(8 * SECOND)).isEqualTo(OptionalLong.empty());
    }

    @Test
    void shouldNeverHaveDoneMoreThanThereIs() {
        progress.total(100);
        progress.done(SECOND, 150);
        progress.more(10);

        assertThat(progress.totalBytes()).isEqualTo(150);
        assertThat(progress.remainingNanos(SECOND)).hasValue(0);
    }
}
