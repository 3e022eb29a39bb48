package io.leasehold.heartbeat.linux;

import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file descriptor, closed once.
 *
 * <p>Whoever closes it makes sure that no other thread is inside a call on it: the kernel gives the
 * number to the next open file at once.
 */
public final class Descriptor implements AutoCloseable {
    private static final MemorySegment CLOSE = Libc.function("close");
    private static final int CLOSED = -1;

    private final AtomicInteger number;

    Descriptor(int number) {
        this.number = new AtomicInteger(number);
    }

    /** Takes over a number that somebody else opened for us. */
    public static Descriptor of(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("not a descriptor: " + number);
        }
        return new Descriptor(number);
    }

    /**
     * The number for a system call.
     *
     * @throws ClosedChannelException if it is closed
     */
    public int number() throws ClosedChannelException {
        int current = number.get();
        if (current == CLOSED) {
            throw new ClosedChannelException();
        }
        return current;
    }

    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /**
     * Closes it; a second time does nothing. Linux frees the number even where close(2) reports an
     * error.
     */
    @Override
    public void close() {
        int current = number.getAndSet(CLOSED);
        if (current != CLOSED) {
            Libc.tryCall(CLOSE, current);
        }
    }
}
