package io.leasehold.dhcp;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * An IPv4 address, ordered as the unsigned number that it is.
 *
 * @param bits the address in network order: 192.0.2.1 is {@code 0xC0000201}
 */
public record Ipv4Address(int bits) implements Comparable<Ipv4Address> {

    public static final Ipv4Address ANY = new Ipv4Address(0);
    public static final Ipv4Address BROADCAST = new Ipv4Address(-1);

    /** Reads four decimal numbers with dots; anything else, a name included, is empty. */
    public static Optional<Ipv4Address> parse(CharSequence text) {
        int bits = 0;
        int octets = 0;
        int value = -1;
        for (int i = 0; i <= text.length(); i++) {
            char c = i == text.length() ? '.' : text.charAt(i);
            if (c == '.') {
                if (value < 0 || octets == 4) {
                    return Optional.empty();
                }
                bits = bits << 8 | value;
                octets++;
                value = -1;
            } else if (c >= '0' && c <= '9') {
                value = Math.max(value, 0) * 10 + (c - '0');
                if (value > 255) {
                    return Optional.empty();
                }
            } else {
                return Optional.empty();
            }
        }
        return octets == 4 ? Optional.of(new Ipv4Address(bits)) : Optional.empty();
    }

    /**
     * For constants in the program.
     *
     * @throws IllegalArgumentException if the text is not an address
     */
    public static Ipv4Address of(String text) {
        return parse(text)
                .orElseThrow(() -> new IllegalArgumentException("no IPv4 address: " + text));
    }

    /** Reads 4 bytes in network order. */
    public static Ipv4Address of(byte[] bytes, int offset) {
        return new Ipv4Address(
                (bytes[offset] & 0xff) << 24
                        | (bytes[offset + 1] & 0xff) << 16
                        | (bytes[offset + 2] & 0xff) << 8
                        | (bytes[offset + 3] & 0xff));
    }

    public byte[] toBytes() {
        return new byte[] {
            (byte) (bits >>> 24), (byte) (bits >>> 16), (byte) (bits >>> 8), (byte) bits
        };
    }

    public Inet4Address toInet() {
        try {
            return (Inet4Address) InetAddress.getByAddress(toBytes());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are always an address", e);
        }
    }

    /** Whether the address lies in the network that {@code base} and {@code mask} describe. */
    public boolean isIn(Ipv4Address base, Ipv4Address mask) {
        return (bits & mask.bits) == (base.bits & mask.bits);
    }

    @Override
    public int compareTo(Ipv4Address other) {
        return Integer.compareUnsigned(bits, other.bits);
    }

    @Override
    public String toString() {
        return (bits >>> 24)
                + "."
                + (bits >>> 16 & 0xff)
                + "."
                + (bits >>> 8 & 0xff)
                + "."
                + (bits & 0xff);
    }
}
