package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Who wrote a history: one entry per epoch, oldest first. Two nodes decide by their lineages and
 * last sequences alone who has what the other lacks (R22); no clock and no flag takes part.
 *
 * <pre>
 *   lineage of A, last 90:   [1 from 1 by A] [2 from 41 by B] [3 from 71 by A]
 *   lineage of B, last 85:   [1 from 1 by A] [2 from 41 by B]
 *                             '--------- common: up to 70 --------'   A: 71-90    B: 71-85    DIVERGED
 * </pre>
 *
 * @param entries epochs strictly grow, starts never shrink
 */
public record Lineage(List<Entry> entries) {
    /**
     * Bounds what is sent and stored; older entries than these are forgotten together, see {@link
     * #begin}.
     */
    public static final int ENTRIES_MAX = 128;

    public static final Lineage EMPTY = new Lineage(List.of());

    /**
     * One writer's part of a history.
     *
     * @param epoch won from the arbiter; forced epochs may collide, therefore the writer is named
     *     too
     * @param start the first sequence that this epoch may have written
     * @param writer the copy that was primary
     */
    public record Entry(long epoch, Seq start, DeviceId writer) {
        public Entry {
            if (epoch <= 0 || start.value() <= 0) {
                throw new IllegalArgumentException(
                        "epochs and sequences start at 1: " + epoch + ", " + start);
            }
        }

        @Override
        public String toString() {
            return epoch + " from " + start.value() + " by " + writer;
        }
    }

    /** What a comparison finds: the relation, and the last sequence that both histories share. */
    public record Comparison(Relation relation, Seq common) {}

    public Lineage {
        entries = List.copyOf(entries);
        if (entries.size() > ENTRIES_MAX) {
            throw new IllegalArgumentException(entries.size() + " entries, at most " + ENTRIES_MAX);
        }
        for (int i = 1; i < entries.size(); i++) {
            var before = entries.get(i - 1);
            var entry = entries.get(i);
            if (entry.epoch <= before.epoch || entry.start.value() < before.start.value()) {
                throw new IllegalArgumentException(before + " followed by " + entry);
            }
        }
    }

    /** The epoch of the newest entry; 0 if nobody has ever written. */
    public long headEpoch() {
        return entries.isEmpty() ? 0 : entries.getLast().epoch;
    }

    /**
     * Adds an epoch. If the list is full, the oldest entry goes: two nodes that have since met
     * share all that matters, and one that stayed away for {@value #ENTRIES_MAX} epochs is compared
     * anew.
     *
     * @throws IllegalArgumentException if the epoch is not higher than the head's (R1)
     */
    public Lineage begin(long epoch, Seq start, DeviceId writer) {
        var next = new ArrayList<>(entries);
        if (next.size() == ENTRIES_MAX) {
            next.removeFirst();
        }
        next.add(new Entry(epoch, start, writer));
        return new Lineage(next);
    }

    /**
     * Without the epochs that begin behind what a node has: it learns of them when it gets there.
     */
    public Lineage upTo(Seq last) {
        return new Lineage(
                entries.stream().filter(entry -> !entry.start.isAfter(last.next())).toList());
    }

    /** Only those of the given epochs. */
    public Lineage only(Set<Long> epochs) {
        return new Lineage(
                entries.stream().filter(entry -> epochs.contains(entry.epoch())).toList());
    }

    /** Only those that {@code other} does not have. */
    public Lineage without(Lineage other) {
        return new Lineage(
                entries.stream().filter(entry -> !other.entries.contains(entry)).toList());
    }

    /** Whether one of these epochs wrote behind {@code seq} only. */
    public boolean beginsBehind(Seq seq) {
        return entries.stream().anyMatch(entry -> entry.start().isAfter(seq));
    }

    /** The epoch that wrote {@code seq}; 0 if it is older than the lineage. */
    public long epochOf(Seq seq) {
        long epoch = 0;
        for (var entry : entries) {
            if (entry.start.value() > seq.value()) {
                break;
            }
            epoch = entry.epoch;
        }
        return epoch;
    }

    /**
     * Compares our history with the peer's (R22, R30).
     *
     * @param last our last sequence, 0 before the first
     * @param peer the peer's lineage
     * @param peerLast the peer's last sequence
     */
    public Comparison compare(Seq last, Lineage peer, Seq peerLast) {
        if (entries.isEmpty() || peer.entries.isEmpty()) {
            return new Comparison(
                    entries.isEmpty()
                            ? peer.entries.isEmpty() ? Relation.EQUAL : Relation.PEER_AHEAD
                            : Relation.PEER_BEHIND,
                    Seq.NONE);
        }
        // A full list may have lost its oldest entries on one side only: align on the first entry
        // of the younger list.
        int mine = entries.indexOf(peer.entries.getFirst());
        int theirs = peer.entries.indexOf(entries.getFirst());
        if (mine < 0 && theirs < 0) {
            return new Comparison(Relation.UNRELATED, Seq.NONE);
        }
        mine = Math.max(mine, 0);
        theirs = mine > 0 ? 0 : Math.max(theirs, 0);
        while (mine < entries.size()
                && theirs < peer.entries.size()
                && entries.get(mine).equals(peer.entries.get(theirs))) {
            mine++;
            theirs++;
        }
        long end = endOfShared(mine, last);
        long peerEnd = peer.endOfShared(theirs, peerLast);
        long common = Math.min(end, peerEnd);
        // An epoch that began but wrote nothing counts: newer is the lineage's head, not the last
        // write (R22).
        boolean weHaveMore = mine < entries.size() || last.value() > common;
        boolean peerHasMore = theirs < peer.entries.size() || peerLast.value() > common;
        var relation =
                weHaveMore
                        ? peerHasMore ? Relation.DIVERGED : Relation.PEER_BEHIND
                        : peerHasMore ? Relation.PEER_AHEAD : Relation.EQUAL;
        return new Comparison(relation, new Seq(common));
    }

    private long endOfShared(int sharedEntries, Seq last) {
        return sharedEntries < entries.size()
                ? entries.get(sharedEntries).start.value() - 1
                : last.value();
    }
}
