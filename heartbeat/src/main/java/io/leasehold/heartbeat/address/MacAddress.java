package io.leasehold.heartbeat.address;

import java.util.HexFormat;

/** A 48-bit link-layer address; {@code bits} has the first octet in bits 47 to 40. */
public record MacAddress(long bits) {
    public static final int BYTES = 6;
    public static final MacAddress BROADCAST = new MacAddress(0xffff_ffff_ffffL);
    public static final MacAddress ZERO = new MacAddress(0);

    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("more than 48 bits: " + Long.toHexString(bits));
        }
    }

    /** Reads {@code 02:00:5e:10:00:01}. */
    public static MacAddress parse(String text) {
        byte[] octets = COLONS.parseHex(text);
        if (octets.length != BYTES) {
            throw new IllegalArgumentException("not a MAC address: " + text);
        }
        return from(octets, 0);
    }

    /** The six octets from {@code offset} on. */
    public static MacAddress from(byte[] frame, int offset) {
        long bits = 0;
        for (int i = 0; i < BYTES; i++) {
            bits = (bits << 8) | (frame[offset + i] & 0xff);
        }
        return new MacAddress(bits);
    }

    public byte[] toBytes() {
        byte[] octets = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            octets[i] = (byte) (bits >>> (8 * (BYTES - 1 - i)));
        }
        return octets;
    }

    @Override
    public String toString() {
        return COLONS.formatHex(toBytes());
    }
}
