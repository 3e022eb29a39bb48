package io.leasehold.itests.lab;

import io.leasehold.itests.lab.network.Addresses;

/** The lab's {@code dhcpd.conf}. */
final class DhcpdSeed {

    private DhcpdSeed() {}

    static String text(LabOptions options) {
        return """
        # Configuration of the lab, written by `lab up`.
        authoritative;
        server-identifier %1$s;
        local-address %1$s;

        default-lease-time %2$d;
        max-lease-time %2$d;
        min-lease-time %2$d;

        # Otherwise each new client waits a second for the ping of its future address.
        ping-check false;
        # Otherwise a renewal of a young lease is answered without being written, and nothing of what
        # the lab is about would be tested.
        dhcp-cache-threshold 0;

        subnet %3$s netmask %4$s {
          range %5$s %6$s;
          option routers %7$s;
        }

        # Behind the relay.
        subnet %8$s netmask %9$s {
          range %10$s %11$s;
          option routers %12$s;
        }
        """
                .formatted(
                        Addresses.VIP,
                        options.leaseSeconds(),
                        Addresses.LAN_NETWORK,
                        Addresses.LAN_NETMASK,
                        Addresses.poolFirst(),
                        Addresses.poolLast(options.poolSize()),
                        io.leasehold.itests.lab.network.LabNode.RELAY.lanAddress(),
                        Addresses.BRANCH_NETWORK,
                        Addresses.BRANCH_NETMASK,
                        Addresses.BRANCH_POOL_FIRST,
                        Addresses.BRANCH_POOL_LAST,
                        Addresses.BRANCH_ROUTER);
    }
}
