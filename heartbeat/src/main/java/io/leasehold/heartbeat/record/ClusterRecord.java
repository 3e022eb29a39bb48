package io.leasehold.heartbeat.record;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The record C: who may serve.
 *
 * <p>In the modes without a witness it is each node's own copy, changed only with a {@link Proof}.
 *
 * @param primary the writer of {@code epoch}; absent before the first promotion
 * @param inSync the nodes that hold every acknowledged write, as far as the holder of this copy
 *     knows
 * @param requestId the wish that led to this content (R11)
 */
public record ClusterRecord(
        ArbitrationMode mode,
        Epoch epoch,
        Optional<NodeName> primary,
        Set<NodeName> inSync,
        Generation gen,
        RequestId requestId) {

    /** A pair. */
    public static final int MEMBERS_MAX = 2;

    public ClusterRecord {
        if (inSync.size() > MEMBERS_MAX) {
            throw new IllegalArgumentException("more than two members: " + inSync);
        }
        if (primary.isPresent() && !inSync.contains(primary.get())) {
            throw new IllegalArgumentException(
                    "primary " + primary.get() + " is not in sync with itself: " + inSync);
        }
        inSync = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(inSync));
    }

    /** What a fresh disk holds: nobody has ever been primary. */
    public static ClusterRecord fresh(ArbitrationMode mode, NodeName me) {
        return new ClusterRecord(
                mode,
                Epoch.NONE,
                Optional.empty(),
                Set.of(),
                Generation.NONE,
                new RequestId(me, 0));
    }

    public boolean isPrimary(NodeName node) {
        return primary.filter(node::equals).isPresent();
    }

    public boolean isInSync(NodeName node) {
        return inSync.contains(node);
    }

    /** Says whether {@code node} alone holds every acknowledged write. */
    public boolean isSole(NodeName node) {
        return inSync.size() == 1 && inSync.contains(node);
    }

    /** Says whether this came after {@code other}: a later epoch, or a later generation of it. */
    public boolean isNewerThan(ClusterRecord other) {
        return epoch.isAfter(other.epoch)
                || (epoch.equals(other.epoch) && gen.value() > other.gen.value());
    }

    /** The same primary and the same members, whatever the epoch. */
    public boolean givesTheSameRightsAs(ClusterRecord other) {
        return primary.equals(other.primary) && inSync.equals(other.inSync);
    }

    /** As a person reads it: {@code epoch 7, primary dhcp1, in sync dhcp1 dhcp2, generation 12}. */
    public String describe() {
        return "epoch "
                + epoch
                + ", primary "
                + primary.map(NodeName::value).orElse("none")
                + ", in sync "
                + (inSync.isEmpty()
                        ? "none"
                        : String.join(" ", inSync.stream().map(NodeName::value).toList()))
                + ", generation "
                + gen;
    }
}
