package io.leasehold.blockrep.volume;

/**
 * An operation's place in the one total order of a volume. The first operation has 1; {@link #NONE}
 * stands before it.
 *
 * @param value counts operations, without gaps
 */
public record Seq(long value) implements Comparable<Seq> {

    /** The place before the first operation: the state of an empty volume. */
    public static final Seq NONE = new Seq(0);

    public Seq {
        if (value < 0) {
            throw new IllegalArgumentException("negative sequence number " + value);
        }
    }

    /** The place right behind this one. */
    public Seq next() {
        return new Seq(Math.incrementExact(value));
    }

    /** Whether this place is behind {@code other}. */
    public boolean isAfter(Seq other) {
        return value > other.value;
    }

    @Override
    public int compareTo(Seq other) {
        return Long.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
