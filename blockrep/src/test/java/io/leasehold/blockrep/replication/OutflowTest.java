package io.leasehold.blockrep.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.replication.Outflow.Reached;
import io.leasehold.blockrep.volume.Seq;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class OutflowTest {
    private final Outflow<String> outflow = new Outflow<>();

    private static Seq seq(long value) {
        return new Seq(value);
    }

    @Test
    void shouldLetOperationsWaitUntilThisNodeIsTheWriter() {
        assertThat(outflow.takesOperations()).isFalse();
        outflow.becomeWriter(3);
        assertThat(outflow.takesOperations()).isTrue();
        outflow.stopWriting();
        assertThat(outflow.takesOperations()).isFalse();
    }

    @Test
    void shouldStopAWriterOfAnEpochThatHasBeen() {
        outflow.becomeWriter(3);
        outflow.stopWriting();
        assertThatThrownBy(() -> outflow.becomeWriter(3)).hasMessageContaining("R1");
    }

    @Nested
    class WhenItWrites {
        @BeforeEach
        void begin() {
            outflow.becomeWriter(3);
            outflow.beginReplay(1);
        }

        private void live(String session, long at) {
            assertThat(outflow.goLive(1, session, seq(at), seq(at))).isEqualTo(Reached.LIVE);
        }

        @Test
        void shouldLetOperationsWaitWhileParked() {
            outflow.park();
            assertThat(outflow.takesOperations()).isFalse();
            outflow.unpark();
            assertThat(outflow.takesOperations()).isTrue();
        }

        @Test
        void shouldGiveNothingAPlaceOnceTheDiskFailed() {
            outflow.fail();
            outflow.unpark();
            assertThat(outflow.takesOperations()).isFalse();
        }

        @Test
        void shouldGoLiveOnlyWhenEverythingWasSent() {
            assertThat(outflow.goLive(1, "s", seq(4), seq(5))).isEqualTo(Reached.NOT_YET);
            assertThat(outflow.live()).isEmpty();
            live("s", 5);
            assertThat(outflow.live()).contains("s");
        }

        @Test
        void shouldNotGoLiveByAPlanThatWasReplaced() {
            outflow.beginReplay(2);
            assertThat(outflow.replays(1)).isFalse();
            assertThat(outflow.goLive(1, "s", seq(5), seq(5))).isEqualTo(Reached.REPLACED);
        }

        @Test
        void shouldSendNothingLiveWhileAReplayBeginsAnew() {
            live("s", 5);
            outflow.beginReplay(2);
            assertThat(outflow.live()).isEmpty();
            assertThat(outflow.isInOrder("s")).isFalse();
        }

        @Test
        void shouldSendNothingToASessionThatHasEnded() {
            live("s", 5);
            outflow.sessionEnded("another");
            assertThat(outflow.live()).contains("s");
            outflow.sessionEnded("s");
            assertThat(outflow.live()).isEmpty();
        }

        @Test
        void shouldSendNothingAsWriterOnceItIsNot() {
            live("s", 5);
            outflow.stopWriting();
            assertThat(outflow.live()).isEmpty();
            assertThat(outflow.replays(1)).isFalse();
            assertThat(outflow.isInOrder("s")).isTrue();
        }

        @Test
        void shouldMarkAFlushOnceForAllThatItCovers() {
            assertThat(outflow.flushMark(seq(6), seq(9))).as("nobody is live").isEmpty();
            live("s", 5);
            assertThat(outflow.flushMark(seq(5), seq(9))).as("was sent with Live").isEmpty();
            assertThat(outflow.flushMark(seq(6), seq(9))).contains(seq(9));
            assertThat(outflow.flushMark(seq(9), seq(12))).isEmpty();
            assertThat(outflow.flushMark(seq(10), seq(12))).contains(seq(12));
        }
    }
}
