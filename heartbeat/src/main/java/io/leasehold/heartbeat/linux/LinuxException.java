package io.leasehold.heartbeat.linux;

import java.io.IOException;

/** A system call failed; {@link #errno()} says how. */
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    LinuxException(String call, int errno) {
        super(call + ": " + Libc.describe(errno));
        this.errno = errno;
    }

    /** The error number, one of {@link Errno} where the caller distinguishes. */
    public int errno() {
        return errno;
    }

    /** Whether the interface that the call needs does not exist any more. */
    public boolean meansNoSuchDevice() {
        return errno == Errno.ENODEV || errno == Errno.ENXIO;
    }
}
