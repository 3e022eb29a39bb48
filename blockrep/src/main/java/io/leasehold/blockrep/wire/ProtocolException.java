package io.leasehold.blockrep.wire;

import java.io.IOException;

/**
 * Bytes from the peer are not what they must be. The session ends; nothing of the frame was acted
 * upon.
 */
public final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    public ProtocolException(String message) {
        super(message);
    }
}
