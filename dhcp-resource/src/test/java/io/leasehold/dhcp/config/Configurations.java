package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.util.List;

/** A configuration that survives a failover, and the facts that it agrees with. */
public final class Configurations {

    public static final Ipv4Address VIP = Ipv4Address.of("198.18.0.1");
    public static final Octets PROBE_ID = Octets.ofAscii("\0leasehold-probe");

    public static final ClusterFacts FACTS =
            new ClusterFacts(
                    VIP,
                    List.of(Ipv4Address.of("198.18.0.2"), Ipv4Address.of("198.18.0.3")),
                    PROBE_ID);

    public static final String GOOD =
            """
            authoritative;
            server-identifier 198.18.0.1;
            local-address 198.18.0.1;
            default-lease-time 600;
            max-lease-time 600;
            subnet 198.18.0.0 netmask 255.255.255.0 {
              range 198.18.0.10 198.18.0.250;
            }
            host leasehold-probe {
              option dhcp-client-identifier "\\000leasehold-probe";
              fixed-address 198.18.0.2;
            }
            """;

    private Configurations() {}
}
