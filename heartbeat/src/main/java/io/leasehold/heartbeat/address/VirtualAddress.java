package io.leasehold.heartbeat.address;

import java.io.IOException;
import java.net.Inet4Address;

/**
 * The address that moves with the service, on one interface of this node.
 *
 * <p>Present does not mean audible: while the gate is shut the kernel drops ARP from it and
 * everything else that it would send. Methods may be called by any thread and work on the network
 * namespace of the calling one.
 *
 * @param interfaceName where it is shown
 * @param address the address
 * @param prefixLength of its subnet; dhcpd serves a subnet only if the interface has an address in
 *     it
 */
@SuppressWarnings({"DoNotCallSuggester", "ArrayRecordComponent"})
public record VirtualAddress(String interfaceName, Inet4Address address, int prefixLength) {

    public VirtualAddress {
        if (prefixLength < 1 || prefixLength > 32) {
            throw new IllegalArgumentException("prefix length not in 1..32: " + prefixLength);
        }
    }

    /** Adds the address for ever; one that is there already is left as it is. */
    public void add() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Removes the address; returns false if it was not there. */
    public boolean remove() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Whether this interface has the address. */
    public boolean isPresent() throws IOException {
        throw new UnsupportedOperationException();
    }
}
