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
                    Duration.ofSeconds(8),
                    3,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(4),
                    Duration.ofSeconds(2));

    // Close to the wrap-around, which nanoTime may be.
    private long now = Long.MAX_VALUE - 3_000 * MILLI;
    private final DaemonWatch watch = new DaemonWatch(POLICY, now);

    /** A mount, an address, the gate, or the server. */
    private boolean held = true;

    @Test
    void shouldStartTheDaemonAtOnceAndOnlyOnce() {
        assertThat(watch.decide(held, now)).containsExactly(new StartDaemon());
        assertThat(watch.decide(held, now)).isEmpty();
    }

    @Nested
    class WhenNothingServesAndADaemonStarts {
        private static final String TOO_SLOW =
                "it does not take part 8000 ms after its start (timing.daemon-start-limit); last: ";

        @Test
        void shouldLetItTakeLongerThanARestartMay() {
            watch.decide(held, now);
            now += 700 * MILLI;
            watch.attached(now);
            watch.starting("opens journal and volume");

            assertThat(decideAfter(7_299)).isEmpty();

            assertThat(watch.isProven(held, false, now)).as("nothing can serve").isTrue();
            watch.progressed(now, now);
            assertThat(decideAfter(999)).isEmpty();
            assertThat(decideAfter(1))
                    .as("from its first progress on it is judged by its progress")
                    .hasOnlyElementsOfType(StandDown.class);
        }

        @Test
        void shouldKillOneThatNeverTakesPartAndSayHowFarItCame() {
            watch.decide(held, now);
            watch.attached(now);
            watch.starting("opens journal and volume");

            assertThat(watch.nextDeadlineNanos(held, now)).hasValue(now + 8_000 * MILLI);
            assertThat(decideAfter(7_999)).isEmpty();
            assertThat(decideAfter(1))
                    .containsExactly(new KillDaemon(TOO_SLOW + "opens journal and volume"));
            assertThat(decideAfter(10_000)).as("once").isEmpty();
            watch.exited(now);
            assertThat(watch.decide(held, now)).containsExactly(new StartDaemon());
        }

        @Test
        void shouldKillOneThatNeverAttaches() {
            watch.decide(held, now);

            assertThat(decideAfter(7_999)).isEmpty();
            assertThat(decideAfter(1))
                    .containsExactly(new KillDaemon(TOO_SLOW + "it has not attached"));
        }

        @Test
        void shouldJudgeItByItsProgressOnceItWasGivenWhatServes() {
            watch.decide(held, now);
            watch.attached(now);
            now += 3_500 * MILLI;
            watch.entrusted(held, now);

            assertThat(decideAfter(999)).isEmpty();
            assertThat(decideAfter(1)).hasOnlyElementsOfType(StandDown.class);
        }
    }

    @Test
    void shouldBeProvenWhileNothingCouldServe() {
        assertThat(watch.isProven(held, false, now)).isTrue();
        assertThat(watch.isProven(held, true, now)).isFalse();
    }

    @Nested
    class WhenADaemonIsAttached {
        @BeforeEach
        void startAndAttach() {
            watch.decide(held, now);
            now += 700 * MILLI;
            watch.attached(now);
            watch.progressed(now, now);
        }

        @Test
        void shouldBeProvenAsLongAsItShowsProgressAndAgainWhenItIsGivenUp() {
            assertThat(watch.isProven(held, false, now + 999 * MILLI)).isTrue();
            assertThat(watch.isProven(held, false, now + 1_000 * MILLI)).isFalse();

            decideAfter(1_000);

            assertThat(watch.isProven(held, true, now)).as("something is left").isFalse();
            assertThat(watch.isProven(held, false, now)).isTrue();
        }

        @Test
        void shouldNotBeProvenByASuccessorWhileWhatItsPredecessorLeftIsNotSilenced() {
            decideAfter(1_000);
            watch.attached(now);

            assertThat(watch.isProven(held, true, now)).isFalse();
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
            assertThat(watch.decide(held, now)).containsExactly(new StartDaemon());
            now += 800 * MILLI;
            watch.attached(now);

            assertThat(decideAfter(999)).isEmpty();
        }

        @Test
        void shouldStandDownWhenTheSuccessorComesTooLate() {
            watch.exited(now);
            watch.decide(held, now);

            assertThat(decideAfter(1_000)).hasOnlyElementsOfType(StandDown.class);
            assertThat(watch.isTakingPart()).as("it may go on with its start").isFalse();
            watch.attached(now);
            assertThat(decideAfter(6_999)).isEmpty();
        }

        @Test
        void shouldStandDownForASuccessorThatAttachesAndStartsTooSlowlyToSaveTheService() {
            watch.exited(now);
            watch.decide(held, now);
            now += 400 * MILLI;
            watch.attached(now);

            assertThat(decideAfter(999)).isEmpty();
            assertThat(decideAfter(1)).hasOnlyElementsOfType(StandDown.class);
            assertThat(decideAfter(6_599)).as("only once, and it is not killed").isEmpty();
            watch.progressed(now, now);
            assertThat(decideAfter(1_000)).hasOnlyElementsOfType(StandDown.class);
        }

        @Test
        void shouldNotStandDownAgainForWhatADismissedDaemonStillSays() {
            decideAfter(1_000);
            watch.progressed(now, now);

            assertThat(decideAfter(1_000)).isEmpty();
        }

        @Test
        void shouldStandDownInARestartLoopAndTryOncePerPause() {
            for (int restart = 1; restart <= 3; restart++) {
                watch.exited(now);
                assertThat(watch.decide(held, now)).containsExactly(new StartDaemon());
                watch.attached(now);
            }
            watch.exited(now);

            assertThat(watch.decide(held, now))
                    .containsExactly(new StandDown("the daemon ended 4 times within 10 s"));
            assertThat(decideAfter(3_999)).isEmpty();
            assertThat(decideAfter(1)).containsExactly(new StartDaemon());
        }

        @Test
        void shouldWaitForTheHandOverAndThenEnd() {
            watch.endRequested(now);
            watch.progressed(now, now);
            assertThat(watch.decide(held, now)).isEmpty();
            now += 900 * MILLI;
            watch.progressed(now, now);
            assertThat(watch.decide(held, now)).isEmpty();
            watch.exited(now);

            assertThat(watch.decide(held, now)).containsExactly(new End());
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
            assertThat(watch.decide(held, now)).containsExactly(new End());
        }

        @Test
        void shouldEndWhenTheDaemonSaidThatItsEndIsMeant() {
            watch.endWithDaemon();
            assertThat(watch.decide(held, now)).isEmpty();
            watch.exited(now);

            assertThat(watch.decide(held, now)).containsExactly(new End());
        }

        @Test
        void shouldNameADeadlineWheneverSomethingIsDueByItself() {
            assertThat(watch.nextDeadlineNanos(held, now)).hasValue(now + 1_000 * MILLI);
            decideAfter(1_000);
            assertThat(watch.nextDeadlineNanos(held, now)).hasValue(now + 4_000 * MILLI);
        }
    }

    /** As on a secondary: a flush of its disk may last long, and the next moment it is needed. */
    @Nested
    class WhenNothingIsHeldForTheDaemon {
        @BeforeEach
        void startAndTakePart() {
            held = false;
            watch.decide(held, now);
            watch.attached(now);
            watch.progressed(now, now);
        }

        @Test
        void shouldWaitForItsProgressUntilItHangs() {
            assertThat(watch.nextDeadlineNanos(held, now)).hasValue(now + 5_000 * MILLI);
            assertThat(decideAfter(4_999)).isEmpty();
            assertThat(watch.isProven(held, false, now)).as("nothing can serve").isTrue();
            assertThat(decideAfter(1)).containsExactly(new KillDaemon("it hangs"));
        }

        @Test
        void shouldJudgeItFromTheMomentAtWhichItIsGivenSomething() {
            now += 3_500 * MILLI;
            watch.entrusted(held, now);
            held = true;

            assertThat(decideAfter(999)).isEmpty();
            watch.entrusted(held, now);
            assertThat(decideAfter(1)).hasOnlyElementsOfType(StandDown.class);
        }

        @Test
        void shouldOnlyPauseInARestartLoop() {
            for (int restart = 1; restart <= 3; restart++) {
                watch.exited(now);
                assertThat(watch.decide(held, now)).containsExactly(new StartDaemon());
            }
            watch.exited(now);

            assertThat(watch.decide(held, now)).isEmpty();
            assertThat(decideAfter(4_000)).containsExactly(new StartDaemon());
        }
    }

    private java.util.List<Action> decideAfter(long millis) {
        now += millis * MILLI;
        return watch.decide(held, now);
    }
}
