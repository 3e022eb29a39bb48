package io.leasehold.dhcp;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * An immutable run of bytes that only looks like text: a client identifier, a hardware address, a
 * host name as the client sent it. Never decoded as UTF-8.
 */
public final class Octets {

    public static final Octets EMPTY = new Octets(new byte[0]);

    private final byte[] bytes;

    private Octets(byte[] bytes) {
        this.bytes = bytes;
    }

    public static Octets copyOf(byte[] bytes) {
        return copyOf(bytes, 0, bytes.length);
    }

    public static Octets copyOf(byte[] bytes, int from, int to) {
        return from == to ? EMPTY : new Octets(Arrays.copyOfRange(bytes, from, to));
    }

    /** The low byte of each char: for constants in the program. */
    public static Octets ofAscii(String text) {
        var bytes = new byte[text.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) text.charAt(i);
        }
        return new Octets(bytes);
    }

    public int length() {
        return bytes.length;
    }

    public boolean isEmpty() {
        return bytes.length == 0;
    }

    public byte at(int index) {
        return bytes[index];
    }

    public byte[] toBytes() {
        return bytes.clone();
    }

    /** {@code 02:00:5e:00:53:01} */
    public String toHex() {
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }

    /**
     * As dhcpd prints a string: printable ASCII as it is, everything else, the quote and the
     * backslash with a backslash.
     */
    public String toEscaped() {
        var text = new StringBuilder(bytes.length + 8);
        for (byte b : bytes) {
            int c = b & 0xff;
            if (c == '"' || c == '\\') {
                text.append('\\').append((char) c);
            } else if (c >= 0x20 && c < 0x7f) {
                text.append((char) c);
            } else {
                text.append('\\')
                        .append((char) ('0' + (c >> 6)))
                        .append((char) ('0' + (c >> 3 & 7)))
                        .append((char) ('0' + (c & 7)));
            }
        }
        return text.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Octets o && Arrays.equals(bytes, o.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The escaped form in quotes. */
    @Override
    public String toString() {
        return '"' + toEscaped() + '"';
    }
}
