package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.WallClock;
import java.time.Instant;
import java.time.ZoneId;

/** Reads the machine's wall clock; together with {@link Node} the only place that does. */
final class WallClocks {
    private WallClocks() {}

    static WallClock read(long nowNanos) {
        return new WallClock(nowNanos, Instant.now(), ZoneId.systemDefault());
    }
}
