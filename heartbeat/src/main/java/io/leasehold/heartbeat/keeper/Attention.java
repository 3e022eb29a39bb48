package io.leasehold.heartbeat.keeper;

/**
 * How attentively the keeper has listened since it last passed a beat on.
 *
 * <p>A keeper that stands still does not hear, and on a machine that stands still as a whole (a
 * virtual one, a laptop that was shut) the peer may have stood still beside it: what was not heard
 * then is no silence. It is measured where it shows, in a deadline that is met late. All times in
 * nanoseconds of {@link System#nanoTime}. Not safe for use by several threads.
 */
final class Attention {
    private long passedOnNanos;
    private long stoodStillNanos;

    Attention(long nowNanos) {
        passedOnNanos = nowNanos;
    }

    /** A beat reached the daemon: silence begins anew. */
    void passedOn(long nowNanos) {
        passedOnNanos = nowNanos;
        stoodStillNanos = 0;
    }

    /**
     * A beat came, and the daemon has no room for it: it must not take what was before for silence.
     */
    void notPassedOn(long nowNanos) {
        stoodStillNanos = nowNanos - passedOnNanos;
    }

    /** A deadline was met late by so much. */
    void late(long nanos) {
        stoodStillNanos += nanos;
    }

    /** For how long nobody listened since a beat was passed on. */
    long stoodStillNanos() {
        return stoodStillNanos;
    }
}
