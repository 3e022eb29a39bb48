package io.leasehold.dhcp.probe;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.config.AddressPlan;
import io.leasehold.dhcp.config.ClusterFacts;
import java.util.List;

/**
 * What the probe asks. Neither question consumes a lease, makes dhcpd write anything, or waits for
 * a ping.
 */
public sealed interface ProbeQuestion {

    /**
     * DHCPDISCOVER as the client that a {@code host} declaration reserves this address for; the
     * answer is a DHCPOFFER of it. An offer of a fixed address is held for nobody and is never
     * pinged.
     */
    record Reserved(Ipv4Address address) implements ProbeQuestion {}

    /**
     * DHCPREQUEST as a client that comes back with an address of another network (INIT-REBOOT); the
     * answer of an authoritative server is a DHCPNAK (RFC 2131 §4.3.2). Needs no reservation.
     *
     * @param address in no subnet of the configuration
     */
    record Elsewhere(Ipv4Address address) implements ProbeQuestion {}

    /** Documentation networks (RFC 5737): no client may have an address of them. */
    List<Ipv4Address> ELSEWHERE =
            List.of(
                    Ipv4Address.of("192.0.2.1"),
                    Ipv4Address.of("198.51.100.1"),
                    Ipv4Address.of("203.0.113.1"));

    /** The question that fits a configuration: the reservation if it has one for our probe. */
    static ProbeQuestion fitting(AddressPlan plan, ClusterFacts facts) {
        var subnet = plan.subnetOf(facts.vip());
        for (var host : plan.reservations()) {
            if (host.clientId().equals(facts.probeClientId())) {
                for (var address : host.addresses()) {
                    if (subnet.isPresent() && subnet.get().contains(address)) {
                        return new Reserved(address);
                    }
                }
            }
        }
        return ELSEWHERE.stream()
                .filter(address -> plan.subnetOf(address).isEmpty())
                .findFirst()
                .map(Elsewhere::new)
                .orElse(new Elsewhere(ELSEWHERE.getFirst()));
    }
}
