package io.leasehold.blockrep.fuse;

import com.google.common.base.Splitter;
import io.leasehold.blockrep.linux.Linux;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * Ends a FUSE connection whatever still refers to it. A mount is gone from one mount namespace
 * after umount(2), but a copy of it may live on in the namespace of some container or lab, and
 * whoever is in there could still write.
 */
final class ConnectionAbort {

    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path CONNECTIONS = Path.of("/sys/fs/fuse/connections");

    private ConnectionAbort() {}

    /**
     * The number of the connection that is mounted there. Looks into a table; stat(2) would ask the
     * mount itself.
     */
    static OptionalInt connectionAt(Path mountPoint) throws IOException {
        var path = mountPoint.toAbsolutePath().normalize().toString().replace(" ", "\\040");
        var found = OptionalInt.empty();
        for (var line : Files.readAllLines(MOUNTS, StandardCharsets.ISO_8859_1)) {
            // proc_pid_mountinfo(5): id, parent, major:minor, root, mount point, …, "-", type, …
            var fields = Splitter.on(' ').splitToList(line);
            if (fields.get(4).equals(path)) {
                var device = Splitter.on(':').splitToList(fields.get(2));
                found =
                        line.contains(" - fuse.leasehold ")
                                ? OptionalInt.of(Integer.parseInt(device.get(1)))
                                : OptionalInt.empty();
            }
        }
        return found;
    }

    /** Everybody who waits gets ECONNABORTED. */
    static void abort(int connection) throws IOException {
        var abort = CONNECTIONS.resolve(Integer.toString(connection)).resolve("abort");
        if (!Files.exists(abort)) {
            Linux.mount("fusectl", CONNECTIONS, "fusectl", 0, "");
        }
        Files.writeString(abort, "1");
    }
}
