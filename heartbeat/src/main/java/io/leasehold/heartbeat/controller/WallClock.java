package io.leasehold.heartbeat.controller;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * Ties monotonic time to the wall clock, for what a person reads and for what survives a reboot.
 * Nothing that must hold depends on it.
 */
public record WallClock(long nanos, Instant instant, ZoneId zone) {

    private static final DateTimeFormatter HOUR_MINUTE = DateTimeFormatter.ofPattern("HH:mm");

    public Instant at(long otherNanos) {
        return instant.plusNanos(otherNanos - nanos);
    }

    public long epochMillisAt(long otherNanos) {
        return at(otherNanos).toEpochMilli();
    }

    public long nanosAt(long epochMillis) {
        return nanos + (epochMillis - instant.toEpochMilli()) * 1_000_000L;
    }

    /** {@code 14:03}. */
    public String hourMinute(long otherNanos) {
        return HOUR_MINUTE.format(at(otherNanos).atZone(zone));
    }
}
