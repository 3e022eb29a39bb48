package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Octets;

/**
 * A client's hardware address.
 *
 * @param type the word in the file: {@code ethernet}, {@code token-ring}, {@code infiniband}, …
 */
public record Hardware(String type, Octets address) {

    public static final Hardware NONE = new Hardware("", Octets.EMPTY);

    public boolean isPresent() {
        return !type.isEmpty();
    }

    @Override
    public String toString() {
        return isPresent() ? type + " " + address.toHex() : "none";
    }
}
