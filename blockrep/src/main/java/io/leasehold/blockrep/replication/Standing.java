package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/**
 * What a node says of its own copy when a session opens: facts about data, no rights.
 *
 * @param node its configured name
 * @param device its copy
 * @param role whether it is the writer of {@code lineage.headEpoch()}
 * @param promisedEpoch the highest epoch that it promised; it rejects lower ones (R2)
 * @param lineage who wrote its history
 * @param last the last operation in its journal
 * @param committed the last operation that it knows to be durable on every in-sync node; lags
 * @param root the rolling hash at {@code last}
 * @param acknowledgedAlone the first sequence that this node may have acknowledged without its
 *     peer: tells a mere tail (R25) from a split brain (R29)
 */
public record Standing(
        NodeName node,
        DeviceId device,
        Role role,
        long promisedEpoch,
        Lineage lineage,
        Seq last,
        Seq committed,
        Root root,
        Optional<Seq> acknowledgedAlone) {

    /** The same copy, once it has promised an epoch. */
    public Standing promising(long epoch) {
        return new Standing(
                node, device, role, epoch, lineage, last, committed, root, acknowledgedAlone);
    }

    /** How {@code peer} relates to us. */
    public Lineage.Comparison compare(Standing peer) {
        return lineage.compare(last, peer.lineage, peer.last);
    }

    /**
     * Whether this node may have acknowledged operations beyond {@code common} without its peer
     * (R29).
     */
    public boolean acknowledgedBeyond(Seq common) {
        return last.isAfter(common)
                && acknowledgedAlone.isPresent()
                && !acknowledgedAlone.get().isAfter(last);
    }
}
