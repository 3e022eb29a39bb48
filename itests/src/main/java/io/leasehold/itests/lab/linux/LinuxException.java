package io.leasehold.itests.lab.linux;

import java.io.IOException;

/** A system call failed. */
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    public static final int ESRCH = 3;
    public static final int EIO = 5;
    public static final int EINTR = 4;
    public static final int EAGAIN = 11;
    public static final int ENODEV = 19;

    private final int errno;

    LinuxException(String call, int errno) {
        super(call + " failed: errno " + errno + " (" + describe(errno) + ")");
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }

    /** The errors that a person meets here; the number itself is in the message as well. */
    private static String describe(int errno) {
        return switch (errno) {
            case 1 -> "EPERM: root is needed";
            case 2 -> "ENOENT: no such file";
            case ESRCH -> "ESRCH: no such process";
            case EIO -> "EIO";
            case 12 -> "ENOMEM";
            case 16 -> "EBUSY";
            case ENODEV -> "ENODEV: no such device, or its namespace is gone";
            case 22 -> "EINVAL";
            case 28 -> "ENOSPC";
            case 100 -> "ENETDOWN: the interface is down";
            case 105 -> "ENOBUFS";
            default -> "see errno(3)";
        };
    }
}
