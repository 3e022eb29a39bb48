package io.leasehold.heartbeat.zookeeper;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How an ensemble is reached.
 *
 * @param servers host and port of each member, comma between them
 * @param root the znode below which the pairs are, absolute; made if it is not there
 * @param sessionTimeout asked for; the ensemble may grant another one. It bounds only how soon a
 *     silent member is left for another one: no right depends on it
 * @param user name and password, colon between them, of ZooKeeper's digest scheme; empty: none
 * @param owners who may read and change what this node writes, as ids of ZooKeeper's x509 scheme;
 *     empty: whoever shows the same {@code user}, or, without one, everybody
 */
public record EnsembleAccess(
        String servers,
        String root,
        Duration sessionTimeout,
        Optional<String> user,
        Optional<TlsFiles> tls,
        List<String> owners) {

    public EnsembleAccess {
        owners = List.copyOf(owners);
        if (servers.isBlank() || !root.startsWith("/") || root.endsWith("/")) {
            throw new IllegalArgumentException(
                    "an ensemble needs servers and an absolute root, not '"
                            + servers
                            + "' and '"
                            + root
                            + "'");
        }
    }

    /**
     * Both PEM, because ZooKeeper's client reads key and certificates from files only.
     *
     * @param identity key (PKCS#8, not encrypted) and certificate of this node
     * @param trusted the certificates that members may show; nothing else is asked of them
     */
    public record TlsFiles(Path identity, Path trusted) {}
}
