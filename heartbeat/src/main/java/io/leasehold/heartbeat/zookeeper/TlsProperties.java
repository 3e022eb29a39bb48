package io.leasehold.heartbeat.zookeeper;

import java.util.Map;

/** ZooKeeper's names for key, certificates and the version of TLS. */
final class TlsProperties {
    private TlsProperties() {}

    /**
     * @param prefix {@code zookeeper.ssl.} for clients and those who serve them, {@code
     *     zookeeper.ssl.quorum.} for members among themselves
     */
    static Map<String, String> of(String prefix, EnsembleAccess.TlsFiles tls) {
        return Map.ofEntries(
                Map.entry(prefix + "keyStore.location", tls.identity().toString()),
                Map.entry(prefix + "keyStore.type", "PEM"),
                Map.entry(prefix + "trustStore.location", tls.trusted().toString()),
                Map.entry(prefix + "trustStore.type", "PEM"),
                // The trusted certificates are the members' own: what name they were reached by
                // says
                // nothing more.
                Map.entry(prefix + "hostnameVerification", "false"),
                Map.entry(prefix + "protocol", "TLSv1.3"),
                Map.entry(prefix + "enabledProtocols", "TLSv1.3"),
                Map.entry(prefix + "clientAuth", "need"));
    }
}
