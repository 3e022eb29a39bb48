package io.leasehold.heartbeat.keeper;

import java.io.IOException;

/**
 * The keeper is there and did not do what it was asked for; the message says why. Nothing has
 * changed.
 */
public final class KeeperRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    KeeperRefusedException(String message) {
        super(message);
    }
}
