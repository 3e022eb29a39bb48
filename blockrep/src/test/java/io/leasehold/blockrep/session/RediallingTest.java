package io.leasehold.blockrep.session;

import static io.leasehold.blockrep.session.Redialling.FIRST_PAUSE_NANOS;
import static io.leasehold.blockrep.session.Redialling.LAST_PAUSE_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class RediallingTest {
    private static final long SECOND = 1_000_000_000L;

    private long now = 7 * SECOND;
    private final Redialling redialling = new Redialling(now);

    private long session(long lastsNanos, boolean refused) {
        redialling.connected(now);
        now += lastsNanos;
        long pause = redialling.ended(now, refused);
        now += pause;
        return pause;
    }

    @Test
    void shouldDialAtOnceWhenASessionThatLastedIsLost() {
        assertThat(session(SECOND, false)).isZero();
    }

    @Test
    void shouldNotSpinWhenSessionsEndAsSoonAsTheyAreOpen() {
        assertThat(session(1_000, false)).isEqualTo(LAST_PAUSE_NANOS);
        assertThat(session(1_000, false)).isEqualTo(LAST_PAUSE_NANOS);
    }

    @Test
    void shouldExpectAPeerBackForAWhileAndThenDialLessOften() {
        session(SECOND, false);
        for (long until = now + 5 * SECOND; now <= until; now += FIRST_PAUSE_NANOS) {
            assertThat(redialling.failed(now)).isEqualTo(FIRST_PAUSE_NANOS);
        }
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 6; i++) {
            pauses.add(redialling.failed(now) / 1_000_000);
            now += pauses.getLast() * 1_000_000;
        }
        assertThat(pauses).containsExactly(50L, 100L, 200L, 400L, 500L, 500L);
    }

    @Test
    void shouldTrySixTimesInTheFirstMinuteOfARefusalAndThenTwiceAMinute() {
        int attempts = 0;
        for (long end = now + 60 * SECOND; now < end; attempts++) {
            session(1_000_000, true);
        }
        assertThat(attempts).isEqualTo(6);
        for (int i = 0; i < 10; i++) {
            assertThat(session(1_000_000, true)).isEqualTo(30 * SECOND);
        }
    }

    @Test
    void shouldForgetARefusalOnceASessionEndedForAnotherReason() {
        session(1_000, true);
        session(1_000, true);
        assertThat(session(1_000, true)).isEqualTo(4 * SECOND);
        session(SECOND, false);
        assertThat(session(1_000, true)).isEqualTo(LAST_PAUSE_NANOS);
    }

    /** A refusal at a hand-over, months apart from the next one, is no series. */
    @Test
    void shouldForgetARefusalOnceASessionHasLasted() {
        session(1_000, true);
        session(1_000, true);
        assertThat(session(3_600 * SECOND, true)).isEqualTo(LAST_PAUSE_NANOS);
        assertThat(session(1_000, true)).isEqualTo(2 * SECOND);
    }
}
