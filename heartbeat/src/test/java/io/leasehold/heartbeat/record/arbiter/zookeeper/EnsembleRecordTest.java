package io.leasehold.heartbeat.record.arbiter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class EnsembleRecordTest {
    private static final long MILLI = 1_000_000L;
    private static final NodeName A = new NodeName("dhcp1");
    private static final NodeName B = new NodeName("dhcp2");

    private final FakeEnsemble ensemble = new FakeEnsemble();
    private final Node a = new Node(A);
    private final Node b = new Node(B);
    private long now = 1_000 * MILLI;

    private static ClusterRecord record(
            long epoch, long gen, NodeName primary, NodeName... inSync) {
        return new ClusterRecord(
                ArbitrationMode.ZOOKEEPER,
                new Epoch(epoch),
                Optional.of(primary),
                Set.of(inSync),
                new Generation(gen),
                new RequestId(primary, gen));
    }

    /** A machine whose requests the test carries to the ensemble, or loses. */
    private final class Node {
        private final NodeName name;
        private final EnsembleRecord machine;
        private final List<EnsembleRequest> sent = new ArrayList<>();
        private final List<Step> told = new ArrayList<>();
        private Optional<ClusterRecord> next = Optional.empty();

        private Node(NodeName name) {
            this.name = name;
            this.machine = new EnsembleRecord(now, EnsembleTiming.defaults());
        }

        void wish(Change change, ClusterRecord wanted) {
            wish(change, wanted, 0);
        }

        void wish(Change change, ClusterRecord wanted, long patienceNanos) {
            next = Optional.of(wanted);
            machine.wish(change, patienceNanos);
            advance();
        }

        void advance() {
            take(machine.advance(now));
        }

        void hear(EnsembleEvent event) {
            take(machine.heard(now, event));
            advance();
        }

        private void take(List<Step> steps) {
            for (var step : steps) {
                switch (step) {
                    case Step.Ask(var request) -> sent.add(request);
                    case Step.Decide(var change, _) ->
                            next.ifPresent(wanted -> take(machine.propose(now, change, wanted)));
                    case Step.Seen _,
                            Step.Won _,
                            Step.Lost _,
                            Step.Confirmed _,
                            Step.PeerConfirms _,
                            Step.ConnectionChanged _,
                            Step.Trouble _ ->
                            told.add(step);
                }
            }
        }

        /** What was asked last and not carried yet. */
        EnsembleRequest take() {
            return sent.removeFirst();
        }

        void carry() {
            hear(ensemble.execute(take()));
        }

        /** Carries everything until nothing is asked any more. */
        void carryAll() {
            while (!sent.isEmpty()) {
                carry();
            }
        }

        <T extends Step> List<T> told(Class<T> type) {
            return told.stream().filter(type::isInstance).map(type::cast).toList();
        }
    }

    private void later(long nanos) {
        now += nanos;
        a.advance();
        b.advance();
    }

    @BeforeEach
    void connectToARecordOfAWithB() {
        ensemble.execute(new EnsembleRequest.Write(0, record(5, 9, A, A, B), ZnodeVersion.ABSENT));
        for (var node : List.of(a, b)) {
            node.hear(new EnsembleEvent.Connected());
            node.carryAll();
            node.told.clear();
        }
    }

    @Nested
    class WhenEverythingAnswers {
        @Test
        void shouldWinByOneWriteOnWhatItSawLast() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            a.carryAll();

            assertThat(a.told(Step.Won.class)).hasSize(1);
            assertThat(ensemble.record()).contains(record(5, 10, A, A));
            assertThat(ensemble.version()).isEqualTo(new ZnodeVersion(1));
        }

        @Test
        void shouldLetOnlyOneOfShrinkAndTakeoverWin() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            b.wish(Change.TAKE_OVER, record(6, 10, B, B));
            a.carry();
            b.next = Optional.empty();
            b.carryAll();

            assertThat(a.told(Step.Won.class)).hasSize(1);
            assertThat(b.told(Step.Won.class)).isEmpty();
            assertThat(b.told(Step.Lost.class)).hasSize(1);
            assertThat(b.told(Step.Seen.class))
                    .last()
                    .isEqualTo(new Step.Seen(Optional.of(record(5, 10, A, A))));
        }

        @Test
        void shouldAskAgainALittleLaterWhileTheAnswerIsNo() {
            b.next = Optional.empty();
            b.machine.wish(Change.TAKE_OVER, 0);
            b.advance();

            assertThat(b.sent).isEmpty();
            later(250 * MILLI);
            assertThat(b.sent).hasSize(1).first().isInstanceOf(EnsembleRequest.Look.class);
        }

        @Test
        void shouldConfirmByAWriteThatChangesNothing() {
            a.machine.confirm(record(5, 9, A, A, B));
            var sentNanos = now;
            a.advance();
            now += 40 * MILLI;
            a.carryAll();

            assertThat(a.told).containsExactly(new Step.Confirmed(sentNanos));
            assertThat(ensemble.version()).isEqualTo(new ZnodeVersion(1));
            assertThat(ensemble.record()).contains(record(5, 9, A, A, B));
        }

        @Test
        void shouldNotConfirmARecordThatIsNotTheOneInTheEnsemble() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B));
            b.carryAll();
            a.machine.confirm(record(5, 9, A, A, B));
            a.advance();
            a.carryAll();

            assertThat(a.told(Step.Confirmed.class)).isEmpty();
            assertThat(a.told(Step.Seen.class))
                    .last()
                    .isEqualTo(new Step.Seen(Optional.of(record(6, 10, B, B))));
            assertThat(ensemble.record()).contains(record(6, 10, B, B));
        }
    }

    @Nested
    class WhenAnEarlierProcessMayHaveAsked {
        /** It died with its request on the way, and nobody knows any more that there was one. */
        @Test
        void shouldVoidThatBeforeItIsSettled() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B));
            var late = b.take();

            var successor = new Node(B);
            successor.machine.settleFirst();
            successor.hear(new EnsembleEvent.Connected());
            successor.carry();
            assertThat(successor.machine.isSettled()).as("a look voids nothing").isFalse();
            successor.carryAll();

            assertThat(successor.machine.isSettled()).isTrue();
            assertThat(ensemble.execute(late)).isInstanceOf(EnsembleEvent.VersionMismatch.class);
            assertThat(ensemble.record()).contains(record(5, 9, A, A, B));
        }

        @Test
        void shouldSeeWhatWasTakenMeanwhile() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B));
            var late = b.take();

            var successor = new Node(B);
            successor.machine.settleFirst();
            successor.hear(new EnsembleEvent.Connected());
            successor.carry();
            ensemble.execute(late);
            successor.carryAll();

            assertThat(successor.machine.isSettled()).isTrue();
            assertThat(successor.told(Step.Seen.class))
                    .last()
                    .isEqualTo(new Step.Seen(Optional.of(record(6, 10, B, B))));
        }
    }

    @Nested
    class WhenTheAnswerIsMissing {
        @Test
        void shouldWinByWritingAgainIfTheRequestWasExecuted() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            ensemble.execute(a.take());
            a.hear(new EnsembleEvent.Suspended("connection reset"));

            assertThat(a.machine.isUndecided()).isTrue();
            a.hear(new EnsembleEvent.Connected());
            a.carry();
            assertThat(a.told(Step.Won.class)).as("seeing it is no proof").isEmpty();
            a.carryAll();

            assertThat(a.told(Step.Won.class)).hasSize(1);
            assertThat(ensemble.version()).isEqualTo(new ZnodeVersion(2));
        }

        @Test
        void shouldMakeTheLateRequestVoidIfItWasNotExecutedYet() {
            a.wish(Change.ADMIT_PEER, record(5, 10, A, A, B));
            var late = a.take();
            later(300 * MILLI);
            later(10 * MILLI);
            a.carryAll();

            assertThat(a.told(Step.Won.class)).hasSize(1);
            assertThat(ensemble.execute(late)).isInstanceOf(EnsembleEvent.VersionMismatch.class);
        }

        @Test
        void shouldWinWhenTheLateRequestComesBetweenLookAndWrite() {
            a.wish(Change.ADMIT_PEER, record(5, 10, A, A, B));
            var late = a.take();
            later(300 * MILLI);
            later(10 * MILLI);
            a.carry();
            ensemble.execute(late);
            a.carryAll();

            assertThat(a.told(Step.Won.class)).hasSize(1);
            assertThat(a.told(Step.Lost.class)).isEmpty();
            assertThat(ensemble.record()).contains(record(5, 10, A, A, B));
        }

        /** H3: the grow was taken, then overwritten by a takeover. */
        @Test
        void shouldLoseToTheRecordThatOverwroteIt() {
            a.wish(Change.ADMIT_PEER, record(5, 10, A, A, B));
            ensemble.execute(a.take());
            a.hear(new EnsembleEvent.Suspended("connection reset"));
            b.wish(Change.TAKE_OVER, record(6, 11, B, B));
            b.carryAll();
            a.next = Optional.empty();
            a.hear(new EnsembleEvent.Connected());
            a.carryAll();

            assertThat(a.told(Step.Won.class)).isEmpty();
            assertThat(a.told(Step.Lost.class)).hasSize(1);
            assertThat(a.machine.isUndecided()).isFalse();
            assertThat(ensemble.record()).contains(record(6, 11, B, B));
        }

        @Test
        void shouldIgnoreAnAnswerThatComesTooLate() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            var first = a.take();
            var answer = ensemble.execute(first);
            later(300 * MILLI);
            a.hear(answer);

            assertThat(a.told(Step.Won.class)).as("it was given up, so it is settled").isEmpty();
            later(10 * MILLI);
            a.carryAll();
            assertThat(a.told(Step.Won.class)).hasSize(1);
        }

        @Test
        void shouldVoidARequestThatNobodyWishesAnyMore() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B));
            var late = b.take();
            b.machine.dropWish();
            later(300 * MILLI);

            assertThat(b.machine.isQuiet()).as("it may not promise yet").isFalse();
            later(10 * MILLI);
            b.carryAll();

            assertThat(b.told(Step.Lost.class)).extracting(Step.Lost::reason).contains("withdrawn");
            assertThat(b.machine.isQuiet()).isTrue();
            assertThat(ensemble.execute(late)).isInstanceOf(EnsembleEvent.VersionMismatch.class);
            assertThat(ensemble.record()).contains(record(5, 9, A, A, B));
        }

        @Test
        void shouldOwnUpToARequestThatWasTakenThoughNobodyWishesItAnyMore() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B));
            ensemble.execute(b.take());
            b.machine.dropWish();
            later(300 * MILLI);
            later(10 * MILLI);
            b.carryAll();

            assertThat(b.told(Step.Won.class)).hasSize(1);
        }

        @Test
        void shouldNotTakeAConfirmationForGranted() {
            a.machine.confirm(record(5, 9, A, A, B));
            a.advance();
            ensemble.execute(a.take());
            a.hear(new EnsembleEvent.Suspended("connection reset"));

            assertThat(a.told(Step.Confirmed.class)).isEmpty();
            a.hear(new EnsembleEvent.Connected());
            var sentAgainNanos = now;
            a.carryAll();
            assertThat(a.told(Step.Confirmed.class))
                    .containsExactly(new Step.Confirmed(sentAgainNanos));
        }

        @Test
        void shouldPauseLongerAndLongerButWithinABound() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            var asks = 0;
            for (var end = now + 10_000 * MILLI; now < end; ) {
                var due = a.machine.nextDeadlineNanos().orElseThrow();
                assertThat(due).isGreaterThan(now);
                later(due - now);
                asks += a.sent.size();
                a.sent.forEach(request ->
                        a.machine.heard(
                                now, new EnsembleEvent.Unknown(request.number(), "no leader")));
                a.sent.clear();
            }
            assertThat(asks).isBetween(30, 60);
            assertThat(a.machine.isUndecided()).isTrue();
        }
    }

    @Nested
    class WhenAnotherWriteCameFirst {
        private final ClusterRecord old = record(5, 9, A, A, B);

        /** A member that is left behind: it shows an old record, and its leader refuses. */
        private EnsembleEvent leftBehind(EnsembleRequest request) {
            return switch (request) {
                case EnsembleRequest.Look(var number) ->
                        new EnsembleEvent.Found(number, Optional.of(old), new ZnodeVersion(0));
                case EnsembleRequest.Write(var number, _, _) ->
                        new EnsembleEvent.VersionMismatch(number);
            };
        }

        private void overtake() {
            ensemble.execute(new EnsembleRequest.Write(0, old, ensemble.version()));
        }

        @Test
        void shouldLookAtOnce() {
            overtake();
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            a.carryAll();

            assertThat(a.told(Step.Lost.class)).hasSize(1);
            assertThat(a.told(Step.Won.class)).hasSize(1);
        }

        @Test
        void shouldPauseLongerAndLongerButWithinABoundIfALookDoesNotShowIt() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            var asks = 0;
            for (var end = now + 10_000 * MILLI; now < end; ) {
                while (!a.sent.isEmpty()) {
                    asks++;
                    a.hear(leftBehind(a.take()));
                }
                var due = a.machine.nextDeadlineNanos().orElseThrow();
                assertThat(due).isGreaterThan(now);
                later(due - now);
            }

            assertThat(asks).as("looks and writes in 10 s").isBetween(60, 100);
        }

        @Test
        void shouldNotPauseAnyMoreAfterAWriteThatWasTaken() {
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            while (!a.sent.isEmpty()) {
                a.hear(leftBehind(a.take()));
            }
            later(10 * MILLI);
            a.carryAll();
            assertThat(a.told(Step.Won.class)).hasSize(1);

            overtake();
            a.wish(Change.ADMIT_PEER, record(5, 11, A, A, B));
            a.carryAll();
            assertThat(a.told(Step.Won.class)).as("the first look comes at once again").hasSize(2);
        }
    }

    @Nested
    class WhenTheConnectionIsLost {
        @Test
        void shouldAskNothingUntilItIsBackAndThenLookFirst() {
            a.hear(new EnsembleEvent.Suspended("session expired"));
            a.wish(Change.GO_ALONE, record(5, 10, A, A));
            later(1_000 * MILLI);

            assertThat(a.sent).isEmpty();
            a.hear(new EnsembleEvent.Connected());
            assertThat(a.sent).hasSize(1).first().isInstanceOf(EnsembleRequest.Look.class);
        }

        @Test
        void shouldTellItOnce() {
            a.hear(new EnsembleEvent.Suspended("connection reset"));
            a.hear(new EnsembleEvent.Suspended("session expired"));

            assertThat(a.told)
                    .containsExactly(new Step.ConnectionChanged(false, "connection reset"));
            assertThat(a.machine.describe())
                    .isEqualTo("the ensemble cannot be reached: session expired");
        }
    }

    /** R15: the primary is not heard, but it confirms. */
    @Nested
    class WhenItIsPatient {
        private static final long PATIENCE = 200 * MILLI;

        @Test
        void shouldStayAsLongAsTheRecordIsConfirmed() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B), PATIENCE);
            for (int round = 0; round < 20; round++) {
                b.carryAll();
                a.machine.confirm(record(5, 9, A, A, B));
                a.advance();
                a.carryAll();
                later(PATIENCE);
            }

            assertThat(b.told(Step.Won.class)).isEmpty();
            assertThat(b.told(Step.PeerConfirms.class)).hasSize(19);
        }

        @Test
        void shouldTakeOverOnceTheRecordWasLeftAlone() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B), PATIENCE);
            b.carryAll();

            assertThat(b.machine.nextDeadlineNanos()).hasValue(now + PATIENCE);
            later(PATIENCE);
            b.carryAll();
            assertThat(b.told(Step.Won.class)).hasSize(1);
        }

        @Test
        void shouldBeginAnewAfterTheWishWasDropped() {
            b.wish(Change.TAKE_OVER, record(6, 10, B, B), PATIENCE);
            b.carryAll();
            b.machine.dropWish();
            later(PATIENCE);
            b.wish(Change.TAKE_OVER, record(6, 10, B, B), PATIENCE);
            b.carryAll();

            assertThat(b.told(Step.Won.class)).isEmpty();
        }
    }

    @Nested
    class WhenTheEnsembleRefuses {
        @Test
        void shouldSayItOnceAndTryAgain() {
            for (int round = 0; round < 3; round++) {
                a.wish(Change.GO_ALONE, record(5, 10, A, A));
                a.hear(new EnsembleEvent.Refused(a.take().number(), "NoAuth"));
                later(500 * MILLI);
                if (!a.sent.isEmpty()) {
                    a.hear(new EnsembleEvent.Refused(a.take().number(), "NoAuth"));
                    later(500 * MILLI);
                }
            }

            assertThat(a.told(Step.Trouble.class)).containsExactly(new Step.Trouble("NoAuth"));
            assertThat(a.machine.describe()).contains("NoAuth");
            a.carryAll();
            assertThat(a.told(Step.Won.class)).hasSize(1);
            assertThat(a.machine.describe()).isEqualTo("the ensemble answers");
        }
    }

    @Test
    void shouldCreateARecordThatIsNotThere() {
        var empty = new FakeEnsemble();
        var node = new Node(A);
        node.hear(new EnsembleEvent.Connected());
        node.hear(empty.execute(node.take()));
        node.wish(Change.TAKE_OVER, record(1, 1, A, A));
        node.hear(empty.execute(node.take()));

        assertThat(node.told(Step.Won.class)).hasSize(1);
        assertThat(empty.version()).isEqualTo(new ZnodeVersion(0));
    }

    @Test
    void shouldNotPromiseWhileItWishesAChange() {
        assertThat(b.machine.isQuiet()).isTrue();
        b.machine.wish(Change.TAKE_OVER, 0);
        assertThat(b.machine.isQuiet()).isFalse();
        b.machine.dropWish();
        assertThat(b.machine.isQuiet()).isTrue();
        assertThat(b.name).isEqualTo(B);
    }
}
