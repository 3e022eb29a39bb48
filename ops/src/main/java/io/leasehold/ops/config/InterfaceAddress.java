package io.leasehold.ops.config;

import java.net.Inet4Address;

/**
 * An IPv4 address with the length of its network's prefix, as it is put on an interface.
 *
 * @param prefixLength in bits, 1 to 32
 */
public record InterfaceAddress(Inet4Address address, int prefixLength) {
    public InterfaceAddress {
        if (prefixLength < 1 || prefixLength > 32) {
            throw new IllegalArgumentException("prefix length " + prefixLength);
        }
    }

    /** In the form of {@code ip address}: {@code 192.0.2.10/24}. */
    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefixLength;
    }
}
