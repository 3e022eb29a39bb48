package io.leasehold.itests.lab;

import io.leasehold.itests.lab.client.HeldLease;
import io.leasehold.itests.lab.client.Station;
import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** What is on the volume of a fresh lab: {@code dhcpd.conf}, and leases if they are wanted. */
final class DhcpdSeed {

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyy/MM/dd HH:mm:ss");

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

        # Whom Leasehold's probe asks as: it is offered this address, which nobody ever takes.
        host leasehold-probe {
          option dhcp-client-identifier "\\000leasehold-probe";
          fixed-address %13$s;
        }

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
                        LabNode.RELAY.lanAddress(),
                        Addresses.BRANCH_NETWORK,
                        Addresses.BRANCH_NETMASK,
                        Addresses.BRANCH_POOL_FIRST,
                        Addresses.BRANCH_POOL_LAST,
                        Addresses.BRANCH_ROUTER,
                        LabNode.DHCP1.lanAddress());
    }

    /** The clients whose leases are there from the start. */
    static List<HeldLease> heldLeases(LabOptions options, Instant now) {
        var leases = new ArrayList<HeldLease>();
        for (int i = 0; i < options.seededLeases(); i++) {
            leases.add(
                    new HeldLease(
                            new Station(Station.Subnet.LAN, i),
                            Addresses.poolAddress(i),
                            Addresses.VIP,
                            options.leaseSeconds(),
                            now));
        }
        return leases;
    }

    /** The lease file of clients that hold these; empty if there are none. */
    static String leases(List<HeldLease> leases) {
        if (leases.isEmpty()) {
            return "";
        }
        var text = new StringBuilder("authoring-byte-order little-endian;\n\n");
        for (var lease : leases) {
            text.append(
                    """
                    lease %1$s {
                      starts %2$s;
                      ends %3$s;
                      cltt %2$s;
                      binding state active;
                      next binding state free;
                      rewind binding state free;
                      hardware ethernet %4$s;
                    }
                    """
                            .formatted(
                                    lease.address(),
                                    date(lease.acknowledgedAt()),
                                    date(lease.expiry()),
                                    lease.station().hardwareText()));
        }
        return text.toString();
    }

    /** As dhcpd.leases(5) has it: the day of the week, then the time in UTC. */
    private static String date(Instant time) {
        var utc = time.atOffset(ZoneOffset.UTC);
        return (utc.getDayOfWeek().getValue() % 7) + " " + DATE.format(utc);
    }
}
