package io.leasehold.heartbeat.controller;

import java.util.OptionalLong;

/** The earliest of many deadlines. */
final class Deadlines {
    private final long nowNanos;
    private OptionalLong earliest = OptionalLong.empty();

    Deadlines(long nowNanos) {
        this.nowNanos = nowNanos;
    }

    void at(OptionalLong nanos) {
        nanos.ifPresent(this::at);
    }

    void at(long nanos) {
        if (earliest.isEmpty() || nanos < earliest.getAsLong()) {
            earliest = OptionalLong.of(nanos);
        }
    }

    /**
     * Only if it is still to come: one that has passed and changed nothing is no reason to wake.
     */
    void ifComing(long nanos) {
        if (nanos > nowNanos) {
            at(nanos);
        }
    }

    void ifComing(OptionalLong nanos) {
        nanos.ifPresent(this::ifComing);
    }

    OptionalLong earliest() {
        return earliest;
    }
}
