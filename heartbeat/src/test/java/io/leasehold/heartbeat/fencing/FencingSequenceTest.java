package io.leasehold.heartbeat.fencing;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.fencing.FencingSequence.Beats;
import io.leasehold.heartbeat.fencing.FencingSequence.Phase;
import io.leasehold.heartbeat.fencing.FencingSequence.Step;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FencingSequenceTest {

    private static final long MS = 1_000_000L;
    private static final FenceOutcome OFF = new FenceOutcome.Confirmed("off");
    private static final FenceOutcome NO = new FenceOutcome.Unconfirmed("unreachable");

    private final FencingSequence fencing =
            new FencingSequence(
                    new FencingConfiguration(
                            List.of(
                                    new FencingConfiguration.Level("bmc", 2000 * MS),
                                    new FencingConfiguration.Level("pdu", 5000 * MS)),
                            0,
                            0,
                            0,
                            2,
                            1000 * MS,
                            4000 * MS,
                            false,
                            3,
                            1),
                    150 * MS);

    private static Step.Run run(long request, int level, long timeoutMillis) {
        return new Step.Run(
                new FenceRequestId(request), FenceAction.OFF, level, timeoutMillis * MS);
    }

    private List<Step> result(long atMillis, long request, FenceOutcome outcome) {
        return fencing.result(atMillis * MS, new FenceRequestId(request), outcome);
    }

    @Test
    void shouldWaitItsDelayExactly() {
        assertThat(fencing.request(0, 200 * MS, Beats.NONE)).isEmpty();
        assertThat(fencing.nextDeadlineNanos()).hasValue(200 * MS);
        assertThat(fencing.advance(200 * MS - 1)).isEmpty();
        assertThat(fencing.advance(200 * MS)).containsExactly(run(0, 0, 2000));
    }

    @Test
    void shouldReportSuccessOnlyForTheCurrentRequest() {
        fencing.request(0, 0, Beats.NONE);
        assertThat(result(10, 7, OFF)).isEmpty();
        assertThat(result(20, 0, OFF)).containsExactly(new Step.Fenced("off"));
        assertThat(result(30, 0, OFF)).as("said twice").isEmpty();
    }

    @Test
    void shouldTryTheNextLevelThenBackOffThenTellAPerson() {
        fencing.request(0, 0, Beats.NONE);
        assertThat(result(10, 0, NO))
                .containsExactly(new Step.LevelFailed("bmc", "unreachable"), run(1, 1, 5000));
        assertThat(result(20, 1, NO)).containsExactly(new Step.LevelFailed("pdu", "unreachable"));
        assertThat(fencing.nextDeadlineNanos()).hasValue(1020 * MS);
        assertThat(fencing.advance(1020 * MS)).containsExactly(run(2, 0, 2000));
        result(1030, 2, NO);
        assertThat(result(1040, 3, NO))
                .containsExactly(
                        new Step.LevelFailed("pdu", "unreachable"),
                        new Step.StillNotFenced(2, "unreachable", 4000 * MS));
        assertThat(fencing.request(2000 * MS, 0, Beats.NONE)).as("under way").isEmpty();
    }

    /** The device may be back at any moment; how often it is asked has a limit all the same. */
    @Nested
    class WhenEveryAttemptHasFailed {
        private long request = -1;

        private void pass(long atMillis, long tookMillis) {
            assertThat(fencing.advance(atMillis * MS)).containsExactly(run(++request, 0, 2000));
            result(atMillis, request, NO);
            result(atMillis + tookMillis, ++request, NO);
        }

        @BeforeEach
        void fail() {
            fencing.request(0, 500 * MS, Beats.NONE);
            pass(500, 100);
            pass(1600, 100);
        }

        /**
         * R35: whoever waited its delay at first stays behind by as much, however long it takes.
         */
        @Test
        void shouldTryOnInTheLongestPauseCountedFromTheBeginOfAPass() {
            assertThat(fencing.nextDeadlineNanos()).hasValue(5600 * MS);
            pass(5600, 1500);
            assertThat(fencing.nextDeadlineNanos()).hasValue(9600 * MS);
        }

        @Test
        void shouldPauseBetweenPassesThatLastLongerThanThat() {
            pass(5600, 3900);
            assertThat(fencing.nextDeadlineNanos()).hasValue(10500 * MS);
        }

        @Test
        void shouldTellAPersonOnce() {
            assertThat(fencing.advance(5600 * MS)).containsExactly(run(4, 0, 2000));
            result(5700, 4, NO);
            assertThat(result(5800, 5, NO))
                    .containsExactly(new Step.LevelFailed("pdu", "unreachable"));
        }

        @Test
        void shouldFenceWhenTheDeviceIsBack() {
            fencing.advance(5600 * MS);
            assertThat(result(5700, 4, OFF)).containsExactly(new Step.Fenced("off"));
            assertThat(fencing.phase()).isEqualTo(Phase.IDLE);
        }

        @Test
        void shouldEndWhenThePeerIsHeard() {
            fencing.heard();
            assertThat(fencing.nextDeadlineNanos()).isEmpty();
            assertThat(fencing.phase()).isEqualTo(Phase.IDLE);
        }
    }

    @Test
    void shouldTakeAnAgentThatDoesNotAnswerForUnconfirmed() {
        fencing.request(0, 0, Beats.NONE);
        assertThat(fencing.advance(3000 * MS))
                .containsExactly(
                        new Step.LevelFailed("bmc", "the agent did not answer in time"),
                        run(1, 1, 5000));
        assertThat(result(3100, 0, OFF)).as("late success").isEmpty();
    }

    @Nested
    class WhenThePeerIsHeardAfterTheRequest {
        @Test
        void shouldNotTakeTheLateSuccessForAProof() {
            fencing.request(0, 0, Beats.NONE);
            fencing.heard();
            assertThat(result(50, 0, OFF)).as("R34, H11").isEmpty();
        }

        @Test
        void shouldBeReadyForANewRequest() {
            fencing.request(0, 0, Beats.NONE);
            fencing.heard();
            assertThat(fencing.request(100 * MS, 0, Beats.NONE)).containsExactly(run(1, 0, 2000));
            assertThat(result(150, 0, OFF)).as("the answer to the old request").isEmpty();
            assertThat(result(160, 1, OFF)).containsExactly(new Step.Fenced("off"));
        }
    }

    @Nested
    class WhenTheKeeperOfAHungDaemonBeatsOn {
        @Test
        void shouldBelieveThePowerOffOnceTheBeatsStopped() {
            fencing.request(0, 0, Beats.OF_A_HUNG_DAEMON);
            fencing.beat(10 * MS);
            assertThat(result(50, 0, OFF)).isEmpty();
            fencing.beat(51 * MS);
            assertThat(fencing.advance(200 * MS)).as("one beat was under way").isEmpty();
            assertThat(fencing.advance(201 * MS))
                    .containsExactly(new Step.Fenced("off; its beats stopped"));
        }

        @Test
        void shouldNotBelieveADeviceWhileTheNodeStillBeats() {
            fencing.request(0, 0, Beats.OF_A_HUNG_DAEMON);
            result(50, 0, OFF);
            fencing.beat(100 * MS);
            fencing.beat(150 * MS);
            fencing.beat(200 * MS);
            assertThat(fencing.beat(250 * MS)).hasSize(2).last().isEqualTo(run(1, 1, 5000));
        }

        @Test
        void shouldBeVoidWhenTheDaemonWakes() {
            fencing.request(0, 0, Beats.OF_A_HUNG_DAEMON);
            fencing.heard();
            assertThat(fencing.phase()).isEqualTo(Phase.IDLE);
        }
    }

    @Test
    void shouldPowerOnByTheLevelThatTurnedOff() {
        fencing.request(0, 0, Beats.NONE);
        result(10, 0, NO);
        result(20, 1, OFF);
        assertThat(fencing.powerOn())
                .containsExactly(new Step.Run(new FenceRequestId(2), FenceAction.ON, 1, 5000 * MS));
        assertThat(result(30, 2, new FenceOutcome.Confirmed("on")))
                .containsExactly(new Step.PoweredOn("on"));
    }
}
