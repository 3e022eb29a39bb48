package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Ends a FUSE connection whatever still refers to it. A mount is gone from one mount namespace
 * after umount(2), but a copy of it may live on in the namespace of some container or lab, and
 * whoever is in there could still write.
 */
final class ConnectionAbort {

    private static final Path CONNECTIONS = Path.of("/sys/fs/fuse/connections");

    private ConnectionAbort() {}

    /** Everybody who waits gets ECONNABORTED. */
    static void abort(int connection) throws IOException {
        var abort = CONNECTIONS.resolve(Integer.toString(connection)).resolve("abort");
        if (!Files.exists(abort)) {
            Linux.mount("fusectl", CONNECTIONS, "fusectl", 0, "");
        }
        Files.writeString(abort, "1");
    }
}
