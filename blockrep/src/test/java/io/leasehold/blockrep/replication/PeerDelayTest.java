package io.leasehold.blockrep.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.volume.Seq;
import org.junit.jupiter.api.Test;

class PeerDelayTest {
    private static final long LONG_NANOS = PeerDelay.HELD_UP_NANOS;

    private final PeerDelay delay = new PeerDelay();

    private void waits(long nowNanos, long completed) {
        delay.observe(nowNanos, true, new Seq(completed));
    }

    private void waitsForNothing(long nowNanos, long completed) {
        delay.observe(nowNanos, false, new Seq(completed));
    }

    @Test
    void shouldKnowOfNoneAtFirst() {
        assertThat(delay.lastNanos(LONG_NANOS)).isEmpty();
    }

    @Test
    void shouldBeADelayAsSoonAsItLastsLong() {
        waits(10, 4);

        assertThat(delay.lastNanos(10 + LONG_NANOS - 1)).isEmpty();
        assertThat(delay.lastNanos(10 + LONG_NANOS)).hasValue(10 + LONG_NANOS);
        assertThat(delay.lastNanos(10 + 2 * LONG_NANOS)).hasValue(10 + 2 * LONG_NANOS);
    }

    @Test
    void shouldRememberWhenItEnded() {
        waits(10, 4);
        waitsForNothing(10 + LONG_NANOS, 5);

        assertThat(delay.lastNanos(10 * LONG_NANOS)).hasValue(10 + LONG_NANOS);
    }

    @Test
    void shouldForgetOneThatWasShort() {
        waits(10, 4);
        waitsForNothing(10 + LONG_NANOS - 1, 5);

        assertThat(delay.lastNanos(10 * LONG_NANOS)).isEmpty();
    }

    /** A busy pair always waits for something, but never long. */
    @Test
    void shouldBeginAnewWithEachCompletion() {
        for (long completed = 1; completed < 10; completed++) {
            waits(completed * LONG_NANOS / 2, completed);
        }

        assertThat(delay.lastNanos(5 * LONG_NANOS - 1)).isEmpty();
    }

    @Test
    void shouldNotBeginAnewWithEachWriter() {
        waits(10, 4);
        waits(10 + LONG_NANOS / 2, 4);

        assertThat(delay.lastNanos(10 + LONG_NANOS)).hasValue(10 + LONG_NANOS);
    }

    @Test
    void shouldEndOneWhenSomethingIsCompleted() {
        waits(10, 4);
        waits(10 + LONG_NANOS, 5);

        assertThat(delay.lastNanos(10 + LONG_NANOS + 1)).hasValue(10 + LONG_NANOS);
    }
}
