package io.leasehold.itests.lab.client;

/** DHCP message type, option 53 (RFC 2132 §9.6). */
enum MessageType {
    DISCOVER(1),
    OFFER(2),
    REQUEST(3),
    ACK(5),
    NAK(6);

    private final int code;

    MessageType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
