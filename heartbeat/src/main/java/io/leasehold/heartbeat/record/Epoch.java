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
