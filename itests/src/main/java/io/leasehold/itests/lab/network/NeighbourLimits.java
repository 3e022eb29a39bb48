package io.leasehold.itests.lab.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How many neighbours the kernel keeps. One table of all namespaces together: with more clients
 * than fit into it, dhcpd's answers to renewals are dropped, and one lab disturbs another.
 */
public final class NeighbourLimits {
    private static final Path KERNEL = Path.of("/proc/sys/net/ipv4/neigh/default");

    /** When the kernel begins to collect, when it hurries, and what it never exceeds (arp(7)). */
    private static final List<String> NAMES = List.of("gc_thresh1", "gc_thresh2", "gc_thresh3");

    private final Path kernel;
    private final Path before;

    /**
     * @param before a file that remembers what was found, for as long as any lab is up
     */
    public NeighbourLimits(Path before) {
        this(KERNEL, before);
    }

    NeighbourLimits(Path kernel, Path before) {
        this.kernel = kernel;
        this.before = before;
    }

    /** Makes room for so many neighbours; never less than there is. */
    public void raise(int neighbours) throws IOException {
        var found = read();
        if (Long.parseLong(found.getLast()) >= neighbours) {
            return;
        }
        if (!Files.exists(before)) {
            Files.write(before, found);
        }
        // The highest first, and nothing is collected while a lab is up.
        for (var name : NAMES.reversed()) {
            Files.writeString(kernel.resolve(name), Integer.toString(neighbours));
        }
    }

    /** Back to what was found; nothing if nothing was changed. */
    public void restore() throws IOException {
        if (Files.exists(before)) {
            var found = Files.readAllLines(before);
            for (int i = 0; i < NAMES.size(); i++) {
                Files.writeString(kernel.resolve(NAMES.get(i)), found.get(i));
            }
            Files.delete(before);
        }
    }

    private List<String> read() throws IOException {
        var values = new ArrayList<String>();
        for (var name : NAMES) {
            // Not readString: it asks for one byte first, and gets no more of a sysctl.
            values.add(Files.readAllLines(kernel.resolve(name)).getFirst().strip());
        }
        return values;
    }
}
