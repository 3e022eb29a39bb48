package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Waits until one of several descriptors is ready, with a resolution of nanoseconds ({@code
 * ppoll(2)}).
 *
 * <p>For one thread, which fills it anew for each wait: {@link #clear}, {@link #add}..., {@link
 * #await}, {@link #isReady}.
 */
public final class PollSet {
    public static final short READABLE = 0x001;
    public static final short WRITABLE = 0x004;

    private static final MemorySegment PPOLL = Libc.function("ppoll");
    private static final int ENTRY_BYTES = 8;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final int capacity;
    private final MemorySegment entries;
    private final MemorySegment timeout;
    private int size;

    public PollSet(int capacity) {
        this.capacity = capacity;
        var arena = Arena.ofAuto();
        entries = arena.allocate((long) capacity * ENTRY_BYTES, 8);
        timeout = arena.allocate(16, 8);
    }

    public void clear() {
        size = 0;
    }

    /** Adds a descriptor and returns its index for {@link #isReady}. */
    public int add(int descriptor, short events) {
        if (size == capacity) {
            throw new IllegalStateException("more than " + capacity + " descriptors");
        }
        long at = (long) size * ENTRY_BYTES;
        entries.set(JAVA_INT, at, descriptor);
        entries.set(JAVA_SHORT, at + 4, events);
        entries.set(JAVA_SHORT, at + 6, (short) 0);
        return size++;
    }

    /**
     * Waits until one is ready, the time is over, or a signal came.
     *
     * @param timeoutNanos 0 only looks, negative waits without limit
     */
    public void await(long timeoutNanos) throws LinuxException {
        timeout.set(JAVA_LONG, 0, timeoutNanos / NANOS_PER_SECOND);
        timeout.set(JAVA_LONG, 8, timeoutNanos % NANOS_PER_SECOND);
        long timeoutAddress = timeoutNanos < 0 ? 0 : timeout.address();
        int result = Libc.tryCall(PPOLL, entries.address(), size, timeoutAddress, 0);
        if (result == -Errno.EINTR) {
            for (int i = 0; i < size; i++) {
                entries.set(JAVA_SHORT, (long) i * ENTRY_BYTES + 6, (short) 0);
            }
        } else if (result < 0) {
            throw new LinuxException("ppoll", -result);
        }
    }

    /** Whether there is something to be had, an error or an end of file included. */
    public boolean isReady(int index) {
        return entries.get(JAVA_SHORT, (long) index * ENTRY_BYTES + 6) != 0;
    }
}
