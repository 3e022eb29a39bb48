package io.leasehold.heartbeat.membership;

/** What one link is worth. */
public enum LinkState {
    /** Nothing was heard on it since this process started. */
    UNKNOWN,
    UP,
    /** Beats are missing for {@code warn-time}. */
    WARNING,
    /** Beats are missing for {@code dead-time}. */
    SILENT,
    /** The cable says that nobody is at the other end. */
    NO_CARRIER
}
