package io.leasehold.blockrep.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TenureTest {
    private static final NodeName ME = new NodeName("a");
    private static final NodeName PEER = new NodeName("b");
    private static final Set<NodeName> ALONE = Set.of(ME);
    private static final Set<NodeName> BOTH = Set.of(ME, PEER);
    private static final DeviceId DEVICE = new DeviceId(0, 1);

    /** Ten operations of epoch 2, promised is 4. */
    private static Standing standing(NodeName node, Optional<Seq> alone) {
        return new Standing(
                node,
                DEVICE,
                Role.SECONDARY,
                4,
                Lineage.EMPTY.begin(2, new Seq(1), DEVICE),
                new Seq(10),
                new Seq(9),
                Root.EMPTY,
                alone);
    }

    private static Standing standing() {
        return standing(ME, Optional.empty());
    }

    private static Optional<PeerFacts> peer(Relation relation) {
        return Optional.of(
                new PeerFacts(standing(PEER, Optional.empty()), relation, new Seq(7), true, false));
    }

    private static Optional<Promotion.Refusal> refusal(
            long epoch, Set<NodeName> inSync, Optional<PeerFacts> peer, boolean comparing) {
        return Tenure.refusal(epoch, inSync, standing(), peer, comparing)
                .map(Promotion.Refused::reason);
    }

    @Test
    void shouldBeginBehindAllThatItHas() {
        assertThat(Tenure.begin(5, BOTH, standing(), PEER))
                .isEqualTo(
                        new Tenure(
                                5,
                                standing().lineage().begin(5, new Seq(11), DEVICE),
                                Optional.empty()));
    }

    @Test
    void shouldRememberFromWhereOnItWasAlone() {
        assertThat(Tenure.begin(5, ALONE, standing(), PEER).acknowledgedAlone())
                .as("it serves the tenth, too, of which nobody knows that the peer has it")
                .contains(new Seq(10));
        assertThat(
                        Tenure.begin(5, ALONE, standing(ME, Optional.of(new Seq(3))), PEER)
                                .acknowledgedAlone())
                .as("since the first time")
                .contains(new Seq(3));
        assertThat(
                        Tenure.begin(5, BOTH, standing(ME, Optional.of(new Seq(3))), PEER)
                                .acknowledgedAlone())
                .isEmpty();
    }

    @Test
    void shouldNotWriteAnEpochThatIsPromisedAwayOrWritten() {
        assertThat(refusal(3, ALONE, Optional.empty(), false))
                .contains(Promotion.Refusal.EPOCH_TOO_LOW);
        assertThat(refusal(4, ALONE, Optional.empty(), false)).isEmpty();
        assertThat(
                        Tenure.refusal(
                                        2,
                                        ALONE,
                                        new Standing(
                                                ME,
                                                DEVICE,
                                                Role.SECONDARY,
                                                2,
                                                standing().lineage(),
                                                new Seq(10),
                                                new Seq(9),
                                                Root.EMPTY,
                                                Optional.empty()),
                                        Optional.empty(),
                                        false)
                                .map(Promotion.Refused::reason))
                .contains(Promotion.Refusal.EPOCH_TOO_LOW);
    }

    @Test
    void shouldNotServeFromACopyThatIsBeingReplaced() {
        assertThat(refusal(5, ALONE, Optional.empty(), true))
                .contains(Promotion.Refusal.RESYNC_RUNNING);
    }

    @ParameterizedTest
    @CsvSource({
        "EQUAL,",
        "PEER_BEHIND,",
        "PEER_AHEAD, PEER_AHEAD",
        "DIVERGED, PEER_DIVERGED",
        "UNRELATED, PEER_DIVERGED"
    })
    void shouldNotNeedAPeerThatCannotFollow(Relation relation, Promotion.Refusal expected) {
        assertThat(refusal(5, BOTH, peer(relation), false))
                .isEqualTo(Optional.ofNullable(expected));
        assertThat(refusal(5, ALONE, peer(relation), false)).as("alone").isEmpty();
        assertThat(refusal(5, BOTH, Optional.empty(), false)).as("not there").isEmpty();
    }
}
