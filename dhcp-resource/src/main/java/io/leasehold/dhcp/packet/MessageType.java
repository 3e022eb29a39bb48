package io.leasehold.dhcp.packet;

import java.util.Optional;

/** Option 53 (RFC 2132 §9.6). */
public enum MessageType {
    DISCOVER(1),
    OFFER(2),
    REQUEST(3),
    DECLINE(4),
    ACK(5),
    NAK(6),
    RELEASE(7),
    INFORM(8);

    private final int code;

    MessageType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    static Optional<MessageType> of(int code) {
        for (var type : values()) {
            if (type.code == code) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** Whether a server sends it. */
    boolean isReply() {
        return switch (this) {
            case OFFER, ACK, NAK -> true;
            case DISCOVER, REQUEST, DECLINE, RELEASE, INFORM -> false;
        };
    }
}
