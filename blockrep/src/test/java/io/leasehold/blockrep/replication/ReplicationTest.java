package io.leasehold.blockrep.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.replication.Effect.CloseSession;
import io.leasehold.blockrep.replication.Effect.Complete;
import io.leasehold.blockrep.replication.Effect.RefusePeer;
import io.leasehold.blockrep.replication.Effect.ReportDivergence;
import io.leasehold.blockrep.replication.Effect.StartCompare;
import io.leasehold.blockrep.replication.Effect.StartReplay;
import io.leasehold.blockrep.replication.Effect.WantGrow;
import io.leasehold.blockrep.replication.Effect.WantShrink;
import io.leasehold.blockrep.replication.Event.CompareSent;
import io.leasehold.blockrep.replication.Event.Demoted;
import io.leasehold.blockrep.replication.Event.DiskFailed;
import io.leasehold.blockrep.replication.Event.FlushWanted;
import io.leasehold.blockrep.replication.Event.FoundDifferent;
import io.leasehold.blockrep.replication.Event.LocallyDurable;
import io.leasehold.blockrep.replication.Event.PeerDurable;
import io.leasehold.blockrep.replication.Event.PeerReady;
import io.leasehold.blockrep.replication.Event.Promised;
import io.leasehold.blockrep.replication.Event.Promoted;
import io.leasehold.blockrep.replication.Event.RecordChanged;
import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Event.SessionClosed;
import io.leasehold.blockrep.replication.Event.SourceBegan;
import io.leasehold.blockrep.replication.Event.Tick;
import io.leasehold.blockrep.replication.Event.WentLive;
import io.leasehold.blockrep.volume.Seq;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ReplicationTest {
    private static final NodeName ME = new NodeName("a");
    private static final NodeName PEER = new NodeName("b");
    private static final Set<NodeName> ALONE = Set.of(ME);
    private static final Set<NodeName> BOTH = Set.of(ME, PEER);
    private static final long TIMEOUT_NANOS = 1_000;
    private static final SessionId FIRST = new SessionId(1);
    private static final SessionId SECOND = new SessionId(2);
    private static final Lineage LINEAGE = Lineage.EMPTY.begin(1, new Seq(1), new DeviceId(0, 1));

    private final Replication machine = new Replication(ME, PEER, 1, TIMEOUT_NANOS);
    private long now = 5_000;

    private List<Effect> when(Event event) {
        return machine.step(now, event);
    }

    private static Seq seq(long value) {
        return new Seq(value);
    }

    private static Standing standing(Role role, long promised, long last) {
        return new Standing(
                PEER,
                new DeviceId(0, 2),
                role,
                promised,
                LINEAGE,
                seq(last),
                seq(last),
                Root.EMPTY,
                Optional.empty());
    }

    private static PeerReady ready(SessionId session, Relation relation, long last) {
        return ready(session, relation, last, ReplayCheck.POSSIBLE, false);
    }

    private static PeerReady ready(
            SessionId session,
            Relation relation,
            long last,
            ReplayCheck check,
            boolean splitBrain) {
        return new PeerReady(
                session,
                new PeerFacts(
                        standing(Role.SECONDARY, 1, last), relation, seq(last), true, splitBrain),
                check);
    }

    /** It has operations, and this copy has none. */
    private static PeerReady aheadOfNothing(boolean sameBeginning) {
        return new PeerReady(
                FIRST,
                new PeerFacts(
                        standing(Role.SECONDARY, 1, 11),
                        Relation.PEER_AHEAD,
                        Seq.NONE,
                        sameBeginning,
                        false),
                ReplayCheck.POSSIBLE);
    }

    private static PeerDurable acknowledged(long seq) {
        return new PeerDurable(FIRST, seq(seq), RootCheck.EQUAL);
    }

    /** Writer of epoch 2 with ten operations, alone. */
    private void promoteAlone() {
        when(new Promoted(2, ALONE, 1, seq(10), seq(10), Lineage.EMPTY));
    }

    /** The peer has everything and is live, but not in the record. */
    private void mirror() {
        promoteAlone();
        var replay = (StartReplay) when(ready(FIRST, Relation.PEER_BEHIND, 4)).getFirst();
        assertThat(replay.from()).isEqualTo(seq(5));
        when(new WentLive(FIRST, replay.plan(), seq(10)));
    }

    private void establish() {
        mirror();
        when(acknowledged(10));
        when(new RecordChanged(2, BOTH, 2));
        assertThat(machine.state()).isEqualTo(ReplicationState.ESTABLISHED);
    }

    /** The peer told where it stands when this node was not yet the writer of its own epoch. */
    @Nested
    class WhenPromotedInAnOpenSession {
        @Test
        void shouldCompareAPeerThatWasAheadByATail() {
            when(ready(FIRST, Relation.PEER_AHEAD, 11));

            assertThat(when(new Promoted(2, ALONE, 1, seq(10), seq(10), Lineage.EMPTY)))
                    .hasAtLeastOneElementOfType(StartCompare.class);
        }

        /** What was ahead then is here now: taken from the old word it would be a split brain. */
        @Test
        void shouldAskAnewHowAPeerStandsThatWasItsSource() {
            when(ready(FIRST, Relation.PEER_AHEAD, 11));
            when(new SourceBegan(FIRST, ReplicationState.ESTABLISHED));

            assertThat(when(new Promoted(2, ALONE, 1, seq(11), seq(11), Lineage.EMPTY)))
                    .containsExactly(
                            new CloseSession(
                                    FIRST, "the source of this session is not the writer any more"),
                            new Complete(seq(11)));
        }

        @Test
        void shouldRefuseAPeerOfWhichItHasNothing() {
            when(aheadOfNothing(false));

            assertThat(when(new Promoted(2, ALONE, 1, Seq.NONE, Seq.NONE, Lineage.EMPTY)))
                    .hasAtLeastOneElementOfType(RefusePeer.class);
        }

        /** A new pair whose writer lost its power at the very first operation. */
        @Test
        void shouldSetAsideATailBehindTheCommonBeginning() {
            when(aheadOfNothing(true));

            assertThat(when(new Promoted(2, ALONE, 1, Seq.NONE, Seq.NONE, Lineage.EMPTY)))
                    .filteredOn(StartCompare.class::isInstance)
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartCompare.class,
                            c -> {
                                assertThat(c.reason()).startsWith("R25");
                                assertThat(c.keepBranch()).isTrue();
                            });
        }
    }

    @Nested
    class WhenAlone {
        @BeforeEach
        void alone() {
            promoteAlone();
        }

        @Test
        void shouldCompleteWhatIsDurableHere() {
            assertThat(when(new FlushWanted(seq(11)))).isEmpty();
            assertThat(when(new LocallyDurable(seq(11)))).containsExactly(new Complete(seq(11)));
        }

        @Test
        void shouldCompleteNothingTwice() {
            when(new LocallyDurable(seq(11)));
            assertThat(when(new LocallyDurable(seq(11)))).isEmpty();
        }

        @Test
        void shouldCompleteNothingOnceTheDiskHasFailed() {
            when(new DiskFailed("EIO"));
            assertThat(when(new LocallyDurable(seq(11)))).isEmpty();
        }

        @Test
        void shouldCompleteNothingAfterADemotion() {
            when(new Demoted());
            assertThat(when(new LocallyDurable(seq(11)))).isEmpty();
        }
    }

    @Nested
    class WhenThePeerComes {
        @Test
        void shouldReplayWhatItLacks() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.PEER_BEHIND, 4)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartReplay.class, r -> assertThat(r.from()).isEqualTo(seq(5)));
        }

        @Test
        void shouldGoOnAloneWhileItReplays() {
            promoteAlone();
            when(ready(FIRST, Relation.PEER_BEHIND, 4));
            assertThat(when(new LocallyDurable(seq(11)))).containsExactly(new Complete(seq(11)));
        }

        @Test
        void shouldCompareWhenTheJournalDoesNotReachBack() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.PEER_BEHIND, 4, ReplayCheck.RECORDS_GONE, false)))
                    .singleElement()
                    .isInstanceOf(StartCompare.class);
        }

        @Test
        void shouldCompareWhenTheRootsDiffer() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.EQUAL, 10, ReplayCheck.ROOTS_DIFFER, false)))
                    .satisfiesExactly(
                            report -> assertThat(report).isEqualTo(new ReportDivergence(seq(10))),
                            start ->
                                    assertThat(start)
                                            .isInstanceOfSatisfying(
                                                    StartCompare.class,
                                                    c -> {
                                                        assertThat(c.keepBranch()).isTrue();
                                                        assertThat(c.common())
                                                                .as("nothing is believed")
                                                                .isEmpty();
                                                    }));
        }

        @Test
        void shouldKeepABranchOnlyIfThePeerHasSomethingOfItsOwn() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.PEER_BEHIND, 4, ReplayCheck.RECORDS_GONE, false)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartCompare.class,
                            c -> {
                                assertThat(c.keepBranch()).isFalse();
                                assertThat(c.common()).contains(seq(4));
                            });
        }

        @Test
        void shouldRollBackATailByComparing() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.DIVERGED, 12)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartCompare.class, c -> assertThat(c.reason()).startsWith("R25"));
        }

        @Test
        void shouldRefuseASplitBrain() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.DIVERGED, 12, ReplayCheck.POSSIBLE, true)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R29"));
            assertThat(machine.refusal()).isPresent();
            assertThat(machine.isSplitBrain()).isTrue();

            when(new Demoted());
            assertThat(machine.refusal()).isEmpty();
            assertThat(machine.isSplitBrain()).isFalse();
        }

        @Test
        void shouldNotDiscardWhatThePeerMayHaveAcknowledgedAlone() {
            promoteAlone();
            assertThat(when(acknowledgedAloneBehind(9)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R29"));
        }

        @Test
        void shouldSetAsideWhatAPersonHasGivenUp() {
            var forced = new Lineage(List.of(new Lineage.Entry(2, seq(11), new DeviceId(0, 1))));
            when(new Promoted(2, ALONE, 1, seq(10), seq(10), forced));
            assertThat(when(acknowledgedAloneBehind(9)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartCompare.class, c -> assertThat(c.reason()).startsWith("R21"));
        }

        /** An empty disk, forced: that the peer has all of it and more is what was decided. */
        @Test
        void shouldSetAsideWhatAPersonHasGivenUpForACopyWithoutAnything() {
            var forced = new Lineage(List.of(new Lineage.Entry(2, seq(1), new DeviceId(0, 1))));
            when(new Promoted(2, ALONE, 1, Seq.NONE, Seq.NONE, forced));
            assertThat(when(aheadOfNothing(false)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartCompare.class,
                            c -> {
                                assertThat(c.reason()).startsWith("R21");
                                assertThat(c.keepBranch()).isTrue();
                            });
        }

        @Test
        void shouldNotTakeAnEarlierDecisionForALaterSplitBrain() {
            var forced = new Lineage(List.of(new Lineage.Entry(2, seq(8), new DeviceId(0, 1))));
            when(new Promoted(3, ALONE, 1, seq(10), seq(10), forced));
            assertThat(when(acknowledgedAloneBehind(9)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R29"));
        }

        /** They share no operation, so the forced epoch begins behind what they share. */
        @Test
        void shouldNotTakeADecisionThatBothFollowForOneBetweenThem() {
            when(new Promoted(2, ALONE, 1, seq(10), seq(10), LINEAGE));
            assertThat(when(acknowledgedAloneBehind(0)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R29"));
        }

        private static PeerReady acknowledgedAloneBehind(long common) {
            var alone =
                    new Standing(
                            PEER,
                            new DeviceId(0, 2),
                            Role.SECONDARY,
                            1,
                            LINEAGE,
                            seq(12),
                            seq(12),
                            Root.EMPTY,
                            Optional.of(seq(8)));
            return new PeerReady(
                    FIRST,
                    new PeerFacts(alone, Relation.DIVERGED, seq(common), true, false),
                    ReplayCheck.POSSIBLE);
        }

        @Test
        void shouldRefuseAPeerThatIsAheadOrUnrelated() {
            promoteAlone();
            assertThat(when(ready(FIRST, Relation.PEER_AHEAD, 12)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R24"));
            assertThat(when(ready(SECOND, Relation.UNRELATED, 12)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R30"));
        }

        @Test
        void shouldRefuseAPeerThatPromisedAHigherEpoch() {
            promoteAlone();
            var facts =
                    new PeerFacts(
                            standing(Role.SECONDARY, 3, 10), Relation.EQUAL, seq(10), true, false);
            assertThat(when(new PeerReady(FIRST, facts, ReplayCheck.POSSIBLE)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R2"));
        }

        @Test
        void shouldRefuseAnotherWriter() {
            promoteAlone();
            var facts =
                    new PeerFacts(
                            standing(Role.PRIMARY, 1, 10), Relation.EQUAL, seq(10), true, false);
            assertThat(when(new PeerReady(FIRST, facts, ReplayCheck.POSSIBLE)))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            RefusePeer.class, r -> assertThat(r.reason()).startsWith("R1"));
        }

        @Test
        void shouldNotBeASourceAsSecondary() {
            assertThat(when(ready(FIRST, Relation.PEER_BEHIND, 4))).isEmpty();
        }

        @Test
        void shouldPlanAnewWhenACompareHasEnded() {
            promoteAlone();
            when(ready(FIRST, Relation.DIVERGED, 12));
            when(new CompareSent(FIRST, seq(9), Root.EMPTY));
            assertThat(when(ready(FIRST, Relation.PEER_BEHIND, 9)))
                    .singleElement()
                    .isInstanceOf(StartReplay.class);
        }

        /** The peer announces itself for other reasons too: as soon as it learns of the record. */
        @Test
        void shouldNotBeginASecondCompareInTheSameSession() {
            promoteAlone();
            when(ready(FIRST, Relation.DIVERGED, 12));
            assertThat(when(ready(FIRST, Relation.DIVERGED, 12))).isEmpty();
            when(new CompareSent(FIRST, seq(10), Root.EMPTY));
            assertThat(when(ready(FIRST, Relation.DIVERGED, 12))).isEmpty();
            assertThat(machine.state()).isEqualTo(ReplicationState.COMPARE_SOURCE);
        }

        @Test
        void shouldCompareAnewInTheNextSession() {
            promoteAlone();
            when(ready(FIRST, Relation.DIVERGED, 12));
            assertThat(when(ready(SECOND, Relation.DIVERGED, 12)))
                    .singleElement()
                    .isInstanceOf(StartCompare.class);
        }

        /** What the target still answers to it must not reach the compare of the next epoch. */
        @Test
        void shouldEndTheSessionOfACompareWithItsEpoch() {
            promoteAlone();
            when(ready(FIRST, Relation.DIVERGED, 12));
            assertThat(when(new Demoted()))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            CloseSession.class, c -> assertThat(c.session()).isEqualTo(FIRST));
            assertThat(when(new Promoted(3, ALONE, 2, seq(10), seq(10), Lineage.EMPTY)))
                    .noneMatch(StartCompare.class::isInstance);
        }

        @Test
        void shouldIgnoreTheEndOfAReplacedReplay() {
            promoteAlone();
            var replaced = (StartReplay) when(ready(FIRST, Relation.PEER_BEHIND, 4)).getFirst();
            when(ready(FIRST, Relation.PEER_BEHIND, 6));
            assertThat(when(new WentLive(FIRST, replaced.plan(), seq(10)))).isEmpty();
            assertThat(machine.isLive()).isFalse();
        }
    }

    /** R10. */
    @Nested
    class WhenThePeerIsMirrored {
        @BeforeEach
        void mirrored() {
            mirror();
        }

        @Test
        void shouldNeedItsAcknowledgement() {
            when(new FlushWanted(seq(11)));
            assertThat(when(new LocallyDurable(seq(11)))).isEmpty();
            assertThat(when(acknowledged(11)))
                    .containsExactly(new Complete(seq(11)), new WantGrow(seq(11)));
        }

        @Test
        void shouldNotAskToGrowBeforeTheRootsAreKnownToBeEqual() {
            assertThat(when(new PeerDurable(FIRST, seq(10), RootCheck.UNKNOWN))).isEmpty();
            assertThat(when(new PeerDurable(FIRST, seq(10), RootCheck.EQUAL)))
                    .containsExactly(new WantGrow(seq(10)));
        }

        @Test
        void shouldNotAskToGrowForAnAcknowledgementFromBeforeItWasLive() {
            assertThat(when(acknowledged(9))).isEmpty();
        }

        @Test
        void shouldGoOnAloneWhenItIsLostBeforeTheGrowWasAskedFor() {
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            assertThat(when(new SessionClosed(FIRST, "cut")))
                    .containsExactly(new Complete(seq(11)));
        }

        @Test
        void shouldNeedBothFromTheMomentTheGrowWasAskedFor() {
            when(acknowledged(10));
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            // The record may have been changed already, or may be changed by a late request (H2).
            assertThat(when(new SessionClosed(FIRST, "cut")))
                    .containsExactly(new WantShrink("session lost: cut"));
            assertThat(when(new RecordChanged(2, ALONE, 1))).containsExactly(new Complete(seq(11)));
        }

        @Test
        void shouldAskOnceAndAgainOnlyAfterAPause() {
            when(acknowledged(10));
            assertThat(when(acknowledged(11))).doesNotContain(new WantGrow(seq(11)));
            when(new RecordChanged(2, ALONE, 1));
            assertThat(when(acknowledged(12))).noneMatch(WantGrow.class::isInstance);
            now += Replication.GROW_AGAIN_NANOS;
            assertThat(when(new Tick())).containsExactly(new WantGrow(seq(12)));
        }

        @Test
        void shouldReportADivergenceAndCompareInTheNextSession() {
            assertThat(when(new PeerDurable(FIRST, seq(10), RootCheck.DIFFERENT)))
                    .startsWith(
                            new ReportDivergence(seq(10)),
                            new CloseSession(FIRST, "the copies differ at operation 10"));
            assertThat(when(ready(SECOND, Relation.EQUAL, 10)))
                    .singleElement()
                    .isInstanceOf(StartCompare.class);
        }
    }

    /** By a verification, or before this process started: no root says so. */
    @Nested
    class WhenTheCopiesWereFoundToDiffer {
        @BeforeEach
        void found() {
            promoteAlone();
            when(new FoundDifferent(true));
        }

        private void assertComparesEverything(List<Effect> effects) {
            assertThat(effects)
                    .singleElement()
                    .isInstanceOfSatisfying(
                            StartCompare.class,
                            compare -> {
                                assertThat(compare.common()).isEmpty();
                                assertThat(compare.keepBranch()).isTrue();
                            });
        }

        @Test
        void shouldCompareEverythingWhateverElseWouldDo() {
            assertComparesEverything(when(ready(FIRST, Relation.PEER_BEHIND, 4)));
            assertComparesEverything(
                    when(ready(SECOND, Relation.PEER_BEHIND, 4, ReplayCheck.RECORDS_GONE, false)));
            assertComparesEverything(when(ready(new SessionId(3), Relation.DIVERGED, 12)));
        }

        @Test
        void shouldForgetItWhenEverythingWasCompared() {
            when(ready(FIRST, Relation.EQUAL, 10));
            when(new CompareSent(FIRST, seq(10), Root.EMPTY));
            assertThat(machine.isFoundDifferent()).isTrue();

            assertThat(when(ready(FIRST, Relation.EQUAL, 10)))
                    .singleElement()
                    .isInstanceOf(StartReplay.class);

            assertThat(machine.isFoundDifferent()).isFalse();
        }

        @Test
        void shouldNotForgetWhatWasFoundWhenLessWasCompared() {
            when(new FoundDifferent(false));
            when(ready(FIRST, Relation.PEER_BEHIND, 4, ReplayCheck.RECORDS_GONE, false));
            when(new FoundDifferent(true));
            when(new CompareSent(FIRST, seq(10), Root.EMPTY));
            assertComparesEverything(when(ready(FIRST, Relation.EQUAL, 10)));
        }

        @Test
        void shouldAlsoForgetWhatOnlyARootHasTold() {
            when(new FoundDifferent(false));
            assertThat(when(ready(FIRST, Relation.EQUAL, 10, ReplayCheck.ROOTS_DIFFER, false)))
                    .startsWith(new ReportDivergence(seq(10)));
            assertThat(machine.isFoundDifferent()).isTrue();
            when(new CompareSent(FIRST, seq(10), Root.EMPTY));
            when(ready(FIRST, Relation.EQUAL, 10));
            assertThat(machine.isFoundDifferent()).isFalse();
        }
    }

    @Nested
    class WhenBothAreInSync {
        @BeforeEach
        void established() {
            establish();
        }

        @Test
        void shouldCompleteWhenBothAreDurableInEitherOrder() {
            when(new FlushWanted(seq(12)));
            assertThat(when(new LocallyDurable(seq(12)))).isEmpty();
            assertThat(when(acknowledged(12))).containsExactly(new Complete(seq(12)));
            when(new FlushWanted(seq(13)));
            assertThat(when(acknowledged(13))).isEmpty();
            assertThat(when(new LocallyDurable(seq(13)))).containsExactly(new Complete(seq(13)));
        }

        @Test
        void shouldDropWhatAnOlderSessionDelivers() {
            when(new LocallyDurable(seq(12)));
            when(ready(SECOND, Relation.PEER_BEHIND, 10));
            // H13.
            assertThat(when(acknowledged(12))).isEmpty();
            assertThat(machine.completed()).isEqualTo(seq(10));
        }

        @Test
        void shouldFreezeWhenTheSessionIsLost() {
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            assertThat(when(new SessionClosed(FIRST, "cut")))
                    .containsExactly(new WantShrink("session lost: cut"));
            assertThat(when(new LocallyDurable(seq(12)))).isEmpty();
            assertThat(machine.frozenSinceNanos()).hasValue(now);
        }

        @Test
        void shouldCompleteAloneOnlyWhenTheRecordSaysSo() {
            when(new LocallyDurable(seq(12)));
            when(new SessionClosed(FIRST, "cut"));
            assertThat(when(new RecordChanged(1, ALONE, 3))).isEmpty();
            assertThat(when(new RecordChanged(2, ALONE, 3))).containsExactly(new Complete(seq(12)));
            assertThat(machine.frozenSinceNanos()).isEmpty();
        }

        @Test
        void shouldThawWhenThePeerIsBackBeforeTheRecordHasChanged() {
            when(new FlushWanted(seq(12)));
            when(new LocallyDurable(seq(12)));
            when(new SessionClosed(FIRST, "cut"));
            var replay = (StartReplay) when(ready(SECOND, Relation.PEER_BEHIND, 10)).getFirst();
            when(new WentLive(SECOND, replay.plan(), seq(12)));
            assertThat(when(new PeerDurable(SECOND, seq(12), RootCheck.EQUAL)))
                    .containsExactly(new Complete(seq(12)));
            assertThat(machine.state()).isEqualTo(ReplicationState.ESTABLISHED);
            assertThat(machine.frozenSinceNanos()).isEmpty();
        }

        @Test
        void shouldFreezeAndCloseAfterTheReplicaTimeout() {
            when(new FlushWanted(seq(11)));
            assertThat(machine.nextDeadlineNanos()).hasValue(now + TIMEOUT_NANOS);
            now += TIMEOUT_NANOS - 1;
            assertThat(when(new Tick())).isEmpty();
            now += 1;
            assertThat(when(new Tick()))
                    .hasSize(2)
                    .hasAtLeastOneElementOfType(CloseSession.class)
                    .hasAtLeastOneElementOfType(WantShrink.class);
        }

        @Test
        void shouldGiveAPeerThatMakesProgressMoreTime() {
            when(new FlushWanted(seq(20)));
            now += TIMEOUT_NANOS - 1;
            when(acknowledged(15));
            now += TIMEOUT_NANOS - 1;
            assertThat(when(new Tick())).isEmpty();
        }

        @Test
        void shouldOweNothingWhenNobodyWaits() {
            when(new FlushWanted(seq(11)));
            when(acknowledged(11));
            now += 10 * TIMEOUT_NANOS;
            assertThat(when(new Tick())).isEmpty();
        }

        @Test
        void shouldMirrorWithoutCountingWhenItIsTakenOutOfTheRecord() {
            when(new RecordChanged(2, ALONE, 3));
            assertThat(machine.state()).isEqualTo(ReplicationState.MIRRORING);
            when(new LocallyDurable(seq(11)));
            assertThat(when(new SessionClosed(FIRST, "left")))
                    .containsExactly(new Complete(seq(11)));
        }

        @Test
        void shouldFreezeWhileAMemberMustBeComparedFirst() {
            when(new SessionClosed(FIRST, "cut"));
            when(new RecordChanged(2, BOTH, 3));
            assertThat(
                            when(
                                    ready(
                                            SECOND,
                                            Relation.PEER_BEHIND,
                                            4,
                                            ReplayCheck.RECORDS_GONE,
                                            false)))
                    .anyMatch(StartCompare.class::isInstance);
            assertThat(machine.frozenReason()).isPresent();
        }
    }

    /** Its disk is slow: it comes back at once, and would hold every completion back again. */
    @Nested
    class WhenThePeerIsTooSlow {
        @BeforeEach
        void begin() {
            mirror();
            acknowledgeTooLate();
        }

        private void acknowledgeTooLate() {
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            now += TIMEOUT_NANOS;
            assertThat(when(new Tick())).hasAtLeastOneElementOfType(CloseSession.class);
            assertThat(machine.session()).isEmpty();
        }

        private void tryAgain(SessionId session) {
            var replay = (StartReplay) when(ready(session, Relation.PEER_BEHIND, 10)).getFirst();
            when(new WentLive(session, replay.plan(), seq(11)));
        }

        @Test
        void shouldLeaveItAloneForAWhile() {
            assertThat(when(ready(SECOND, Relation.PEER_BEHIND, 10))).isEmpty();

            assertThat(machine.state()).isEqualTo(ReplicationState.REFUSED);
            assertThat(machine.refusal().orElseThrow()).contains("R4", "left alone for 5 s");
            when(new FlushWanted(seq(12)));
            assertThat(when(new LocallyDurable(seq(12))))
                    .as("nobody waits for it")
                    .containsExactly(new Complete(seq(12)));
        }

        @Test
        void shouldAskHowItStandsWhenThatIsOver() {
            when(ready(SECOND, Relation.PEER_BEHIND, 10));
            long due = now + Replication.LEFT_ALONE_NANOS_FIRST;
            assertThat(machine.nextDeadlineNanos()).hasValue(due);
            now = due - 1;
            assertThat(when(new Tick())).isEmpty();
            now = due;
            assertThat(when(new Tick()))
                    .containsExactly(new CloseSession(SECOND, "the peer is tried again"));

            assertThat(when(ready(new SessionId(3), Relation.PEER_BEHIND, 10)).getFirst())
                    .isInstanceOf(StartReplay.class);
        }

        @Test
        void shouldLeaveItAloneForLongerWhenThatHappensAgain() {
            long session = 1;
            for (int seconds : new int[] {10, 20, 30, 30}) {
                now += Replication.LEFT_ALONE_NANOS_MAX;
                tryAgain(new SessionId(++session));
                acknowledgeTooLate();
                when(ready(new SessionId(++session), Relation.PEER_BEHIND, 10));

                assertThat(machine.refusal().orElseThrow())
                        .contains("left alone for " + seconds + " s");
            }
        }

        @Test
        void shouldForgiveItAfterALongWhile() {
            now += Replication.LEFT_ALONE_NANOS_FIRST + Replication.LEFT_ALONE_NANOS_MAX;
            tryAgain(SECOND);
            acknowledgeTooLate();
            when(ready(new SessionId(3), Relation.PEER_BEHIND, 10));

            assertThat(machine.refusal().orElseThrow()).contains("left alone for 5 s");
        }
    }

    /** Equal, it would be counted in again until the next write, and hold that up. */
    @Test
    void shouldTakeNothingFromASourceOnceItsDiskHasFailed() {
        assertThat(machine.rejects(1)).isEmpty();

        when(new DiskFailed("EIO"));

        assertThat(machine.rejects(1).orElseThrow()).contains("R32", "EIO");
    }

    /** R10: whether the record counts it in by now was not heard. */
    @Test
    void shouldNotLeaveAPeerAloneThatMayBeNeeded() {
        mirror();
        assertThat(when(acknowledged(10))).containsExactly(new WantGrow(seq(10)));
        when(new FlushWanted(seq(11)));
        when(new LocallyDurable(seq(11)));
        now += TIMEOUT_NANOS;
        when(new Tick());

        assertThat(when(ready(SECOND, Relation.PEER_BEHIND, 10)).getFirst())
                .isInstanceOf(StartReplay.class);
    }

    @Nested
    class WhoWaitsForThePeer {
        @Test
        void shouldBeNobodyWithoutAWriter() {
            establish();
            when(new LocallyDurable(seq(11)));
            assertThat(machine.isHeldUp()).as("flushed lazily").isFalse();
        }

        @Test
        void shouldBeNobodyWhileThisDiskIsSlowerStill() {
            establish();
            when(new FlushWanted(seq(11)));
            assertThat(machine.isHeldUp()).isFalse();
        }

        @Test
        void shouldBeAWriterWhoseOperationIsDurableHere() {
            establish();
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            assertThat(machine.isHeldUp()).isTrue();

            when(acknowledged(11));
            assertThat(machine.isHeldUp()).isFalse();
        }

        @Test
        void shouldBeNobodyOnceItGoesOnAlone() {
            establish();
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            when(new SessionClosed(FIRST, "cut"));
            assertThat(machine.isHeldUp()).as("frozen").isTrue();

            when(new RecordChanged(2, ALONE, 3));
            assertThat(machine.isHeldUp()).isFalse();
        }
    }

    @Nested
    class WhenAMemberIsTooSlow {
        @BeforeEach
        void begin() {
            establish();
            when(new FlushWanted(seq(11)));
            when(new LocallyDurable(seq(11)));
            now += TIMEOUT_NANOS;
            assertThat(when(new Tick())).hasAtLeastOneElementOfType(WantShrink.class);
        }

        /** Until the record says otherwise nobody goes on without it. */
        @Test
        void shouldReplayAtOnceWhatItLacks() {
            assertThat(when(ready(SECOND, Relation.PEER_BEHIND, 10)).getFirst())
                    .isInstanceOf(StartReplay.class);
        }

        @Test
        void shouldNotWaitForItOnceItIsLeftOut() {
            var replay = (StartReplay) when(ready(SECOND, Relation.PEER_BEHIND, 10)).getFirst();
            when(new WentLive(SECOND, replay.plan(), seq(11)));

            assertThat(when(new RecordChanged(2, ALONE, 3)))
                    .containsExactly(
                            new CloseSession(
                                    SECOND, "it did not acknowledge in time, and is not needed"),
                            new Complete(seq(11)));
        }

        @Test
        void shouldKeepItIfItHasCaughtUpMeanwhile() {
            var replay = (StartReplay) when(ready(SECOND, Relation.PEER_BEHIND, 10)).getFirst();
            when(new WentLive(SECOND, replay.plan(), seq(11)));
            when(new PeerDurable(SECOND, seq(11), RootCheck.EQUAL));

            when(new RecordChanged(2, ALONE, 3));

            assertThat(machine.session()).contains(SECOND);
        }
    }

    /** R27: the same writer after a restart, the peer has promised. */
    @Nested
    class WhenPromotedWithThePeerInSync {
        @Test
        void shouldBringTheTailToBothBeforeAnythingIsComplete() {
            when(ready(FIRST, Relation.PEER_BEHIND, 7));
            var effects = when(new Promoted(2, BOTH, 1, seq(10), seq(10), Lineage.EMPTY));
            var replay = (StartReplay) effects.getFirst();
            assertThat(effects).hasSize(1);
            assertThat(replay.from()).isEqualTo(seq(8));
            when(new WentLive(FIRST, replay.plan(), seq(10)));
            assertThat(when(acknowledged(10))).containsExactly(new Complete(seq(10)));
            assertThat(machine.state()).isEqualTo(ReplicationState.ESTABLISHED);
        }

        @Test
        void shouldFreezeWithoutASession() {
            assertThat(when(new Promoted(2, BOTH, 1, seq(10), seq(10), Lineage.EMPTY)))
                    .containsExactly(new WantShrink("there is no session with the peer"));
            assertThat(when(new RecordChanged(2, ALONE, 2))).containsExactly(new Complete(seq(10)));
        }
    }

    @Nested
    class Epochs {
        @Test
        void shouldRejectALowerEpochThanPromised() {
            when(new Promised(7));
            assertThat(machine.rejects(6)).hasValueSatisfying(r -> assertThat(r).startsWith("R2"));
            assertThat(machine.rejects(7)).isEmpty();
            assertThat(machine.rejects(8)).isEmpty();
        }

        @Test
        void shouldNeverTakeAPromiseBack() {
            when(new Promised(7));
            when(new Promised(5));
            assertThat(machine.promisedEpoch()).isEqualTo(7);
        }

        @Test
        void shouldRejectItsOwnEpochFromAnotherWriter() {
            promoteAlone();
            assertThat(machine.rejects(2)).hasValueSatisfying(r -> assertThat(r).startsWith("R1"));
        }

        /** Both have stopped, and the other one judges by what this one said before it served. */
        @Test
        void shouldRejectItsOwnEpochFromAnotherWriterAlsoOnceItHasStopped() {
            promoteAlone();
            when(new Demoted());
            assertThat(machine.rejects(2)).hasValueSatisfying(r -> assertThat(r).startsWith("R1"));
            assertThat(machine.rejects(3)).isEmpty();
        }

        @Test
        void shouldForbidToWriteAnEpochTwice() {
            promoteAlone();
            when(new Demoted());
            assertThatThrownBy(() -> promoteAlone()).isInstanceOf(IllegalStateException.class);
        }

        @Test
        void shouldForbidARecordThatDoesNotNameTheWriter() {
            promoteAlone();
            assertThatThrownBy(() -> when(new RecordChanged(2, Set.of(PEER), 2)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("R11");
        }

        @Test
        void shouldForbidAWriterToBeATarget() {
            establish();
            assertThatThrownBy(() -> when(new SourceBegan(FIRST, ReplicationState.REPLAY_TARGET)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("R1");
        }
    }
}
