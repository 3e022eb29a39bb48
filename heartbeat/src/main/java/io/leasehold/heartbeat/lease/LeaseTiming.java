package io.leasehold.heartbeat.lease;

/**
 * Lengths of the serving lease, in nanoseconds of monotonic time.
 *
 * @param lengthNanos L of R9: how long a confirmation lasts, counted from the sending of the
 *     request that was answered
 * @param marginNanos how much earlier this node falls silent: covers clock drift over L and the
 *     kernel gate's granularity
 */
public record LeaseTiming(long lengthNanos, long marginNanos) {
    public LeaseTiming {
        if (marginNanos < 0 || lengthNanos <= 2 * marginNanos) {
            throw new IllegalArgumentException(
                    "the serving lease must be longer than twice its margin");
        }
    }

    public static LeaseTiming defaults() {
        return new LeaseTiming(2_000_000_000L, 200_000_000L);
    }
}
