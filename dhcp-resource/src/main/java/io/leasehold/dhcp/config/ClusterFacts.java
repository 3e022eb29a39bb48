package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.util.List;

/**
 * What a configuration must agree with.
 *
 * @param vip the service address: what clients know the server by
 * @param nodeAddresses the nodes' own addresses on the client LAN
 * @param probeClientId the client identifier of our probe
 */
public record ClusterFacts(Ipv4Address vip, List<Ipv4Address> nodeAddresses, Octets probeClientId) {
    public ClusterFacts {
        nodeAddresses = List.copyOf(nodeAddresses);
    }
}
