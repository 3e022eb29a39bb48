package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;

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
 * @param treeExact whether its tree is exactly the result of its operations up to {@code last}.
 *     False after a power loss of a writer: the kernel may have written back effects of operations
 *     whose journal records were lost. Such a copy is compared, never replayed (R25)
 * @param replayFloor a peer that is behind this sequence cannot be made equal by replay
 * @param acknowledgedAlone the first sequence that this node may have acknowledged without its
 *     peer, {@link Long#MAX_VALUE} if there is none: tells a mere tail (R25) from a split brain
 *     (R29)
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
        boolean treeExact,
        Seq replayFloor,
        Seq acknowledgedAlone) {

    /** How {@code peer} relates to us. */
    public Lineage.Comparison compare(Standing peer) {
        return lineage.compare(last, peer.lineage, peer.last);
    }

    /**
     * Whether this node may have acknowledged operations beyond {@code common} without its peer
     * (R29).
     */
    public boolean acknowledgedBeyond(Seq common) {
        return last.value() > common.value() && acknowledgedAlone.value() <= last.value();
    }
}
