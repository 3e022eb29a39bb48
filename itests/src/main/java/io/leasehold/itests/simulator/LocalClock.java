package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.controller.WallClock;
import java.time.Instant;
import java.time.ZoneOffset;

/** One machine's idea of time: monotonic with a drift of its own, and a wall clock that jumps. */
final class LocalClock {
    private static final Instant EPOCH = Instant.parse("2026-01-01T14:00:00Z");
    private static final long MILLION = 1_000_000;

    private final Agenda agenda;
    private final long offsetNanos;
    private final long driftPpm;
    private long wallOffsetNanos;

    /**
     * @param offsetNanos what the clock shows at the beginning
     * @param driftPpm how much too fast it is
     */
    LocalClock(Agenda agenda, long offsetNanos, long driftPpm) {
        this.agenda = agenda;
        this.offsetNanos = offsetNanos;
        this.driftPpm = driftPpm;
    }

    long nowNanos() {
        return localNanos(agenda.nowNanos());
    }

    private long localNanos(long worldNanos) {
        // Rounded once: a drift that were added at each whole millisecond would turn time back
        // there.
        return offsetNanos + worldNanos + Math.floorDiv(worldNanos * driftPpm, MILLION);
    }

    /** The first instant of the world at which this clock shows at least that. */
    long worldNanos(long wantedNanos) {
        long since = wantedNanos - offsetNanos;
        long perMillion = MILLION + driftPpm;
        // since * MILLION / perMillion, which would not fit into a long after three hours.
        return Math.floorDiv(since, perMillion) * MILLION
                + Math.ceilDiv(Math.floorMod(since, perMillion) * MILLION, perMillion);
    }

    void stepWallClock(long byNanos) {
        wallOffsetNanos += byNanos;
    }

    WallClock wallClock() {
        return new WallClock(
                nowNanos(), EPOCH.plusNanos(agenda.nowNanos() + wallOffsetNanos), ZoneOffset.UTC);
    }
}
