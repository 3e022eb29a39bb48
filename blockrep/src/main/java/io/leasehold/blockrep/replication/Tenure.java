package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;
import java.util.Set;

/**
 * What is durable of a copy when it becomes the writer of an epoch, and who may become it. Pure.
 *
 * @param promisedEpoch R2: nobody with a lower one is heard any more
 * @param lineage with the new epoch as its head
 * @param acknowledgedAlone R29: from where on it may have acknowledged what its peer lacks
 */
public record Tenure(long promisedEpoch, Lineage lineage, Optional<Seq> acknowledgedAlone) {

    /**
     * The tenure that begins behind all that this copy has. Without the peer it serves all of that,
     * so it may have acknowledged alone whatever is not known to be on both: also the tail of an
     * earlier writer, which nobody had acknowledged before.
     *
     * @param inSync by the record of that epoch
     */
    public static Tenure begin(long epoch, Set<NodeName> inSync, Standing self, NodeName peer) {
        return new Tenure(
                epoch,
                self.lineage().begin(epoch, self.last().next(), self.device()),
                acknowledgedAlone(inSync, peer, self.committed(), self.acknowledgedAlone()));
    }

    /**
     * From where on a writer may have acknowledged what its peer lacks, once the record says {@code
     * inSync}.
     *
     * @param complete the last operation of which it is known that the peer has it
     * @param before the same, before the record said that
     */
    public static Optional<Seq> acknowledgedAlone(
            Set<NodeName> inSync, NodeName peer, Seq complete, Optional<Seq> before) {
        if (inSync.contains(peer)) {
            return Optional.empty();
        }
        return before.isPresent() ? before : Optional.of(complete.next());
    }

    /**
     * Why this copy may not become the writer of an epoch that was won for it; empty if it may.
     *
     * @param peer what it said of itself, if there is a session
     * @param comparing whether a shadow is being built from the peer's copy
     */
    public static Optional<Promotion.Refused> refusal(
            long epoch,
            Set<NodeName> inSync,
            Standing self,
            Optional<PeerFacts> peer,
            boolean comparing) {
        if (epoch < self.promisedEpoch() || epoch <= self.lineage().headEpoch()) {
            return refused(
                    Promotion.Refusal.EPOCH_TOO_LOW,
                    "R2: epoch %d, promised %d, written %d"
                            .formatted(epoch, self.promisedEpoch(), self.lineage().headEpoch()));
        }
        if (comparing) {
            return refused(Promotion.Refusal.RESYNC_RUNNING, "R31: this copy is being compared");
        }
        if (peer.isEmpty() || !inSync.contains(peer.get().standing().node())) {
            return Optional.empty();
        }
        return switch (peer.get().relation()) {
            case PEER_AHEAD ->
                    refused(
                            Promotion.Refusal.PEER_AHEAD,
                            "R24: the peer has operations up to " + peer.get().standing().last());
            case DIVERGED, UNRELATED ->
                    refused(
                            Promotion.Refusal.PEER_DIVERGED,
                            "R29: the peer's history differs behind operation "
                                    + peer.get().common());
            case EQUAL, PEER_BEHIND -> Optional.empty();
        };
    }

    private static Optional<Promotion.Refused> refused(Promotion.Refusal reason, String detail) {
        return Optional.of(new Promotion.Refused(reason, detail));
    }
}
