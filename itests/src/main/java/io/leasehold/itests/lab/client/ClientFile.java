package io.leasehold.itests.lab.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * The clients' memory between two commands, one line each:
 *
 * <pre>lan 17 198.18.16.17 198.18.0.10 3600 1767225600123</pre>
 *
 * (subnet, index, address, server, lease in seconds, time of the last ACK in ms since the epoch).
 */
public final class ClientFile {
    private final Path path;

    public ClientFile(Path path) {
        this.path = path;
    }

    public List<HeldLease> read() throws IOException {
        var leases = new ArrayList<HeldLease>();
        if (Files.exists(path)) {
            for (var line : Files.readAllLines(path)) {
                var words = line.split("\t", -1);
                leases.add(
                        new HeldLease(
                                new Station(
                                        Station.Subnet.valueOf(words[0].toUpperCase(Locale.ROOT)),
                                        Integer.parseInt(words[1])),
                                words[2],
                                words[3],
                                Integer.parseInt(words[4]),
                                Instant.ofEpochMilli(Long.parseLong(words[5]))));
            }
        }
        return leases;
    }

    public void write(Collection<HeldLease> leases) throws IOException {
        var lines =
                leases.stream()
                        .map(lease ->
                                String.join(
                                        "\t",
                                        lease.station().subnet().label(),
                                        String.valueOf(lease.station().index()),
                                        lease.address(),
                                        lease.server(),
                                        String.valueOf(lease.leaseSeconds()),
                                        String.valueOf(lease.acknowledgedAt().toEpochMilli())))
                        .toList();
        var next = path.resolveSibling(path.getFileName() + ".next");
        Files.write(next, lines);
        Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    }
}
