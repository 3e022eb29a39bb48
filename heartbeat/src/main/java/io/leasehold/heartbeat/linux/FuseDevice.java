package io.leasehold.heartbeat.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The two calls by which a FUSE connection is begun and ended without speaking its protocol. */
public final class FuseDevice {
    private static final MemorySegment OPEN = Libc.function("open");
    private static final MemorySegment UMOUNT2 = Libc.function("umount2");
    private static final int O_RDWR_CLOEXEC = 0x2 | 0x80000;
    private static final int MNT_FORCE_DETACH = 1 | 2;

    private FuseDevice() {}

    /** A new connection, not yet mounted. */
    public static Descriptor open() throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return new Descriptor(
                    Libc.call(
                            "open(/dev/fuse)",
                            OPEN,
                            arena.allocateFrom("/dev/fuse").address(),
                            O_RDWR_CLOEXEC));
        }
    }

    /**
     * Aborts the connection behind a mount and detaches it: every request that waits fails at once.
     * Does not wait for whoever still uses the mount, nor for an answer of its server.
     *
     * @return false if nothing is mounted there
     */
    public static boolean abortMount(Path mountPoint) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            int result =
                    Libc.tryCall(
                            UMOUNT2,
                            arena.allocateFrom(mountPoint.toString()).address(),
                            MNT_FORCE_DETACH);
            if (result == -Errno.EINVAL || result == -Errno.ENOENT) {
                return false;
            }
            if (result < 0) {
                throw new LinuxException("umount2(" + mountPoint + ")", -result);
            }
            return true;
        }
    }
}
