package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.time.Instant;

/**
 * One record of a lease file: what it says about one address. A later record for the same address
 * replaces it as a whole.
 *
 * @param uid the client identifier (option 61); empty if the client sent none
 * @param hostname as the client sent it; empty if absent
 * @param circuitId sub-option 1 of the relay's option 82; empty if absent
 * @param remoteId sub-option 2 of it; empty if absent
 */
public record Lease(
        Ipv4Address address,
        BindingState state,
        BindingState nextState,
        LeaseTime starts,
        LeaseTime ends,
        LeaseTime lastTransaction,
        Hardware hardware,
        Octets uid,
        Octets hostname,
        Octets circuitId,
        Octets remoteId) {

    /** Whether a client may be using the address at that time because of this record. */
    public boolean isActiveAt(Instant now) {
        return state == BindingState.ACTIVE && ends.isAfter(now);
    }

    /** The client by what dhcpd looks at first: its identifier, else its hardware address. */
    public String client() {
        if (!uid.isEmpty()) {
            return "uid " + uid;
        }
        return hardware.isPresent() ? hardware.toString() : "nobody";
    }
}
