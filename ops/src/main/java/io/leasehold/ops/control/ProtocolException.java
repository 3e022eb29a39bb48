package io.leasehold.ops.control;

import java.io.IOException;

/** The other end said something that it must not. Nothing was changed by it. */
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
        super(message);
    }
}
