package io.leasehold.itests.lab;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.lease.LeaseFileParser;
import io.leasehold.dhcp.lease.LeaseTable;
import io.leasehold.itests.lab.client.HeldLease;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/**
 * Compares what clients were told with what is in a server's lease file, lease by lease.
 *
 * <p>Which file: through the mount of the node that serves, a lease is there before its client is
 * told, and so it is asked at once ({@link #missing(Lab)}). The files below the mount get an
 * operation only after the journal has it on disk (ADR 0011): whoever looks at a copy's own files
 * looks until they have caught up ({@link #missingInCopy}).
 */
public final class LeaseCheck {
    /** dhcpd counts in whole seconds from when it wrote the record, the client from the answer. */
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private static final String LEASE_FILE = "/dhcpd.leases";

    private LeaseCheck() {}

    /** The leases that clients were told about and that the volume of the serving node lacks. */
    public static List<HeldLease> missing(Lab lab) throws IOException {
        var serving = lab.pair().serving().orElseThrow(() -> new CommandException("nobody serves"));
        return missing(
                lab.clients().leases(), lab.node(serving).path(Pair.MOUNT_POINT + LEASE_FILE));
    }

    /**
     * The leases that clients were told about and that are not, or not yet, in a node's own copy.
     */
    public static List<HeldLease> missingInCopy(Lab lab, LabNode node) throws IOException {
        return missing(
                lab.clients().leases(), lab.node(node).path(Pair.COPY_DIRECTORY + LEASE_FILE));
    }

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
