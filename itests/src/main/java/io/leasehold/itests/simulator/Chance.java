package io.leasehold.itests.simulator;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** All randomness of one history. Nothing else may be asked, or a seed would say nothing. */
final class Chance {
    private final SplittableRandom random;
    private final boolean steady;

    Chance(long seed) {
        this(seed, false);
    }

    private Chance(long seed, boolean steady) {
        this.random = new SplittableRandom(seed);
        this.steady = steady;
    }

    /**
     * For a history that a script determines: nothing is by chance, and everything takes its time.
     */
    static Chance none() {
        return new Chance(0, true);
    }

    boolean happens(double probability) {
        return probability > 0 && (steady ? probability >= 1 : random.nextDouble() < probability);
    }

    /** Between half and one and a half of it. */
    long about(long nanos) {
        return steady ? nanos : nanos / 2 + random.nextLong(nanos + 1);
    }

    /** From {@code from}, inclusive, to {@code to}, exclusive. */
    long between(long from, long to) {
        return steady ? (from + to) / 2 : random.nextLong(from, to);
    }

    /** From 0, inclusive, to {@code bound}, exclusive. */
    int below(int bound) {
        return steady ? 0 : random.nextInt(bound);
    }

    <T> T oneOf(List<T> choices) {
        return choices.get(below(choices.size()));
    }

    /** For what draws its own: device ids. */
    RandomGenerator generator() {
        return random;
    }
}
