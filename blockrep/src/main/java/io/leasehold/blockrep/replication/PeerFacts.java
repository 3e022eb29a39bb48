package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;

/**
 * What is known of the peer when a session has opened.
 *
 * @param standing what it said of itself
 * @param relation its history against ours
 * @param common the last sequence that both histories share
 * @param splitBrain both have acknowledged what the other lacks (R29): nobody may serve before a
 *     person has decided
 */
public record PeerFacts(Standing standing, Relation relation, Seq common, boolean splitBrain) {

    public static PeerFacts of(Standing self, Standing peer) {
        var comparison = self.compare(peer);
        return new PeerFacts(
                peer,
                comparison.relation(),
                comparison.common(),
                comparison.relation() == Relation.DIVERGED
                        && peer.acknowledgedBeyond(comparison.common())
                        && self.acknowledgedBeyond(comparison.common()));
    }

    /**
     * The same peer, after this node has begun an epoch behind all that it has: now it has
     * something that the peer lacks. If it had nothing at all, they still share nothing.
     */
    PeerFacts afterOurPromotion() {
        var now =
                switch (relation) {
                    case EQUAL, PEER_BEHIND -> Relation.PEER_BEHIND;
                    case PEER_AHEAD ->
                            common.equals(Seq.NONE) ? Relation.PEER_AHEAD : Relation.DIVERGED;
                    case DIVERGED -> Relation.DIVERGED;
                    case UNRELATED -> Relation.UNRELATED;
                };
        return new PeerFacts(standing, now, common, splitBrain);
    }
}
