package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/**
 * What is known of the peer when a session has opened.
 *
 * @param standing what it said of itself
 * @param relation its history against ours
 * @param common the last sequence that both histories share; none may be, because one of them has
 *     no operation yet
 * @param sameBeginning whether both descend from the same first writer; not if one of the copies
 *     never had any, as a new disk
 * @param splitBrain both have acknowledged what the other lacks (R29): nobody may serve before a
 *     person has decided
 */
public record PeerFacts(
        Standing standing,
        Relation relation,
        Seq common,
        boolean sameBeginning,
        boolean splitBrain) {

    public static PeerFacts of(Standing self, Standing peer) {
        var comparison = self.compare(peer);
        return new PeerFacts(
                peer,
                comparison.relation(),
                comparison.common(),
                comparison.relation() != Relation.UNRELATED
                        && !self.lineage().entries().isEmpty()
                        && !peer.lineage().entries().isEmpty(),
                comparison.relation() == Relation.DIVERGED
                        && peer.acknowledgedBeyond(comparison.common())
                        && self.acknowledgedBeyond(comparison.common()));
    }

    /**
     * Whether our journal can bring the peer up to date.
     *
     * @param oldest the first operation that it still has
     * @param rootAtLast ours at the peer's last operation; empty if the journal does not say
     */
    public ReplayCheck replayCheck(Seq oldest, Optional<Root> rootAtLast) {
        if (relation != Relation.EQUAL && relation != Relation.PEER_BEHIND) {
            return ReplayCheck.POSSIBLE;
        }
        var root = standing.last().equals(Seq.NONE) ? Optional.of(Root.EMPTY) : rootAtLast;
        if (oldest.isAfter(standing.last().next()) || root.isEmpty()) {
            return ReplayCheck.RECORDS_GONE;
        }
        return root.get().equals(standing.root()) ? ReplayCheck.POSSIBLE : ReplayCheck.ROOTS_DIFFER;
    }

    /** The peer has something that our history does not: a compare must keep what it replaces. */
    public boolean hasOwnTail() {
        return standing.last().isAfter(common);
    }

    /**
     * The same peer, after this node has begun an epoch behind all that it has: now it has
     * something that the peer lacks. If it never had a writer, they still share nothing.
     */
    PeerFacts afterOurPromotion() {
        var now =
                switch (relation) {
                    case EQUAL, PEER_BEHIND -> Relation.PEER_BEHIND;
                    case PEER_AHEAD -> sameBeginning ? Relation.DIVERGED : Relation.PEER_AHEAD;
                    case DIVERGED -> Relation.DIVERGED;
                    case UNRELATED -> Relation.UNRELATED;
                };
        return new PeerFacts(standing, now, common, sameBeginning, splitBrain);
    }
}
