package io.leasehold.heartbeat.record.arbiter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standing;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Onto which records of the ensemble a node may write. */
class ZookeeperArbiterTest {

    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");

    private final ZookeeperArbiter arbiter = new ZookeeperArbiter(A, B);

    private static ClusterRecord record(
            long epoch, NodeName primary, Set<NodeName> inSync, long gen, RequestId request) {
        return new ClusterRecord(
                ArbitrationMode.ZOOKEEPER,
                new Epoch(epoch),
                Optional.of(primary),
                inSync,
                new Generation(gen),
                request);
    }

    private static DurableState knowing(ClusterRecord record) {
        return DurableState.fresh(ArbitrationMode.ZOOKEEPER, A, new BootId("a1"))
                .withRecord(record)
                .withStanding(Standing.UP_TO_DATE);
    }

    private Optional<Ruling.Refused> onto(ClusterRecord base, ClusterRecord mine) {
        return arbiter.onto(Optional.of(base), knowing(mine), Optional.empty());
    }

    /**
     * A led both by generation 9 and wished to go on alone; its daemon was restarted, B promised
     * the next epoch (R27), and only then the ensemble took the wish.
     */
    @Nested
    class WhenAnOwnWishWasTakenLate {
        private final ClusterRecord mine = record(6, A, Set.of(A, B), 10, new RequestId(A, 4));

        @Test
        void shouldGoOnFromIt() {
            assertThat(onto(record(5, A, Set.of(A), 10, new RequestId(A, 3)), mine)).isEmpty();
        }

        @Test
        void shouldNotTakeAWishOfThePeerForIt() {
            shouldBeRefused(record(5, B, Set.of(B), 10, new RequestId(B, 3)), mine);
            // Whoever asked for that has rights that A does not know of.
            shouldBeRefused(record(5, A, Set.of(A), 10, new RequestId(B, 3)), mine);
        }

        @Test
        void shouldNotTakeARecordThatGivesThePeerARightForIt() {
            var both = record(5, A, Set.of(A, B), 10, new RequestId(A, 3));
            var alone = record(6, A, Set.of(A), 10, new RequestId(A, 4));
            shouldBeRefused(both, alone);
        }

        @Test
        void shouldNotTakeAnOlderGenerationForIt() {
            shouldBeRefused(record(5, A, Set.of(A), 8, new RequestId(A, 3)), mine);
        }

        @Test
        void shouldHaveNoPartInItWhenThePeerLeads() {
            var led = record(6, B, Set.of(A, B), 10, new RequestId(B, 4));
            shouldBeRefused(record(5, A, Set.of(A), 10, new RequestId(A, 3)), led);
        }

        private void shouldBeRefused(ClusterRecord base, ClusterRecord stored) {
            assertThat(onto(base, stored))
                    .get()
                    .satisfies(refused -> {
                        assertThat(refused.rule()).isEqualTo(Rule.R11);
                        assertThat(refused.sentence()).contains("older than the one that a stored");
                    });
        }
    }

    @Nested
    class WhenTheEnsembleHasAnotherRecord {
        private final ClusterRecord mine = record(6, A, Set.of(A, B), 10, new RequestId(A, 4));

        @Test
        void shouldWriteOntoTheOneThatItKnows() {
            assertThat(onto(mine, mine)).isEmpty();
        }

        @Test
        void shouldFollowANewerOneFirst() {
            assertThat(onto(record(7, B, Set.of(B), 11, new RequestId(B, 9)), mine))
                    .get()
                    .satisfies(refused ->
                            assertThat(refused.sentence()).contains("has not followed yet"));
        }

        @Test
        void shouldNotWriteIntoAnEnsembleThatLostItsRecordWithoutThePeersWord() {
            var state = knowing(mine);
            var word = new Proof.PeerOutdated(mine.epoch(), mine.gen(), Rule.R28, "b is outdated");

            assertThat(arbiter.onto(Optional.empty(), state, Optional.empty())).isPresent();
            assertThat(arbiter.onto(Optional.empty(), state, Optional.of(word))).isEmpty();
        }

        @Test
        void shouldWriteIntoAnEmptyEnsembleWhenNobodyElseCanHaveGoneOn() {
            var alone = knowing(record(6, A, Set.of(A), 10, new RequestId(A, 4)));

            assertThat(arbiter.onto(Optional.empty(), alone, Optional.empty())).isEmpty();
        }
    }
}
