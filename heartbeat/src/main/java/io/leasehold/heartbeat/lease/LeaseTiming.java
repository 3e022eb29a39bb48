package io.leasehold.heartbeat.lease;

/**
 * Lengths of the serving lease, in nanoseconds of monotonic time.
 *
 * <pre>
 *   holder    sent ............ falls silent at L - m
 *   survivor  promised, won ..................... waits ......... serves at L + m
 *                               |<------------ 2 m ------------->|
 * </pre>
 *
 * <p>A confirmation was sent before the promise that it got, so what must fit into 2 m is how far
 * two clocks part over L, and how late the holder's last packet is: {@link
 * #DRIFT_PARTS_PER_MILLION} and {@link #LATENESS_NANOS}.
 *
 * @param lengthNanos L of R9: how long a confirmation lasts, counted from the sending of the
 *     request that was answered
 * @param marginNanos m: how much earlier this node falls silent, and how much longer the other one
 *     waits
 */
public record LeaseTiming(long lengthNanos, long marginNanos) {
    /**
     * How far apart two monotonic clocks may run: NTP slews each by at most 500 parts per million
     * (adjtimex(2)), and steps neither.
     */
    public static final long DRIFT_PARTS_PER_MILLION = 1_000;

    /**
     * How much later than its permission a packet may be on the wire: the kernel looks at the time
     * in ticks of at most 10 ms, and a packet that has passed may wait in the device's queue.
     */
    public static final long LATENESS_NANOS = 20_000_000;

    /** The margin is this part of the length. */
    private static final long MARGIN_PART = 10;

    /** Below it a tenth would not cover the lateness. */
    public static final long LENGTH_NANOS_MIN = 500_000_000;

    public LeaseTiming {
        if (marginNanos < 0 || lengthNanos <= 2 * marginNanos) {
            throw new IllegalArgumentException(
                    "the serving lease must be longer than twice its margin");
        }
    }

    /**
     * A lease of that length, with the margin that it needs.
     *
     * @param lengthNanos at least {@link #LENGTH_NANOS_MIN}
     */
    public static LeaseTiming ofLength(long lengthNanos) {
        if (lengthNanos < LENGTH_NANOS_MIN) {
            throw new IllegalArgumentException("a serving lease of " + lengthNanos + " ns");
        }
        return new LeaseTiming(lengthNanos, lengthNanos / MARGIN_PART);
    }

    public static LeaseTiming defaults() {
        return ofLength(2_000_000_000L);
    }

    /** For how long after its last confirmation the holder serves. */
    public long audibleNanos() {
        return lengthNanos - marginNanos;
    }
}
