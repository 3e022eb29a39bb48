package io.leasehold.blockrep.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Event.PeerDurable;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Event.SessionClosed;
import io.leasehold.blockrep.replication.Event.SourceBegan;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.Envelope;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class SessionProtocolTest {
    private static final ClusterName CLUSTER = new ClusterName("lab");
    private static final NodeName ME = new NodeName("b");
    private static final NodeName PEER = new NodeName("a");
    private static final SessionId ID = new SessionId(7);
    private static final DeviceId MINE = new DeviceId(0, 2);
    private static final DeviceId THEIRS = new DeviceId(0, 1);
    private static final Lineage LINEAGE = Lineage.EMPTY.begin(1, new Seq(1), THEIRS);
    private static final Lineage LONGER = LINEAGE.begin(4, new Seq(5), THEIRS);
    private static final Root ROOT = new Root(1, 1);
    private static final Root OTHER_ROOT = new Root(2, 2);

    /** This node has four operations of epoch 1, and promised epoch 2. */
    private final Copy copy = new Copy();

    private final SessionProtocol protocol = new SessionProtocol(ID, CLUSTER, PEER, copy);

    private static final class Copy implements LocalCopy {
        private Standing standing = standingOf(ME, MINE, Role.SECONDARY, 2, 4);
        private Optional<String> rejection = Optional.empty();
        private boolean live;
        private RootCheck check = RootCheck.EQUAL;

        @Override
        public Standing standing() {
            return standing;
        }

        @Override
        public Optional<String> rejects(long frameEpoch) {
            return rejection;
        }

        @Override
        public boolean isLive() {
            return live;
        }

        @Override
        public RootCheck check(Seq seq, Root root) {
            return check;
        }
    }

    private static Standing standingOf(
            NodeName node, DeviceId device, Role role, long promised, long last) {
        return new Standing(
                node,
                device,
                role,
                promised,
                LINEAGE,
                new Seq(last),
                Seq.NONE,
                ROOT,
                Optional.empty());
    }

    private List<Order> when(long epoch, long seq, Frame frame) {
        return protocol.step(new Input.Arrived(new Envelope(epoch, new Seq(seq), frame)));
    }

    private List<Order> handled() {
        return protocol.step(new Input.Handled(false));
    }

    private static Frame.OperationIs operation(long writerEpoch) {
        return new Frame.OperationIs(RequestId.NONE, ROOT, writerEpoch, new byte[10]);
    }

    private void greet() {
        protocol.step(new Input.Opened());
        when(2, 9, new Frame.StandingIs(CLUSTER, standingOf(PEER, THEIRS, Role.PRIMARY, 2, 9)));
        assertThat(protocol.isGreeted()).isTrue();
    }

    private void receive() {
        greet();
        when(2, 4, new Frame.ReplayBegins(LINEAGE));
    }

    private Order announcement() {
        return new Order.Send(
                copy.standing.promisedEpoch(),
                copy.standing.last(),
                new Frame.StandingIs(CLUSTER, copy.standing));
    }

    private static Order told(ReplicationState state) {
        return new Order.Tell(new SourceBegan(ID, state));
    }

    private void assertViolation(List<Order> orders, String what) {
        assertThat(orders)
                .satisfiesExactly(
                        told ->
                                assertThat(told)
                                        .isInstanceOfSatisfying(
                                                Order.Send.class,
                                                send ->
                                                        assertThat(send.frame())
                                                                .isInstanceOf(
                                                                        Frame.Rejected.class)),
                        ended ->
                                assertThat(ended)
                                        .isInstanceOfSatisfying(
                                                Order.End.class,
                                                end -> {
                                                    assertThat(end.cause())
                                                            .isEqualTo(Order.Cause.VIOLATION);
                                                    assertThat(end.reason()).contains(what);
                                                }));
        assertThat(when(2, 0, new Frame.ClusterMessage(new byte[1])))
                .as("what still comes")
                .isEmpty();
    }

    @Nested
    class Hello {
        @Test
        void shouldSayFirstWhatThisCopyIs() {
            assertThat(protocol.step(new Input.Opened())).containsExactly(announcement());
        }

        @Test
        void shouldTellEverybodyBeforeItPlans() {
            protocol.step(new Input.Opened());
            var theirs = standingOf(PEER, THEIRS, Role.PRIMARY, 2, 9);
            var facts = PeerFacts.of(copy.standing, theirs);
            assertThat(when(2, 9, new Frame.StandingIs(CLUSTER, theirs)))
                    .containsExactly(new Order.Greeted(facts), new Order.CheckReplay(facts));
        }

        @Test
        void shouldTellTheChangeThatCameBeforeTheGreeting() {
            protocol.step(new Input.Opened());
            copy.standing = copy.standing.promising(3);
            assertThat(protocol.step(new Input.StandingChanged())).containsExactly(announcement());
        }

        @Test
        void shouldTakeNothingElseFirst() {
            protocol.step(new Input.Opened());
            assertViolation(when(2, 4, new Frame.ReplayBegins(LINEAGE)), "must be the standing");
        }

        @Test
        void shouldRefuseWhoIsNotItsOtherHalf() {
            protocol.step(new Input.Opened());
            assertViolation(
                    when(
                            2,
                            9,
                            new Frame.StandingIs(
                                    new ClusterName("other"),
                                    standingOf(PEER, THEIRS, Role.PRIMARY, 2, 9))),
                    "R30");
        }

        @Test
        void shouldRefuseAnotherName() {
            protocol.step(new Input.Opened());
            assertViolation(
                    when(
                            2,
                            9,
                            new Frame.StandingIs(
                                    CLUSTER,
                                    standingOf(new NodeName("c"), THEIRS, Role.PRIMARY, 2, 9))),
                    "R30");
        }

        @Test
        void shouldRefuseAClone() {
            protocol.step(new Input.Opened());
            assertViolation(
                    when(
                            2,
                            9,
                            new Frame.StandingIs(
                                    CLUSTER, standingOf(PEER, MINE, Role.PRIMARY, 2, 9))),
                    "clone");
        }
    }

    @Nested
    class AsTarget {
        @BeforeEach
        void open() {
            greet();
        }

        @Test
        void shouldPromiseAHigherEpochBeforeItActsOnIt() {
            assertThat(when(3, 4, new Frame.ReplayBegins(LINEAGE)))
                    .containsExactly(new Order.Promise(3), told(ReplicationState.REPLAY_TARGET));
        }

        @Test
        void shouldNotTakeBackByALineageWhatItPromisedByTheSameFrame() {
            copy.standing = standingOf(ME, MINE, Role.SECONDARY, 2, 5);
            assertThat(when(9, 5, new Frame.ReplayBegins(LONGER)))
                    .containsExactly(
                            new Order.Promise(9),
                            new Order.Sync(true),
                            new Order.AdoptLineage(LONGER, 9),
                            told(ReplicationState.REPLAY_TARGET));
        }

        @Test
        void shouldRejectAnEpochThatWasGivenUp() {
            copy.rejection = Optional.of("R2: no");
            assertThat(when(1, 4, new Frame.ReplayBegins(LINEAGE)))
                    .containsExactly(
                            new Order.NoteRejected("R2: no"),
                            new Order.Send(2, new Seq(4), new Frame.Rejected("R2: no")),
                            new Order.End("rejected: R2: no", Order.Cause.REFUSAL));
            assertThat(when(1, 5, operation(1))).isEmpty();
        }

        @Test
        void shouldEndTheSessionAsPrimaryWhenTheOtherOneWritesHigher() {
            copy.standing = standingOf(ME, MINE, Role.PRIMARY, 2, 4);
            assertThat(when(3, 4, new Frame.ReplayBegins(LINEAGE)))
                    .singleElement()
                    .isInstanceOf(Order.End.class);
        }

        @Test
        void shouldSayAgainWhereItIsAndDropWhatIsMeantForAnotherPlace() {
            assertThat(when(2, 3, new Frame.ReplayBegins(LINEAGE))).containsExactly(announcement());
            assertThat(when(2, 4, operation(1))).isEmpty();
            assertThat(when(2, 4, new Frame.Flush(Seq.NONE))).isEmpty();
            assertThat(handled()).isEmpty();
            assertThat(when(2, 4, new Frame.ReplayBegins(LINEAGE)))
                    .containsExactly(told(ReplicationState.REPLAY_TARGET));
        }

        @Test
        void shouldNotTakeOperationsThatBeginNowhere() {
            assertViolation(when(2, 5, operation(1)), "without a begin");
        }
    }

    @Nested
    class Receiving {
        @BeforeEach
        void begin() {
            receive();
        }

        @Test
        void shouldAppendWhatFollows() {
            var operation = operation(1);
            assertThat(when(2, 5, operation))
                    .containsExactly(new Order.MakeRoom(), new Order.Append(new Seq(5), operation));
        }

        @Test
        void shouldTakeTheLineageBeforeTheFirstOperationOfAnEpoch() {
            when(2, 4, new Frame.ReplayBegins(LONGER));
            copy.standing = standingOf(ME, MINE, Role.SECONDARY, 2, 5);
            assertThat(when(4, 6, operation(4)))
                    .startsWith(
                            new Order.Promise(4),
                            new Order.Sync(true),
                            new Order.AdoptLineage(LONGER, 4));
        }

        /** R26: else a loss of power takes the operations, and leaves the epoch behind them. */
        @Test
        void shouldMakeDurableWhatAnEpochBeginsBehindBeforeItTakesTheEpoch() {
            when(2, 4, new Frame.ReplayBegins(LONGER));
            when(2, 5, operation(2));
            copy.standing = standingOf(ME, MINE, Role.SECONDARY, 2, 5);
            assertThat(when(4, 5, new Frame.Live()))
                    .containsExactly(
                            new Order.Promise(4),
                            new Order.Sync(true),
                            new Order.AdoptLineage(LONGER, 4),
                            told(ReplicationState.MIRRORING));
        }

        @Test
        void shouldNotTakeAnOperationOutOfOrder() {
            assertViolation(when(2, 6, operation(1)), "operation 6 behind 4");
        }

        @Test
        void shouldAnswerAFlushWhenDurableAndOnlyThenApply() {
            when(2, 5, operation(1));
            protocol.step(new Input.Appended(new Seq(5), 10, true));
            assertThat(handled()).isEmpty();
            when(2, 5, new Frame.Flush(Seq.NONE));
            assertThat(protocol.step(new Input.Handled(true))).isEmpty();
            assertThat(handled()).containsExactly(new Order.Sync(true));
            assertThat(protocol.step(new Input.Synced(new Seq(5), OTHER_ROOT, true)))
                    .containsExactly(
                            new Order.Send(2, new Seq(5), new Frame.Durable(OTHER_ROOT)),
                            new Order.Apply());
            assertThat(handled()).isEmpty();
        }

        @Test
        void shouldNotLetMoreAndMoreWaitForAFlush() {
            protocol.step(
                    new Input.Appended(new Seq(5), SessionProtocol.UNSYNCED_BYTES_MAX + 1, true));
            assertThat(protocol.step(new Input.Handled(true)))
                    .containsExactly(new Order.Sync(true));
        }

        @Test
        void shouldNotLetManyOperationsWaitForAFlush() {
            for (int i = 0; i < SessionProtocol.BATCH_OPERATIONS_MAX; i++) {
                protocol.step(new Input.Appended(new Seq(5 + i), 1, true));
                assertThat(protocol.step(new Input.Handled(true))).isEmpty();
            }
            protocol.step(new Input.Appended(new Seq(1_000), 1, true));
            assertThat(protocol.step(new Input.Handled(true)))
                    .containsExactly(new Order.Sync(true));
        }

        @Test
        void shouldReportAnOperationThatLeadsElsewhereAndEndTheSession() {
            when(2, 5, operation(1));
            assertThat(protocol.step(new Input.Appended(new Seq(5), 10, false)))
                    .satisfiesExactly(
                            report -> assertThat(report).isInstanceOf(Order.ReportDivergence.class),
                            end -> assertThat(end).isInstanceOf(Order.End.class));
        }

        @Test
        void shouldCompareTheRootOfASignOfLife() {
            assertThat(when(2, 4, new Frame.Alive(ROOT)))
                    .containsExactly(new Order.NoteRootsEqual(new Seq(4)));
            assertThat(when(2, 3, new Frame.Alive(OTHER_ROOT))).isEmpty();
            assertThat(when(2, 4, new Frame.Alive(OTHER_ROOT)).getFirst())
                    .isInstanceOf(Order.ReportDivergence.class);
        }

        @Test
        void shouldTakeNothingMoreOnceThisNodeSettles() {
            assertThat(protocol.step(new Input.Settling())).containsExactly(new Order.Sync(false));
            assertThat(protocol.step(new Input.Synced(new Seq(4), ROOT, true)))
                    .as("nobody is told")
                    .containsExactly(new Order.Apply());
            assertViolation(when(2, 5, operation(1)), "without a begin");
        }

        @Test
        void shouldVerifyBehindEverythingThatCame() {
            var piece = new Frame.VerifyPiece(1, 0, 0, 0, new byte[0]);
            assertThat(when(2, 4, piece))
                    .containsExactly(
                            new Order.Sync(true), new Order.AnswerVerify(2, new Seq(4), piece));
        }

        @Test
        void shouldTellWhatTheRecordSays() {
            assertThat(when(2, 4, new Frame.Live()))
                    .containsExactly(told(ReplicationState.MIRRORING));
            assertThat(when(2, 4, new Frame.InSync(true)))
                    .containsExactly(told(ReplicationState.ESTABLISHED));
            assertThat(when(2, 4, new Frame.InSync(false)))
                    .containsExactly(told(ReplicationState.MIRRORING));
        }

        @Test
        void shouldNotTakeAPartOfACompareThatHasNotBegun() {
            assertViolation(when(2, 4, new Frame.Chunk(1, 0, new byte[1])), "has not begun");
        }
    }

    @Nested
    class Comparing {
        private final Frame.CompareBegins begins = new Frame.CompareBegins("R25", true, ROOT);

        @BeforeEach
        void begin() {
            receive();
        }

        @Test
        void shouldFinishWhatItReceivedThenBuildAShadow() {
            assertThat(when(2, 9, begins))
                    .containsExactly(
                            new Order.Sync(false),
                            new Order.BeginCompare(2, new Seq(9), begins),
                            told(ReplicationState.COMPARE_TARGET));
            assertThat(protocol.isComparing()).isTrue();
            assertThat(protocol.step(new Input.Synced(new Seq(4), ROOT, true)))
                    .containsExactly(new Order.Apply());
        }

        @Test
        void shouldTakeThePartsAndSayWhereItStandsInTheEnd() {
            when(2, 9, begins);
            var part = new Frame.ManifestPart(new byte[1], true);
            assertThat(when(2, 9, part)).containsExactly(new Order.TakePart(new Seq(9), part));
            var ends = new Frame.CompareEnds(ROOT, LINEAGE);
            assertThat(when(2, 9, ends)).containsExactly(new Order.EndCompare(new Seq(9), ends));
            copy.standing = standingOf(ME, MINE, Role.SECONDARY, 2, 9);
            assertThat(protocol.step(new Input.CompareEnded())).containsExactly(announcement());
            assertThat(protocol.isComparing()).isFalse();
        }

        @Test
        void shouldNotBeginTwoInOneSession() {
            when(2, 9, begins);
            assertViolation(when(2, 9, begins), "another one");
            assertThat(protocol.step(new Input.Closed("over")))
                    .contains(new Order.AbandonCompare());
        }

        @Test
        void shouldTakeNoReplayInBetween() {
            when(2, 9, begins);
            assertViolation(when(2, 4, new Frame.ReplayBegins(LINEAGE)), "replay");
        }

        @Test
        void shouldTakeNoOperationInBetween() {
            when(2, 9, begins);
            assertViolation(when(2, 5, operation(1)), "within a compare");
        }

        @Test
        void shouldThrowTheShadowAwayWithTheSession() {
            when(2, 9, begins);
            assertThat(protocol.step(new Input.Closed("link lost")))
                    .containsExactly(
                            new Order.Sync(false),
                            new Order.AbandonCompare(),
                            new Order.Tell(new SessionClosed(ID, "link lost")),
                            new Order.Farewell("link lost"));
            assertThat(protocol.isComparing()).isFalse();
        }
    }

    @Nested
    class AsSource {
        @BeforeEach
        void open() {
            greet();
            copy.live = true;
        }

        @Test
        void shouldTellWhatTheTargetHasDurably() {
            assertThat(when(2, 4, new Frame.Durable(ROOT)))
                    .containsExactly(
                            new Order.NoteRootsEqual(new Seq(4)),
                            new Order.Tell(new PeerDurable(ID, new Seq(4), RootCheck.EQUAL)));
        }

        @Test
        void shouldTellADifferenceThatASignOfLifeShows() {
            copy.check = RootCheck.DIFFERENT;
            assertThat(when(2, 4, new Frame.Alive(OTHER_ROOT)))
                    .containsExactly(
                            new Order.Tell(new PeerDurable(ID, new Seq(4), RootCheck.DIFFERENT)));
        }

        @Test
        void shouldLearnNothingFromASignOfLifeWithoutAPlace() {
            assertThat(when(2, 0, new Frame.Alive(Root.EMPTY))).isEmpty();
            copy.check = RootCheck.UNKNOWN;
            assertThat(when(2, 4, new Frame.Alive(ROOT))).isEmpty();
        }

        @Test
        void shouldPlanAnewWhenThePeerIsAnotherOne() {
            var theirs = standingOf(PEER, THEIRS, Role.SECONDARY, 2, 4);
            assertThat(when(2, 4, new Frame.StandingIs(CLUSTER, theirs)))
                    .containsExactly(new Order.CheckReplay(PeerFacts.of(copy.standing, theirs)));
        }

        @Test
        void shouldEndWhenThePeerRejectsIt() {
            assertThat(when(3, 4, new Frame.Rejected("R2: epoch 2")))
                    .containsExactly(
                            new Order.End("the peer rejects us: R2: epoch 2", Order.Cause.REFUSAL));
        }
    }

    @Nested
    class TheEnd {
        @Test
        void shouldTellThePeerThatItsBytesAreNoFrame() {
            greet();
            assertViolation(protocol.step(new Input.Malformed("frame of type 99")), "type 99");
        }

        /** Else the side that dials would come again at once, and its log would not say why. */
        @Test
        void shouldTellThePeerThatThisNodeCannotGoOn() {
            greet();
            assertThat(protocol.step(new Input.Failed("no space left")))
                    .containsExactly(
                            new Order.Send(
                                    2,
                                    new Seq(4),
                                    new Frame.Rejected("it cannot go on: no space left")),
                            new Order.End(
                                    "this node cannot go on with the session: no space left",
                                    Order.Cause.FAILURE));
            assertThat(protocol.step(new Input.Failed("no space left"))).as("again").isEmpty();
            assertThat(protocol.step(new Input.Malformed("of an ended session"))).isEmpty();
        }

        @Test
        void shouldTellNobodyOfASessionThatWasNeverGreeted() {
            protocol.step(new Input.Opened());
            assertThat(protocol.step(new Input.Closed("garbage")))
                    .containsExactly(new Order.Sync(false));
        }

        @Test
        void shouldStopAProcessThatBringsWhatCannotBe() {
            assertThatThrownBy(() -> when(2, 4, new Frame.Live()))
                    .isInstanceOf(IllegalStateException.class);
            greet();
            assertThatThrownBy(() -> protocol.step(new Input.Opened()))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> protocol.step(new Input.CompareEnded()))
                    .isInstanceOf(IllegalStateException.class);
            protocol.step(new Input.Closed("over"));
            assertThatThrownBy(() -> when(2, 4, new Frame.Live()))
                    .isInstanceOf(IllegalStateException.class);
        }
    }
}
