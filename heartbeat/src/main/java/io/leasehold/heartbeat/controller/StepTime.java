package io.leasehold.heartbeat.controller;

/**
 * The time of the step under way: what every part of the machine reads instead of a clock. Moved by
 * {@link Controller#step} alone, so that one step has one time.
 */
final class StepTime {
    private long nanos;
    private WallClock wallClock;

    StepTime(WallClock wallClock) {
        this.wallClock = wallClock;
        this.nanos = wallClock.nanos();
    }

    void is(long nowNanos) {
        nanos = nowNanos;
    }

    /** The wall clock was read anew. */
    void is(WallClock readAnew) {
        wallClock = readAnew;
    }

    long nowNanos() {
        return nanos;
    }

    long epochMillis() {
        return wallClock.epochMillisAt(nanos);
    }

    WallClock wallClock() {
        return wallClock;
    }
}
