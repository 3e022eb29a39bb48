package io.leasehold.itests.lab.client;

import java.util.Locale;

/** The states of RFC 2131, figure 5, in which a client with a lease asks for it again. */
public enum RenewalState {
    /** Unicast to the server. */
    RENEWING,
    /** Broadcast to any server. */
    REBINDING,
    /** After a restart of the client, or when its lease ran out. */
    INIT_REBOOT;

    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public static RenewalState of(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
