package io.leasehold.blockrep.resync;

import java.util.OptionalLong;

/** How far a resync has come; written by one thread, read by any. */
public final class Progress {
    private static final long RATE_WINDOW_NANOS = 2_000_000_000L;

    private long totalBytes;
    private long doneBytes;
    private long windowStartNanos;
    private long windowStartBytes;
    private long bytesPerSecond;

    public Progress(long nowNanos) {
        windowStartNanos = nowNanos;
    }

    public synchronized void total(long bytes) {
        totalBytes = bytes;
    }

    public synchronized void done(long nowNanos, long moreBytes) {
        doneBytes += moreBytes;
        long elapsed = nowNanos - windowStartNanos;
        if (elapsed >= RATE_WINDOW_NANOS || bytesPerSecond == 0) {
            bytesPerSecond = (doneBytes - windowStartBytes) * 1_000_000_000L / Math.max(elapsed, 1);
        }
        if (elapsed >= RATE_WINDOW_NANOS) {
            windowStartNanos = nowNanos;
            windowStartBytes = doneBytes;
        }
    }

    public synchronized long doneBytes() {
        return doneBytes;
    }

    public synchronized long totalBytes() {
        return Math.max(totalBytes, doneBytes);
    }

    public synchronized long bytesPerSecond() {
        return bytesPerSecond;
    }

    /** At the present rate; empty while that says nothing. */
    public synchronized OptionalLong remainingNanos() {
        return bytesPerSecond == 0
                ? OptionalLong.empty()
                : OptionalLong.of(
                        (Math.max(totalBytes, doneBytes) - doneBytes)
                                * 1_000_000_000L
                                / bytesPerSecond);
    }
}
