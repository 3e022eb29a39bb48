package io.leasehold.blockrep.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.replication.Lineage.Comparison;
import io.leasehold.blockrep.volume.Seq;
import org.junit.jupiter.api.Test;

class LineageTest {
    private static final DeviceId A = new DeviceId(0, 1);
    private static final DeviceId B = new DeviceId(0, 2);

    private static Seq seq(long value) {
        return new Seq(value);
    }

    private static void assertBothWays(
            Lineage mine,
            long last,
            Lineage theirs,
            long theirLast,
            Relation relation,
            long common) {
        assertThat(mine.compare(seq(last), theirs, seq(theirLast)))
                .isEqualTo(new Comparison(relation, seq(common)));
        assertThat(theirs.compare(seq(theirLast), mine, seq(last)))
                .isEqualTo(new Comparison(relation.mirrored(), seq(common)));
    }

    @Test
    void shouldTakeAFreshDiskForAnAncestorOfEverything() {
        var used = Lineage.EMPTY.begin(1, seq(1), A);

        assertBothWays(Lineage.EMPTY, 0, Lineage.EMPTY, 0, Relation.EQUAL, 0);
        assertBothWays(used, 10, Lineage.EMPTY, 0, Relation.PEER_BEHIND, 0);
    }

    @Test
    void shouldCompareByLastWithinOneEpoch() {
        var lineage = Lineage.EMPTY.begin(1, seq(1), A);

        assertBothWays(lineage, 10, lineage, 10, Relation.EQUAL, 10);
        assertBothWays(lineage, 10, lineage, 7, Relation.PEER_BEHIND, 7);
    }

    @Test
    void shouldCountAnEpochThatHasWrittenNothing() {
        // R22: newer is the lineage's head, not the last write (resync-after-primary-crash).
        var before = Lineage.EMPTY.begin(1, seq(1), A);
        var promoted = before.begin(2, seq(11), B);

        assertBothWays(promoted, 10, before, 10, Relation.PEER_BEHIND, 10);
    }

    @Test
    void shouldSeeTheUnacknowledgedTailOfACrashedWriter() {
        var old = Lineage.EMPTY.begin(1, seq(1), A);
        var survivor = old.begin(2, seq(91), B);

        // A has 95, B went on behind 90.
        assertBothWays(survivor, 120, old, 95, Relation.DIVERGED, 90);
        assertBothWays(survivor, 90, old, 95, Relation.DIVERGED, 90);
        // Had A stopped at 90 or before, it would merely be behind.
        assertBothWays(survivor, 120, old, 90, Relation.PEER_BEHIND, 90);
        assertBothWays(survivor, 120, old, 85, Relation.PEER_BEHIND, 85);
    }

    @Test
    void shouldSeeTwoWritersOfTheSameForcedEpoch() {
        var common = Lineage.EMPTY.begin(1, seq(1), A);

        assertBothWays(
                common.begin(2, seq(11), A),
                20,
                common.begin(2, seq(11), B),
                30,
                Relation.DIVERGED,
                10);
    }

    @Test
    void shouldRefuseToRelateWhatHasNoCommonBeginning() {
        assertBothWays(
                Lineage.EMPTY.begin(1, seq(1), A),
                20,
                Lineage.EMPTY.begin(1, seq(1), B),
                30,
                Relation.UNRELATED,
                0);
    }

    @Test
    void shouldRelateALongLineageToOneThatHasForgottenItsBeginning() {
        var lineage = Lineage.EMPTY;
        Lineage early = lineage;
        for (int epoch = 1; epoch <= Lineage.ENTRIES_MAX + 20; epoch++) {
            lineage = lineage.begin(epoch, seq(epoch * 10L), epoch % 2 == 0 ? A : B);
            if (epoch == Lineage.ENTRIES_MAX) {
                early = lineage;
            }
        }

        assertThat(lineage.entries()).hasSize(Lineage.ENTRIES_MAX);
        long earlyLast = Lineage.ENTRIES_MAX * 10L + 3;
        assertBothWays(lineage, 9999, early, earlyLast, Relation.PEER_BEHIND, earlyLast);
    }

    @Test
    void shouldOnlyGrow() {
        var lineage = Lineage.EMPTY.begin(5, seq(10), A);

        assertThatThrownBy(() -> lineage.begin(5, seq(20), B))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> lineage.begin(6, seq(9), B))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldKnowWhoWroteWhat() {
        var lineage = Lineage.EMPTY.begin(2, seq(1), A).begin(5, seq(41), B);

        assertThat(lineage.epochOf(seq(40))).isEqualTo(2);
        assertThat(lineage.epochOf(seq(41))).isEqualTo(5);
        assertThat(lineage.upTo(seq(39)).headEpoch()).isEqualTo(2);
        assertThat(lineage.upTo(seq(40)).headEpoch()).isEqualTo(5);
    }
}
