package io.leasehold.itests.simulator;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** All randomness of one history. Nothing else may be asked, or a seed would say nothing. */
final class Chance {
    private final SplittableRandom random;

    Chance(long seed) {
        random = new SplittableRandom(seed);
    }

    boolean happens(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    /** Between half and one and a half of it. */
    long about(long nanos) {
        return nanos / 2 + random.nextLong(nanos + 1);
    }

    /** From {@code from}, inclusive, to {@code to}, exclusive. */
    long between(long from, long to) {
        return random.nextLong(from, to);
    }

    /** From 0, inclusive, to {@code bound}, exclusive. */
    int below(int bound) {
        return random.nextInt(bound);
    }

    <T> T oneOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** For what draws its own: device ids. */
    RandomGenerator generator() {
        return random;
    }
}
