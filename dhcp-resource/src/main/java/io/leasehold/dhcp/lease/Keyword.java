package io.leasehold.dhcp.lease;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The words of dhcpd.leases(5) that this reader acts on; found without making strings. */
enum Keyword {
    LEASE,
    HOST,
    GROUP,
    CLASS,
    SUBCLASS,
    FAILOVER,
    AUTHORING_BYTE_ORDER,
    SERVER_DUID,
    IA_NA,
    IA_TA,
    IA_PD,
    STARTS,
    ENDS,
    TSTP,
    TSFP,
    ATSFP,
    CLTT,
    TIMESTAMP,
    BINDING,
    NEXT,
    REWIND,
    STATE,
    FREE,
    ACTIVE,
    EXPIRED,
    RELEASED,
    ABANDONED,
    RESET,
    BACKUP,
    RESERVED,
    BOOTP,
    DYNAMIC_BOOTP,
    BILLING,
    HARDWARE,
    UID,
    SET,
    OPTION,
    SUPERSEDE,
    CLIENT_HOSTNAME,
    HOSTNAME,
    ON,
    DDNS_FWD_NAME,
    DDNS_REV_NAME,
    NEVER,
    EPOCH,
    AGENT_CIRCUIT_ID("agent.circuit-id"),
    AGENT_REMOTE_ID("agent.remote-id"),
    UNKNOWN("");

    private static final int SLOTS = 256;
    private static final @Nullable Keyword[] TABLE = new @Nullable Keyword[SLOTS];

    private final String word;

    Keyword() {
        this.word = name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    Keyword(String word) {
        this.word = word;
    }

    static {
        for (var keyword : values()) {
            if (keyword != UNKNOWN) {
                var word = keyword.word.getBytes(US_ASCII);
                int slot = hash(word, word.length);
                while (TABLE[slot] != null) {
                    slot = (slot + 1) % SLOTS;
                }
                TABLE[slot] = keyword;
            }
        }
    }

    /** The keyword that these bytes spell, in whatever case, else UNKNOWN. */
    static Keyword of(byte[] text, int length) {
        int slot = hash(text, length);
        while (true) {
            @Nullable Keyword candidate = TABLE[slot];
            if (candidate == null) {
                return UNKNOWN;
            }
            if (candidate.isSpelt(text, length)) {
                return candidate;
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    private boolean isSpelt(byte[] text, int length) {
        if (length != word.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (lower(text[i]) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static int hash(byte[] text, int length) {
        int hash = length;
        for (int i = 0; i < Math.min(length, 24); i++) {
            hash = hash * 31 + lower(text[i]);
        }
        return (hash ^ hash >>> 8) & (SLOTS - 1);
    }

    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b;
    }
}
