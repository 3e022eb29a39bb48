package io.leasehold.itests.lab;

import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes what the two boxes have in {@code /etc/leasehold}: keys, certificates, configuration. */
final class PairConfiguration {
    private static final String PASSWORD = "the lab keeps no secrets";
    private static final String ALIAS = "node";
    private static final int LINE_CHARACTERS = 64;
    private static final int CLUSTER_KEY_BYTES = 32;

    private final LabDirectory directory;
    private final LabOptions options;

    PairConfiguration(LabDirectory directory, LabOptions options) {
        this.directory = directory;
        this.options = options;
    }

    void write() throws IOException, InterruptedException {
        var clusterKey = new byte[CLUSTER_KEY_BYTES];
        new SecureRandom().nextBytes(clusterKey);
        var pins = new EnumMap<LabNode, String>(LabNode.class);
        var certificates = new StringBuilder();
        for (var node : members()) {
            Files.createDirectories(directory.etc(node));
            pins.put(node, certify(node));
            certificates.append(Files.readString(directory.etc(node).resolve("node.crt")));
        }
        var text = configuration(pins);
        for (var node : members()) {
            var etc = directory.etc(node);
            Files.writeString(etc.resolve("leasehold.conf"), text);
            Files.writeString(etc.resolve("ensemble.crt"), certificates);
            writeSecret(etc.resolve("cluster.key"), HexFormat.of().formatHex(clusterKey) + "\n");
        }
    }

    /** Who needs a key: both boxes and, with an ensemble, its third member. */
    private List<LabNode> members() {
        return options.arbiter() == LabOptions.Arbiter.ZOOKEEPER
                ? List.of(LabNode.DHCP1, LabNode.DHCP2, LabNode.WITNESS)
                : LabNode.servers();
    }

    /** Makes a key pair with a self-signed certificate; returns the certificate's SHA-256. */
    private String certify(LabNode node) throws IOException, InterruptedException {
        var etc = directory.etc(node);
        var store = etc.resolve("node.p12");
        Files.deleteIfExists(store);
        Command.of(
                        Installation.keytool().toString(),
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-validity",
                        "3650",
                        "-dname",
                        "CN=" + node.label(),
                        "-keystore",
                        store.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD)
                .check();
        try {
            var keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
            var certificate = keys.getCertificate(ALIAS).getEncoded();
            var key = keys.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded();
            Files.writeString(etc.resolve("node.crt"), pem("CERTIFICATE", certificate));
            writeSecret(etc.resolve("node.key"), pem("PRIVATE KEY", key));
            Files.delete(store);
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate));
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot read what keytool wrote to " + store, e);
        }
    }

    private static String pem(String kind, byte[] content) {
        var lines = Base64.getMimeEncoder(LINE_CHARACTERS, new byte[] {'\n'});
        return "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n"
                .formatted(kind, lines.encodeToString(content));
    }

    private static void writeSecret(Path file, String text) throws IOException {
        Files.deleteIfExists(file);
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text);
    }

    private String configuration(Map<LabNode, String> pins) {
        return """
        # Configuration of the lab, written by `lab up`; the same on both nodes.
        cluster.name = "lab-%s"
        arbiter = %s
        %s
        nodes {
        %s
        %s
        }

        links {
          crossover {
            kind = point-to-point
            interface = xover
            addresses { dhcp1 = "192.0.2.1", dhcp2 = "192.0.2.2" }
          }
          lan {
            kind = shared
            interface = lan0
            addresses { dhcp1 = "%s", dhcp2 = "%s" }
          }
        }

        vip {
          address = "%s/%d"
          interface = lan0
          arp.neighbours = [ "%s", "%s" ]
        }
        track-interface = [ lan0 ]
        dhcp {
          interface = [ lan0 ]
          probe { interface = probe0 }
        }
        %s
        %s
        """
                .formatted(
                        directory.lab(),
                        LabOptions.label(options.arbiter()),
                        ensemble(pins),
                        node(LabNode.DHCP1, 1, pins),
                        node(LabNode.DHCP2, 2, pins),
                        LabNode.DHCP1.lanAddress(),
                        LabNode.DHCP2.lanAddress(),
                        Addresses.VIP,
                        Addresses.LAN_PREFIX_LENGTH,
                        LabNode.RELAY.lanAddress(),
                        LabNode.CLIENT.lanAddress(),
                        profile(),
                        String.join("\n", options.settings()));
    }

    /** The witness has the highest id: of members that know the same, it leads. */
    private String ensemble(Map<LabNode, String> pins) {
        return switch (options.arbiter()) {
            case FENCING, OPERATOR -> "";
            case ZOOKEEPER ->
                    """
                    zookeeper {
                      session-timeout = 400 ms
                      tick = 50 ms
                      members {
                        dhcp1 { id = 1, address = "%s" }
                        dhcp2 { id = 2, address = "%s" }
                        witness { id = 3, address = "%s", certificate-sha256 = %s }
                      }
                    }
                    """
                            .formatted(
                                    LabNode.DHCP1.lanAddress(),
                                    LabNode.DHCP2.lanAddress(),
                                    LabNode.WITNESS.lanAddress(),
                                    pins.get(LabNode.WITNESS));
        };
    }

    private String node(LabNode node, int id, Map<LabNode, String> pins) {
        var fencing =
                switch (options.arbiter()) {
                    case FENCING ->
                            """

                            fencing = [
                              { agent = /run/leasehold-lab/fence_lab,
                                options { plug = %s },
                                timeout = %d ms }
                            ]\
                            """
                                    .formatted(node.label(), fenceTimeMillis() + 2000);
                    case OPERATOR, ZOOKEEPER -> "";
                };
        return """
        %s {
          id = %d
          replication = "%s"
          certificate-sha256 = %s%s
        }\
        """
                .formatted(node.label(), id, node.crossoverAddress(), pins.get(node), fencing)
                .lines()
                .map(line -> "  " + line.stripTrailing())
                .collect(Collectors.joining("\n"));
    }

    /** What the agent's own process adds to the device's delay. */
    private int fenceTimeMillis() {
        return options.fenceDelayMillis() + 20;
    }

    private String profile() {
        var fencing =
                switch (options.arbiter()) {
                    case FENCING -> "fencing.fence-time = %d ms%n".formatted(fenceTimeMillis());
                    case OPERATOR, ZOOKEEPER -> "";
                };
        return switch (options.profile()) {
            case DEFAULT -> fencing;
            case FAST ->
                    fencing
                            + """
                            timing {
                              keepalive = 20 ms
                              warn-time = 60 ms
                              dead-time = 150 ms
                              init-dead = 3 s
                            }
                            volume.replica-timeout = 500 ms
                            """
                            + (options.arbiter() == LabOptions.Arbiter.ZOOKEEPER
                                    ? "timing.serving-lease = 800 ms\n"
                                    : "");
        };
    }
}
