package io.leasehold.itests.bench;

import java.util.Arrays;

/** Sorted samples. */
final class Percentiles {
    private final double[] sorted;

    Percentiles(double[] samples) {
        if (samples.length == 0) {
            throw new IllegalArgumentException("no samples");
        }
        sorted = samples.clone();
        Arrays.sort(sorted);
    }

    /** The nearest rank: the smallest sample that is not below {@code percent} of all. */
    double at(double percent) {
        int rank = (int) Math.ceil(percent / 100 * sorted.length);
        return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1];
    }

    double median() {
        return at(50);
    }

    double min() {
        return sorted[0];
    }

    double max() {
        return sorted[sorted.length - 1];
    }
}
