package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Octets;

/** Receives what a lease file says, in the order of the file, while it is being read. */
public interface LeaseFileHandler {

    /**
     * A complete record. It replaces every earlier one of its address.
     *
     * @param fromOffset where it begins in the file, in bytes
     * @param toOffset first byte after it
     */
    void lease(Lease lease, long fromOffset, long toOffset);

    /** The server's own identifier; a DHCPv6 client knows the server by it. */
    default void serverDuid(Octets duid) {}
}
