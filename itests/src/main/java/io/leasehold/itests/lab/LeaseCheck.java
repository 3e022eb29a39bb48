package io.leasehold.itests.lab;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.lease.LeaseFileParser;
import io.leasehold.dhcp.lease.LeaseTable;
import io.leasehold.itests.lab.client.HeldLease;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/** Compares what clients were told with what is in a server's lease file, lease by lease. */
public final class LeaseCheck {
    /** dhcpd counts in whole seconds from when it wrote the record, the client from the answer. */
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private LeaseCheck() {}

    /**
     * The leases that clients were told about and that the file does not have: another client's,
     * not active, or ending earlier than the client believes.
     */
    public static List<HeldLease> missing(Collection<HeldLease> told, Path leaseFile)
            throws IOException {
        var builder = new LeaseTable.Builder();
        try (var in = new BufferedInputStream(Files.newInputStream(leaseFile))) {
            LeaseFileParser.parse(in, leaseFile, builder);
        }
        var table = builder.build();
        var now = Instant.now();
        return told.stream()
                .filter(lease -> lease.expiry().isAfter(now))
                .filter(lease -> !isIn(table, lease, now))
                .toList();
    }

    private static boolean isIn(LeaseTable table, HeldLease lease, Instant now) {
        return table.byAddress(Ipv4Address.of(lease.address()))
                .filter(record -> record.isActiveAt(now))
                .filter(record ->
                        record.hardware().toString().endsWith(lease.station().hardwareText()))
                .filter(record -> record.ends().isAfter(lease.expiry().minus(TOLERANCE)))
                .isPresent();
    }
}
