package io.leasehold.ops.install;

import io.leasehold.heartbeat.record.NodeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The name of this machine, which is the name of its node unless somebody says another. */
public final class HostName {
    private HostName() {}

    /**
     * The host name without its domain.
     *
     * @throws IllegalArgumentException it cannot be the name of a node
     */
    public static NodeName asNode() throws IOException {
        return asNode(Path.of("/"));
    }

    /** The same, of a machine whose files are below {@code root}. */
    static NodeName asNode(Path root) throws IOException {
        // Not by the resolver, which may ask a name server.
        var host = Files.readString(root.resolve("proc/sys/kernel/hostname")).strip();
        int dot = host.indexOf('.');
        return new NodeName(dot < 0 ? host : host.substring(0, dot));
    }
}
