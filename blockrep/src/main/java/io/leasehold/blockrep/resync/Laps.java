package io.leasehold.blockrep.resync;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** How long the parts of something took, one after the other, for the log. */
final class Laps {
    private final List<String> done = new ArrayList<>();
    private long sinceNanos = System.nanoTime();

    /** A part has ended: that which began with the end of the one before, or with this object. */
    void end(String what) {
        long nowNanos = System.nanoTime();
        done.add(what + " " + TimeUnit.NANOSECONDS.toMillis(nowNanos - sinceNanos) + " ms");
        sinceNanos = nowNanos;
    }

    @Override
    public String toString() {
        return String.join(", ", done);
    }
}
