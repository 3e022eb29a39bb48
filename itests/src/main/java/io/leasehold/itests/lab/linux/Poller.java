package io.leasehold.itests.lab.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Waits for frames on several sockets, to the microsecond and without allocating. */
public final class Poller implements AutoCloseable {
    private static final short POLLIN = 1;
    private static final int POLLFD_BYTES = 8;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment pollfds;
    private final MemorySegment timeout = arena.allocate(16, Long.BYTES);
    private final int count;

    public Poller(List<PacketSocket> sockets) {
        count = sockets.size();
        pollfds = arena.allocate((long) POLLFD_BYTES * count, Long.BYTES);
        for (int i = 0; i < count; i++) {
            pollfds.set(ValueLayout.JAVA_INT, (long) i * POLLFD_BYTES, sockets.get(i).descriptor());
            pollfds.set(ValueLayout.JAVA_SHORT, (long) i * POLLFD_BYTES + 4, POLLIN);
        }
    }

    /** Returns when a frame is there, or after {@code nanos}; 0 or less returns at once. */
    public void await(long nanos) throws LinuxException {
        long wait = Math.max(nanos, 0);
        timeout.set(ValueLayout.JAVA_LONG, 0, wait / NANOS_PER_SECOND);
        timeout.set(ValueLayout.JAVA_LONG, 8, wait % NANOS_PER_SECOND);
        Linux.poll(pollfds, count, timeout);
    }

    @Override
    public void close() {
        arena.close();
    }
}
