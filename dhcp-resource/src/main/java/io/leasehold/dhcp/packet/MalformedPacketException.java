package io.leasehold.dhcp.packet;

/** Bytes that are no DHCP message, or one that means different things to different readers. */
public final class MalformedPacketException extends Exception {
    private static final long serialVersionUID = 1;

    private final int offset;

    MalformedPacketException(int offset, String expected) {
        // No stack trace: this is an answer, and anybody on the LAN can cause it.
        super("at byte " + offset + ": " + expected, null, false, false);
        this.offset = offset;
    }

    /** Where in the datagram's payload. */
    public int offset() {
        return offset;
    }
}
