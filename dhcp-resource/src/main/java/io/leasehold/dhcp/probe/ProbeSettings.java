package io.leasehold.dhcp.probe;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.heartbeat.address.MacAddress;
import java.util.Optional;

/**
 * Who asks, and who has to answer.
 *
 * @param clientMac a locally administered address, always the same one on this node
 * @param clientId the same on both nodes, so that one reservation does for both
 * @param vip what a right answer has as its server identifier
 * @param serverMac the interface that the right answer comes from, if it has to be this node's own:
 *     an answer of the peer is then a second server even though it names the VIP
 */
public record ProbeSettings(
        MacAddress clientMac, Octets clientId, Ipv4Address vip, Optional<MacAddress> serverMac) {

    /** Type 0, "not a hardware address" (RFC 2132 §9.14), and a name that explains itself. */
    public static final Octets CLIENT_ID = Octets.ofAscii("\0leasehold-probe");

    public ProbeSettings {
        if ((clientMac.toBytes()[0] & 3) != 2) {
            throw new IllegalArgumentException(
                    clientMac + " is not a locally administered unicast address");
        }
    }
}
