package io.leasehold.itests.lab.client;

import java.util.Locale;

/** The ways in which a client would notice that nobody serves. */
public enum ProbeKind {
    /** A client that was never here before. */
    DISCOVER(1),
    /** A bound client that renews, unicast to the VIP: needs the lease, and the right neighbour. */
    UNICAST(2),
    /** A bound client that rebinds: needs the lease. */
    BROADCAST(3);

    private final int code;

    ProbeKind(int code) {
        this.code = code;
    }

    /** Its two bits of a transaction id. */
    int code() {
        return code;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
