package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;

/** Wakes a thread that waits in a {@link PollSet} ({@code eventfd(2)}). */
public final class WakeUp implements AutoCloseable {
    private static final MemorySegment EVENTFD = Libc.function("eventfd");
    private static final MemorySegment READ = Libc.function("read");
    private static final MemorySegment WRITE = Libc.function("write");
    private static final int EFD_CLOEXEC_NONBLOCK = 0x80000 | 0x800;

    private final Descriptor descriptor;
    private final MemorySegment one = Arena.ofAuto().allocate(JAVA_LONG);

    public WakeUp() throws LinuxException {
        descriptor = new Descriptor(Libc.call("eventfd", EVENTFD, 0, EFD_CLOEXEC_NONBLOCK));
        one.set(JAVA_LONG, 0, 1);
    }

    /** What to poll for {@link PollSet#READABLE}. */
    public int number() throws ClosedChannelException {
        return descriptor.number();
    }

    /** Makes the descriptor readable, until {@link #reset}. */
    public void wake() throws ClosedChannelException {
        // It fails only when the counter is full, and then the descriptor is readable already.
        Libc.tryCall(WRITE, descriptor.number(), one.address(), JAVA_LONG.byteSize());
    }

    /** Makes the descriptor silent again. */
    public void reset() throws ClosedChannelException {
        var count = Arena.ofAuto().allocate(JAVA_LONG);
        Libc.tryCall(READ, descriptor.number(), count.address(), JAVA_LONG.byteSize());
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
