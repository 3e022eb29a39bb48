package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;

/**
 * The roots of the last {@value #SIZE} operations: acknowledgements are compared at equal
 * positions.
 */
final class RecentRoots {
    private static final int SIZE = 1 << 14;

    private final long[] seqs = new long[SIZE];
    private final long[] highs = new long[SIZE];
    private final long[] lows = new long[SIZE];

    RecentRoots() {
        java.util.Arrays.fill(seqs, -1);
    }

    /** Forgets all: they may be of a history that this copy has given up since. */
    synchronized void clear() {
        java.util.Arrays.fill(seqs, -1);
    }

    synchronized void put(Seq seq, Root root) {
        int at = (int) (seq.value() % SIZE);
        seqs[at] = seq.value();
        highs[at] = root.high();
        lows[at] = root.low();
    }

    synchronized RootCheck check(Seq seq, Root root) {
        int at = (int) (seq.value() % SIZE);
        if (seqs[at] != seq.value()) {
            return RootCheck.UNKNOWN;
        }
        return highs[at] == root.high() && lows[at] == root.low()
                ? RootCheck.EQUAL
                : RootCheck.DIFFERENT;
    }
}
