package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A watchdog timer: hardware, or a part of the kernel, that resets the machine unless it is fed
 * (linux/watchdog.h). It runs from {@link #open} on, and it goes on when the process that opened it
 * ends without {@link #disarm}.
 */
public final class WatchdogDevice implements AutoCloseable {
    private static final MemorySegment OPEN = Libc.function("open");
    private static final MemorySegment IOCTL = Libc.function("ioctl");
    private static final MemorySegment WRITE = Libc.function("write");
    private static final int O_WRONLY_CLOEXEC = 0x1 | 0x80000;

    // _IOWR('W', 6, int)
    private static final int WDIOC_SETTIMEOUT = 0xc0045706;

    /** Any other byte feeds it. */
    private static final byte MAGIC_CLOSE = 'V';

    private static final byte FOOD = '.';

    private final String shown;
    private final Descriptor descriptor;
    private final MemorySegment octet = Arena.ofAuto().allocate(JAVA_BYTE);

    private WatchdogDevice(String shown, Descriptor descriptor) {
        this.shown = shown;
        this.descriptor = descriptor;
    }

    /**
     * Starts the watchdog.
     *
     * @param timeoutSeconds how long after the last {@link #feed} it resets the machine; a device
     *     that can only count other times takes the next one that it can
     * @throws LinuxException with {@link Errno#EBUSY} if another process has it
     */
    public static WatchdogDevice open(Path path, int timeoutSeconds) throws IOException {
        var device = opened(path);
        try {
            device.setTimeout(timeoutSeconds);
            return device;
        } catch (IOException e) {
            device.disarm();
            throw e;
        }
    }

    /** With whatever timeout it has by itself. */
    static WatchdogDevice opened(Path path) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return new WatchdogDevice(
                    path.toString(),
                    new Descriptor(
                            Libc.call(
                                    "open(" + path + ")",
                                    OPEN,
                                    arena.allocateFrom(path.toString()).address(),
                                    O_WRONLY_CLOEXEC)));
        }
    }

    private void setTimeout(int seconds) throws IOException {
        try (var arena = Arena.ofConfined()) {
            Libc.call(
                    "ioctl(WDIOC_SETTIMEOUT, " + shown + ", " + seconds + " s)",
                    IOCTL,
                    descriptor.number(),
                    WDIOC_SETTIMEOUT,
                    arena.allocateFrom(JAVA_INT, seconds).address());
        }
    }

    /** The machine lives for another timeout. */
    public void feed() throws IOException {
        write(FOOD);
    }

    /**
     * Stops the watchdog, unless its driver was told never to stop ({@code nowayout}): then
     * somebody else must feed it from now on.
     */
    public void disarm() throws IOException {
        try {
            write(MAGIC_CLOSE);
        } finally {
            descriptor.close();
        }
    }

    private void write(byte value) throws IOException {
        octet.set(JAVA_BYTE, 0, value);
        Libc.call("write(" + shown + ")", WRITE, descriptor.number(), octet.address(), 1);
    }

    /**
     * Lets go of it without stopping it: it resets the machine unless somebody feeds it in time.
     */
    @Override
    public void close() {
        descriptor.close();
    }
}
