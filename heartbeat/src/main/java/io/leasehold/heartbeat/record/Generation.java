package io.leasehold.heartbeat.record;

/** Version of {@code inSync}: any change of it is the next generation (R1). */
public record Generation(long value) {

    public static final Generation NONE = new Generation(0);

    public Generation {
        if (value < 0) {
            throw new IllegalArgumentException("generation " + value + " is negative");
        }
    }

    public Generation next() {
        return new Generation(value + 1);
    }

    public static Generation max(Generation one, Generation other) {
        return one.value >= other.value ? one : other;
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
