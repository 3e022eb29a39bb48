package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.lease.Lease;
import io.leasehold.dhcp.lease.LeaseTable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * Finds the clients that an edit would forget. dhcpd drops every lease that no range of its
 * configuration covers, and its first rewrite erases it (server/mdb.c, {@code enter_lease}): the
 * client goes on using the address, and the server does not know.
 */
public final class OrphanedLeases {

    private static final int NAMED_MAX = 5;

    private OrphanedLeases() {}

    /** One warning for each subnet, and one for the addresses in none. */
    public static List<Finding> check(Configuration configuration, LeaseTable leases, Instant now) {
        var plan = configuration.plan();
        var bySubnet = new LinkedHashMap<Optional<AddressPlan.Subnet>, List<Lease>>();
        for (var lease : leases.leases()) {
            if (lease.isActiveAt(now) && !plan.isDynamic(lease.address())) {
                bySubnet.computeIfAbsent(plan.subnetOf(lease.address()), _ -> new ArrayList<>())
                        .add(lease);
            }
        }
        var findings = new ArrayList<Finding>();
        bySubnet.forEach((subnet, orphans) ->
                findings.add(
                        Finding.warning(
                                "leases-orphaned",
                                subnet.map(AddressPlan.Subnet::place)
                                        .orElse(Place.of(configuration.main())),
                                orphans.size()
                                        + " active "
                                        + (orphans.size() == 1 ? "lease is" : "leases are")
                                        + subnet.map(s -> " in no range of subnet " + s)
                                                .orElse(" in no subnet at all")
                                        + " and will be forgotten: "
                                        + names(orphans),
                                "keep the range until they have run out; the lease file of"
                                        + " before is kept")));
        return findings;
    }

    private static String names(List<Lease> orphans) {
        var named =
                orphans.stream()
                        .sorted(Comparator.comparing(Lease::address))
                        .limit(NAMED_MAX)
                        .map(Lease::address)
                        .map(Ipv4Address::toString)
                        .toList();
        return String.join(", ", named) + (orphans.size() > NAMED_MAX ? ", …" : "");
    }
}
