package io.leasehold.blockrep.resync;

/**
 * Keeps what is done under a rate: after each piece it says how long to rest. What was slow is not
 * made up for later. Pure; for one thread.
 */
public final class Pace {
    private final long bytesPerSecondMax;
    private long freeAtNanos;

    /**
     * @param bytesPerSecondMax 0: as fast as it goes
     */
    public Pace(long bytesPerSecondMax, long nowNanos) {
        if (bytesPerSecondMax < 0) {
            throw new IllegalArgumentException("a rate of " + bytesPerSecondMax + " B/s");
        }
        this.bytesPerSecondMax = bytesPerSecondMax;
        this.freeAtNanos = nowNanos;
    }

    /**
     * A piece is done, that was begun when the last rest was over.
     *
     * @return nanoseconds until the next may begin
     */
    public long restAfter(long bytes, long nowNanos) {
        if (bytesPerSecondMax == 0) {
            return 0;
        }
        freeAtNanos = freeAtNanos + (long) (bytes * 1e9 / bytesPerSecondMax);
        if (freeAtNanos - nowNanos < 0) {
            freeAtNanos = nowNanos;
        }
        return freeAtNanos - nowNanos;
    }
}
