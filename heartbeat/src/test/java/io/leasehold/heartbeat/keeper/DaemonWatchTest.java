package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.keeper.DaemonWatch.Action;
import io.leasehold.heartbeat.keeper.DaemonWatch.Action.End;
import io.leasehold.heartbeat.keeper.DaemonWatch.Action.KillDaemon;
import io.leasehold.heartbeat.keeper.DaemonWatch.Action.StandDown;
import io.leasehold.heartbeat.keeper.DaemonWatch.Action.StartDaemon;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class DaemonWatchTest {
    private static final long MILLI = 1_000_000;

    private static final SupervisionPolicy POLICY =
            new SupervisionPolicy(
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(5),
                    3,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(4),
                    Duration.ofSeconds(2));

    // Close to the wrap-around, which nanoTime may be.
    private long now = Long.MAX_VALUE - 3_000 * MILLI;
    private final DaemonWatch watch = new DaemonWatch(POLICY, now);

    @Test
    void shouldStartTheDaemonAtOnceAndOnlyOnce() {
        assertThat(watch.decide(now)).containsExactly(new StartDaemon());
        assertThat(watch.decide(now)).isEmpty();
    }

    @Test
    void shouldNotStandDownForADaemonThatNeverAttached() {
        watch.decide(now);

        assertThat(decideAfter(1_500)).isEmpty();
        assertThat(decideAfter(3_499)).isEmpty();
        assertThat(decideAfter(1)).containsExactly(new KillDaemon("it hangs"));
    }

    @Test
    void shouldBeProvenWhileNothingCouldServe() {
        assertThat(watch.isProven(false, now)).isTrue();
        assertThat(watch.isProven(true, now)).isFalse();
    }

    @Nested
    class WhenADaemonIsAttached {
        @BeforeEach
        void startAndAttach() {
            watch.decide(now);
            now += 700 * MILLI;
            watch.attached(now);
        }

        @Test
        void shouldBeProvenAsLongAsItShowsProgressAndAgainWhenItIsGivenUp() {
            assertThat(watch.isProven(false, now + 999 * MILLI)).isTrue();
            assertThat(watch.isProven(false, now + 1_000 * MILLI)).isFalse();

            decideAfter(1_000);

            assertThat(watch.isProven(true, now)).as("something is left").isFalse();
            assertThat(watch.isProven(false, now)).isTrue();
        }

        @Test
        void shouldNotBeProvenByASuccessorWhileWhatItsPredecessorLeftIsNotSilenced() {
            decideAfter(1_000);
            watch.attached(now);

            assertThat(watch.isProven(true, now)).isFalse();
        }

        @Test
        void shouldStandDownWhenItShowsNoProgressAndKillItLater() {
            assertThat(decideAfter(999)).isEmpty();
            assertThat(decideAfter(1))
                    .containsExactly(new StandDown("the daemon has shown no progress for 1000 ms"));
            assertThat(decideAfter(3_999)).isEmpty();
            assertThat(decideAfter(1)).containsExactly(new KillDaemon("it hangs"));
            assertThat(decideAfter(10_000)).as("once").isEmpty();
        }

        @Test
        void shouldCountFromTheProgressItselfAndNotFromItsReport() {
            long proven = now;
            now += 600 * MILLI;
            watch.progressed(proven + 100 * MILLI, now);

            assertThat(watch.progressAgeNanos(now)).isEqualTo(500 * MILLI);
            assertThat(decideAfter(499)).isEmpty();
            assertThat(decideAfter(1)).hasOnlyElementsOfType(StandDown.class);
        }

        @Test
        void shouldNotBelieveInProgressFromTheFuture() {
            watch.progressed(now + 60_000 * MILLI, now);

            assertThat(watch.progressAgeNanos(now)).isZero();
            assertThat(decideAfter(1_000)).hasOnlyElementsOfType(StandDown.class);
        }

        @Test
        void shouldReplaceADeadOneWithoutStandingDown() {
            watch.exited(now);
            assertThat(watch.decide(now)).containsExactly(new StartDaemon());
            now += 800 * MILLI;
            watch.attached(now);

            assertThat(decideAfter(999)).isEmpty();
        }

        @Test
        void shouldStandDownWhenTheSuccessorComesTooLate() {
            watch.exited(now);
            watch.decide(now);

            assertThat(decideAfter(1_000)).hasOnlyElementsOfType(StandDown.class);
            watch.attached(now);
            assertThat(decideAfter(999)).isEmpty();
        }

        @Test
        void shouldStandDownInARestartLoopAndTryOncePerPause() {
            for (int restart = 1; restart <= 3; restart++) {
                watch.exited(now);
                assertThat(watch.decide(now)).containsExactly(new StartDaemon());
                watch.attached(now);
            }
            watch.exited(now);

            assertThat(watch.decide(now))
                    .containsExactly(new StandDown("the daemon ended 4 times within 10 s"));
            assertThat(decideAfter(3_999)).isEmpty();
            assertThat(decideAfter(1)).containsExactly(new StartDaemon());
        }

        @Test
        void shouldWaitForTheHandOverAndThenEnd() {
            watch.endRequested(now);
            watch.progressed(now, now);
            assertThat(watch.decide(now)).isEmpty();
            now += 900 * MILLI;
            watch.progressed(now, now);
            assertThat(watch.decide(now)).isEmpty();
            watch.exited(now);

            assertThat(watch.decide(now)).containsExactly(new End());
        }

        @Test
        void shouldKillADaemonThatDoesNotEndInTime() {
            watch.endRequested(now);
            for (int i = 0; i < 4; i++) {
                assertThat(decideAfter(499)).isEmpty();
                watch.progressed(now, now);
            }
            assertThat(decideAfter(4))
                    .containsExactly(new KillDaemon("it did not end when it was told to"));
            watch.exited(now);
            assertThat(watch.decide(now)).containsExactly(new End());
        }

        @Test
        void shouldEndWhenTheDaemonSaidThatItsEndIsMeant() {
            watch.endWithDaemon();
            assertThat(watch.decide(now)).isEmpty();
            watch.exited(now);

            assertThat(watch.decide(now)).containsExactly(new End());
        }

        @Test
        void shouldNameADeadlineWheneverSomethingIsDueByItself() {
            assertThat(watch.nextDeadlineNanos(now)).hasValue(now + 1_000 * MILLI);
            decideAfter(1_000);
            assertThat(watch.nextDeadlineNanos(now)).hasValue(now + 4_000 * MILLI);
        }
    }

    private java.util.List<Action> decideAfter(long millis) {
        now += millis * MILLI;
        return watch.decide(now);
    }
}
