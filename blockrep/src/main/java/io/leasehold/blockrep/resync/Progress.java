package io.leasehold.blockrep.resync;

import java.util.OptionalLong;

/**
 * How far a resync has come; written by one thread, read by any. Times are monotonic and never
 * before those of the call before.
 */
public final class Progress {
    /** The rate is that of the last one to two such windows. */
    private static final long WINDOW_NANOS = 2_000_000_000L;

    /** A first piece says nothing about a rate. */
    private static final long FIRST_NANOS = 100_000_000L;

    private final long beginNanos;
    private long totalBytes;
    private long doneBytes;
    private Mark before;
    private Mark window;

    private record Mark(long nanos, long doneBytes) {}

    public Progress(long nowNanos) {
        beginNanos = nowNanos;
        before = new Mark(nowNanos, 0);
        window = before;
    }

    /** So much is to be done in all, as far as it is known by now. */
    public synchronized void total(long bytes) {
        totalBytes = bytes;
    }

    /** So much more is to be done than was known. */
    public synchronized void more(long bytes) {
        totalBytes += bytes;
    }

    public synchronized void done(long nowNanos, long moreBytes) {
        doneBytes += moreBytes;
        roll(nowNanos);
    }

    private void roll(long nowNanos) {
        if (nowNanos - window.nanos >= WINDOW_NANOS) {
            before = window;
            window = new Mark(nowNanos, doneBytes);
        }
    }

    /** Since it began. */
    public long elapsedNanos(long nowNanos) {
        return nowNanos - beginNanos;
    }

    public synchronized long doneBytes() {
        return doneBytes;
    }

    /** Never less than what is done. */
    public synchronized long totalBytes() {
        return Math.max(totalBytes, doneBytes);
    }

    /** Over the last few seconds: 0 if nothing has been done for so long. */
    public synchronized long bytesPerSecond(long nowNanos) {
        roll(nowNanos);
        long elapsed = nowNanos - before.nanos;
        return nowNanos - beginNanos < FIRST_NANOS
                ? 0
                : (long) ((doneBytes - before.doneBytes) * 1e9 / elapsed);
    }

    /** At that rate; empty while that says nothing. */
    public synchronized OptionalLong remainingNanos(long nowNanos) {
        long rate = bytesPerSecond(nowNanos);
        return rate == 0
                ? OptionalLong.empty()
                : OptionalLong.of((long) ((totalBytes() - doneBytes) * 1e9 / rate));
    }
}
