package io.leasehold.ops.witness;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.zookeeper.EnsembleAccess;
import io.leasehold.heartbeat.zookeeper.MemberConfiguration;
import io.leasehold.ops.config.CertificatePin;
import io.leasehold.ops.config.Configuration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a node and a member need to know of their ensemble, taken from the one configuration. */
public final class EnsembleSettings {
    private EnsembleSettings() {}

    /**
     * How {@code self} reaches the ensemble. Of an ensemble of ours it uses its own member and the
     * witness: the peer's box is where the trouble is.
     *
     * @throws IOException a file is missing, or a certificate is not the one that is pinned
     */
    public static EnsembleAccess access(Configuration configuration, NodeName self)
            throws IOException {
        var zookeeper = configuration.zookeeper().orElseThrow();
        return switch (zookeeper.ensemble()) {
            case Configuration.Ensemble.Site site ->
                    new EnsembleAccess(
                            site.servers(),
                            zookeeper.root(),
                            zookeeper.sessionTimeout(),
                            site.userFile().isPresent()
                                    ? Optional.of(user(site.userFile().get()))
                                    : Optional.empty(),
                            site.certificatesFile().isPresent()
                                    ? Optional.of(
                                            new EnsembleAccess.TlsFiles(
                                                    identity(configuration, self.value()),
                                                    site.certificatesFile().get()))
                                    : Optional.empty(),
                            java.util.List.of());
            case Configuration.Ensemble.Embedded embedded -> {
                var peer = configuration.peerOf(self).value();
                var certificates = certificates(configuration, embedded);
                yield new EnsembleAccess(
                        embedded.members().values().stream()
                                .filter(member -> !member.name().equals(peer))
                                .map(member ->
                                        member.address().getHostAddress()
                                                + ":"
                                                + member.clientPort())
                                .collect(Collectors.joining(",")),
                        zookeeper.root(),
                        zookeeper.sessionTimeout(),
                        Optional.empty(),
                        tls(configuration, embedded, self.value()),
                        // Both nodes, by the subjects of the certificates that are pinned.
                        configuration.nodes().keySet().stream()
                                .map(node -> certificates.get(node.value()))
                                .filter(java.util.Objects::nonNull)
                                .map(certificate -> certificate.getSubjectX500Principal().getName())
                                .toList());
            }
        };
    }

    /**
     * The member {@code name} of an ensemble of ours; empty if the site has its own.
     *
     * @throws IOException as {@link #access}, or there is no such member
     */
    public static Optional<MemberConfiguration> member(Configuration configuration, String name)
            throws IOException {
        var zookeeper = configuration.zookeeper();
        if (zookeeper.isEmpty()
                || !(zookeeper.get().ensemble()
                        instanceof Configuration.Ensemble.Embedded embedded)) {
            return Optional.empty();
        }
        var self = embedded.members().get(name);
        if (self == null) {
            throw new IOException(
                    "no member " + name + " in zookeeper.members: " + embedded.members().keySet());
        }
        return Optional.of(
                new MemberConfiguration(
                        self.id(),
                        embedded.members().values().stream()
                                .map(member ->
                                        new MemberConfiguration.Peer(
                                                member.id(),
                                                member.address().getHostAddress(),
                                                member.clientPort(),
                                                member.peerPort(),
                                                member.electionPort()))
                                .toList(),
                        embedded.directory(),
                        Math.toIntExact(embedded.tick().toMillis()),
                        tls(configuration, embedded, name)));
    }

    private static Optional<EnsembleAccess.TlsFiles> tls(
            Configuration configuration, Configuration.Ensemble.Embedded embedded, String name)
            throws IOException {
        if (embedded.certificatesFile().isEmpty()) {
            return Optional.empty();
        }
        certificates(configuration, embedded);
        return Optional.of(
                new EnsembleAccess.TlsFiles(
                        identity(configuration, name), embedded.certificatesFile().get()));
    }

    /** The members' certificates by name: exactly those that are pinned. */
    private static Map<String, X509Certificate> certificates(
            Configuration configuration, Configuration.Ensemble.Embedded embedded)
            throws IOException {
        if (embedded.certificatesFile().isEmpty()) {
            return Map.of();
        }
        var file = embedded.certificatesFile().get();
        var names = new HashMap<CertificatePin, String>();
        for (var member : embedded.members().values()) {
            var pin =
                    member.certificate()
                            .orElseGet(() ->
                                    configuration.node(new NodeName(member.name())).certificate());
            names.put(pin, member.name());
        }
        var found = new HashMap<String, X509Certificate>();
        try (var in = Files.newInputStream(file)) {
            for (var certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                var pin = CertificatePin.of((X509Certificate) certificate);
                var name = names.get(pin);
                if (name == null) {
                    throw new IOException(
                            file
                                    + ": the certificate with SHA-256 "
                                    + pin
                                    + " is not that of a member; whoever holds its key would be"
                                    + " trusted: remove it");
                }
                found.put(name, (X509Certificate) certificate);
            }
        } catch (CertificateException e) {
            throw new IOException(file + ": not certificates in PEM: " + e.getMessage(), e);
        }
        if (found.size() != embedded.members().size()) {
            throw new IOException(
                    file
                            + ": has the certificates of "
                            + found.keySet()
                            + ", expected those of "
                            + embedded.members().keySet());
        }
        return found;
    }

    /** Key and certificate in one file, as ZooKeeper wants them; readable by its owner only. */
    private static Path identity(Configuration configuration, String name) throws IOException {
        var tls = configuration.tls();
        var file = configuration.paths().runDirectory().resolve("identity-" + name + ".pem");
        Files.createDirectories(configuration.paths().runDirectory());
        var text =
                Files.readString(tls.keyFile(), StandardCharsets.US_ASCII)
                        + "\n"
                        + Files.readString(tls.certificateFile(), StandardCharsets.US_ASCII);
        var fresh =
                Files.createTempFile(
                        configuration.paths().runDirectory(),
                        "identity",
                        ".new",
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        Files.writeString(fresh, text, StandardCharsets.US_ASCII);
        return Files.move(
                fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String user(Path file) throws IOException {
        var user = Files.readString(file, StandardCharsets.UTF_8).strip();
        if (!user.matches("[^:\\s]+:\\S+")) {
            throw new IOException(file + ":1: expected NAME:PASSWORD");
        }
        return user;
    }
}
