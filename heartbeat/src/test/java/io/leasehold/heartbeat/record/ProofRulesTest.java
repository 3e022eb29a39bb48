package io.leasehold.heartbeat.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.arbiter.fencing.FencingArbiter;
import io.leasehold.heartbeat.record.arbiter.operator.OperatorArbiter;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ProofRulesTest {

    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");
    private static final Epoch FIVE = new Epoch(5);
    private static final Generation NINE = new Generation(9);

    private final Arbiter arbiter = new FencingArbiter(B, A);

    private static DurableState secondary(Standing standing) {
        return DurableState.fresh(ArbitrationMode.FENCING, B, new BootId("b1"))
                .withRecord(record(Optional.of(A), Set.of(A, B)))
                .withStanding(standing);
    }

    private static ClusterRecord record(Optional<NodeName> primary, Set<NodeName> inSync) {
        return new ClusterRecord(
                ArbitrationMode.FENCING, FIVE, primary, inSync, NINE, new RequestId(A, 0));
    }

    private static Optional<Proof> powerOff() {
        return Optional.of(new Proof.PowerReadOff(FIVE, NINE, "off"));
    }

    private Ruling takeOver(DurableState state, Optional<Proof> proof) {
        return arbiter.rule(Change.TAKE_OVER, state, proof);
    }

    @Nested
    class TakingOver {
        @Test
        void shouldNeedAProofThatThePeerIsSilent() {
            assertThat(takeOver(secondary(Standing.UP_TO_DATE), Optional.empty()))
                    .isInstanceOfSatisfying(
                            Ruling.Missing.class,
                            missing -> assertThat(missing.need()).isEqualTo(Ruling.Need.FENCE));
        }

        @Test
        void shouldWinTheNextEpochAloneWithThePermit() {
            assertThat(takeOver(secondary(Standing.UP_TO_DATE), powerOff()))
                    .isInstanceOfSatisfying(
                            Ruling.Granted.class,
                            granted -> {
                                assertThat(granted.record().epoch()).isEqualTo(new Epoch(6));
                                assertThat(granted.record().inSync()).containsExactly(B);
                                assertThat(granted.record().gen()).isEqualTo(new Generation(10));
                                assertThat(granted.permit()).isTrue();
                            });
        }

        @Test
        void shouldGoAboveEveryPromise() {
            var promised = secondary(Standing.UP_TO_DATE).withPromised(new Epoch(8));
            assertThat(takeOver(promised, powerOff()))
                    .isInstanceOfSatisfying(
                            Ruling.Granted.class,
                            granted ->
                                    assertThat(granted.record().epoch()).isEqualTo(new Epoch(9)));
        }

        @Test
        void shouldNotTakeAFenceForAProofThatTheDataAreNewest() {
            assertThat(takeOver(secondary(Standing.CONSISTENT), powerOff()))
                    .as("R20")
                    .isInstanceOf(Ruling.Refused.class);
            assertThat(takeOver(secondary(Standing.OUTDATED), powerOff()))
                    .as("R7")
                    .isInstanceOf(Ruling.Refused.class);
            assertThat(takeOver(secondary(Standing.INCONSISTENT), powerOff()))
                    .as("R31")
                    .isInstanceOf(Ruling.Refused.class);
        }

        @Test
        void shouldRefuseAnUpToDateNodeThatIsNoMember() {
            var state =
                    secondary(Standing.UP_TO_DATE).withRecord(record(Optional.of(A), Set.of(A)));
            assertThat(takeOver(state, powerOff()))
                    .isInstanceOfSatisfying(
                            Ruling.Refused.class,
                            refused -> assertThat(refused.rule()).isEqualTo(Rule.R6));
        }

        @Test
        void shouldTakeTheWordOfAMetPeerForAConsistentCopy() {
            var word = Optional.<Proof>of(new Proof.PeerOutdated(FIVE, NINE, Rule.R28, "its word"));
            assertThat(takeOver(secondary(Standing.CONSISTENT), word))
                    .isInstanceOf(Ruling.Granted.class);
        }

        @Test
        void shouldIgnoreAProofForAnotherRecord() {
            var old = Optional.<Proof>of(new Proof.PowerReadOff(FIVE, new Generation(8), "off"));
            assertThat(takeOver(secondary(Standing.UP_TO_DATE), old))
                    .as("H11: the request was made at another generation")
                    .isInstanceOf(Ruling.Missing.class);
        }
    }

    @Nested
    class StartingAlone {
        private final DurableState sole =
                secondary(Standing.CONSISTENT)
                        .withRecord(record(Optional.of(B), Set.of(B)))
                        .withPermit();

        @Test
        void shouldBeGrantedToTheHolderOfThePermitAtTheNextEpoch() {
            assertThat(arbiter.rule(Change.START_ALONE, sole, Optional.empty()))
                    .isInstanceOfSatisfying(
                            Ruling.Granted.class,
                            granted ->
                                    assertThat(granted.record().epoch())
                                            .as("H9: never the same epoch again")
                                            .isEqualTo(new Epoch(6)));
        }

        @Test
        void shouldBeRefusedWithoutIt() {
            assertThat(arbiter.rule(Change.START_ALONE, sole.withoutPermit(), powerOff()))
                    .isInstanceOf(Ruling.Refused.class);
        }

        @Test
        void shouldLoseThePermitWithTheGrow() {
            var grown =
                    (Ruling.Granted)
                            arbiter.rule(
                                    Change.ADMIT_PEER,
                                    sole.withStanding(Standing.UP_TO_DATE),
                                    Optional.empty());
            assertThat(sole.withRecord(grown.record()).holdsPermit()).as("R10").isFalse();
        }
    }

    @Nested
    class GoingAlone {
        private final DurableState primary =
                secondary(Standing.UP_TO_DATE).withRecord(record(Optional.of(B), Set.of(A, B)));

        @Test
        void shouldKeepTheEpochAndRaiseTheGeneration() {
            assertThat(arbiter.rule(Change.GO_ALONE, primary, powerOff()))
                    .isInstanceOfSatisfying(
                            Ruling.Granted.class,
                            granted -> {
                                assertThat(granted.record().epoch()).isEqualTo(FIVE);
                                assertThat(granted.record().gen()).isEqualTo(new Generation(10));
                            });
        }

        @Test
        void shouldStayFrozenWithoutProof() {
            assertThat(arbiter.rule(Change.GO_ALONE, primary, Optional.empty()))
                    .isInstanceOf(Ruling.Missing.class);
        }

        @Test
        void shouldAskAPersonInModeOperator() {
            var operator = new OperatorArbiter(B, A);
            assertThat(operator.rule(Change.GO_ALONE, primary, Optional.empty()))
                    .as("modes never mix")
                    .isInstanceOfSatisfying(
                            Ruling.Refused.class,
                            refused -> assertThat(refused.rule()).isEqualTo(Rule.R12));
        }
    }
}
