package io.leasehold.heartbeat.record;

/** The reign of one writer: one epoch has one writer, one process of it, for ever (R1). */
public record Epoch(long value) implements Comparable<Epoch> {

    /** Before the first promotion. */
    public static final Epoch NONE = new Epoch(0);

    public Epoch {
        if (value < 0) {
            throw new IllegalArgumentException("epoch " + value + " is negative");
        }
    }

    public Epoch next() {
        return new Epoch(value + 1);
    }

    /** Room for what the other side may promote by itself while an epoch is being forced here. */
    static final long FORCED_STRIDE = 1_000;

    /**
     * The epoch that a person forces on a node of the pair: above everything promised here, and
     * never one that the other node reaches by itself or has forced on it at the same time. A
     * forced promotion is the only one without a proof that the other side won nothing (ADR 0025).
     *
     * @param lowerName of the two nodes', the one whose name sorts first
     */
    public Epoch forced(boolean lowerName) {
        var start = (value / FORCED_STRIDE + 1) * FORCED_STRIDE;
        return new Epoch(lowerName ? start : start + FORCED_STRIDE / 2);
    }

    public boolean isAfter(Epoch other) {
        return value > other.value;
    }

    public static Epoch max(Epoch one, Epoch other) {
        return one.isAfter(other) ? one : other;
    }

    @Override
    public int compareTo(Epoch other) {
        return Long.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
