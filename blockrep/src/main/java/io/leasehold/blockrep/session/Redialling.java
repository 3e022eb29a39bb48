package io.leasehold.blockrep.session;

/**
 * When the node that dials tries again. Pure; times are monotonic nanoseconds.
 *
 * <pre>
 *   a session ended ──► at once, if it had lasted; else after 500 ms
 *   cannot connect  ──► 50 ms, for 5 s; then twice as long each time, up to 500 ms
 *   refused         ──► 500 ms once, as the other side may be about to learn; then 2, 4, 8, … 30 s
 * </pre>
 *
 * <p>Refused: one side said that the other is not, or sends not, what it must, or that it cannot go
 * on. As a rule nobody but a person changes that, and the log must not be full of it. A session
 * that lasted longer than the longest pause is the first one again.
 */
public final class Redialling {
    static final long FIRST_PAUSE_NANOS = 50_000_000L;
    static final long LAST_PAUSE_NANOS = 500_000_000L;
    static final long FIRST_REFUSED_PAUSE_NANOS = 2_000_000_000L;
    static final long LAST_REFUSED_PAUSE_NANOS = 30_000_000_000L;

    /**
     * A daemon that is restarted is there again within a second, and clients wait for it: for so
     * long after a session the pauses do not grow.
     */
    static final long EXPECT_BACK_NANOS = 5_000_000_000L;

    static final long SHORT_SESSION_NANOS = 500_000_000L;

    private long connectedNanos;
    private long aloneSinceNanos;
    private long pauseNanos = FIRST_PAUSE_NANOS;
    private long refusedPauseNanos;
    private int refusals;

    public Redialling(long nowNanos) {
        connectedNanos = nowNanos - SHORT_SESSION_NANOS;
        aloneSinceNanos = nowNanos;
    }

    /** A session was made. */
    public void connected(long nowNanos) {
        connectedNanos = nowNanos;
        pauseNanos = FIRST_PAUSE_NANOS;
    }

    /**
     * That session has ended.
     *
     * @param refused one of the two refused the other
     * @return how long to wait before dialling
     */
    public long ended(long nowNanos, boolean refused) {
        aloneSinceNanos = nowNanos;
        if (!refused) {
            refusals = 0;
            return nowNanos - connectedNanos < SHORT_SESSION_NANOS ? LAST_PAUSE_NANOS : 0;
        }
        if (nowNanos - connectedNanos > LAST_REFUSED_PAUSE_NANOS) {
            refusals = 0;
        }
        refusals++;
        if (refusals == 1) {
            refusedPauseNanos = FIRST_REFUSED_PAUSE_NANOS;
            return LAST_PAUSE_NANOS;
        }
        long pause = refusedPauseNanos;
        refusedPauseNanos = Math.min(2 * pause, LAST_REFUSED_PAUSE_NANOS);
        return pause;
    }

    /** No session could be made; how long to wait before dialling. */
    public long failed(long nowNanos) {
        long pause = pauseNanos;
        if (nowNanos - aloneSinceNanos > EXPECT_BACK_NANOS) {
            pauseNanos = Math.min(2 * pauseNanos, LAST_PAUSE_NANOS);
        }
        return pause;
    }
}
