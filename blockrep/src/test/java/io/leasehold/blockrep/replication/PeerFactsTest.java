package io.leasehold.blockrep.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeerFactsTest {
    private static final DeviceId DEVICE = new DeviceId(0, 1);
    private static final Lineage WRITTEN = Lineage.EMPTY.begin(1, new Seq(1), DEVICE);

    private static Standing standing(Lineage lineage, long last) {
        return new Standing(
                new NodeName("a"),
                DEVICE,
                Role.SECONDARY,
                1,
                lineage,
                new Seq(last),
                Seq.NONE,
                Root.EMPTY,
                Optional.empty());
    }

    @Test
    void shouldKnowTheCommonBeginningOfCopiesThatShareNoOperation() {
        var facts = PeerFacts.of(standing(WRITTEN, 0), standing(WRITTEN, 1));

        assertThat(facts.common()).isEqualTo(Seq.NONE);
        assertThat(facts.afterOurPromotion().relation()).isEqualTo(Relation.DIVERGED);
    }

    /** Its disk is new, or was lost: what the peer has may be all that there is. */
    @Test
    void shouldNotTakeANewCopyForOneThatLostATail() {
        var facts = PeerFacts.of(standing(Lineage.EMPTY, 0), standing(WRITTEN, 1));

        assertThat(facts.afterOurPromotion().relation()).isEqualTo(Relation.PEER_AHEAD);
    }
}
