package io.leasehold.ops.control;

import java.io.IOException;

/** Nobody answers at the socket, or no longer. The message says which, and what to do. */
public final class DaemonUnreachableException extends IOException {
    private static final long serialVersionUID = 1;

    DaemonUnreachableException(String message, Throwable cause) {
        super(message, cause);
    }

    DaemonUnreachableException(String message) {
        super(message);
    }
}
