package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The clocks that Java does not show. Belongs to one thread. */
public final class Clocks {
    private static final MemorySegment CLOCK_GETTIME = Libc.function("clock_gettime");
    private static final int CLOCK_MONOTONIC = 1;
    private static final int CLOCK_BOOTTIME = 7;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final MemorySegment time = Arena.ofAuto().allocate(16, 8);

    /**
     * How long this machine was suspended since its boot. {@link System#nanoTime} does not count
     * that time, so a growth is a gap that nothing else shows. Exact to the time that two clock
     * readings take.
     */
    public long suspendedNanos() throws LinuxException {
        return read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC);
    }

    private long read(int clock) throws LinuxException {
        Libc.call("clock_gettime", CLOCK_GETTIME, clock, time.address());
        return time.get(JAVA_LONG, 0) * NANOS_PER_SECOND + time.get(JAVA_LONG, 8);
    }
}
