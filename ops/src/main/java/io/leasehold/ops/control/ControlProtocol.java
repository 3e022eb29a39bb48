package io.leasehold.ops.control;

import java.time.Duration;

/** What both ends agree on. */
final class ControlProtocol {
    /**
     * Of the messages. 1: the first.
     *
     * <p>Raised only when an old program would misunderstand a new one; new members and new kinds
     * do not need it.
     */
    static final int VERSION = 1;

    /** A request has a name and a few words. */
    static final int REQUEST_BYTES_MAX = 16 << 10;

    /** So often the daemon says that it is not finished. */
    static final Duration WORKING_INTERVAL = Duration.ofSeconds(2);

    private ControlProtocol() {}
}
