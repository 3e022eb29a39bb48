package io.leasehold.itests.pair;

import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.zookeeper.Ensemble;
import io.leasehold.heartbeat.zookeeper.EnsembleAccess;
import io.leasehold.itests.lab.Installation;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.linux.NetworkNamespace;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import javax.net.SocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Somebody on the LAN who would like to have a say in the ensemble of the pair. */
final class EnsembleVisitor {
    /** The default of {@code zookeeper.members.NAME.client-port}. */
    static final int CLIENT_PORT = 2281;

    /** The default of {@code zookeeper.members.NAME.election-port}. */
    static final int ELECTION_PORT = 3888;

    private static final int ANSWER_MILLIS_MAX = 20_000;
    private static final String PASSWORD = "foreign";

    /** The answer to a request for a session, without its length; ZooKeeper's jute encoding. */
    private static final List<Integer> SESSION_BYTES = List.of(36, 37);

    private final Lab lab;

    EnsembleVisitor(Lab lab) {
        this.lab = lab;
    }

    /**
     * Asks a member for a session without TLS; whether it was granted. Answers of another kind, and
     * none, are a no.
     */
    boolean isLetInWithoutTls(LabNode member, int port) throws Exception {
        return isLetIn(member, port, SocketFactory.getDefault());
    }

    /** The same with TLS, but without a certificate. */
    boolean isLetInWithoutCertificate(LabNode member, int port) throws Exception {
        return isLetIn(member, port, tls(Optional.empty()));
    }

    /** The same with the certificate of another site, which says that it is {@code dhcp1}, too. */
    boolean isLetInWithForeignCertificate(LabNode member, int port) throws Exception {
        return isLetIn(member, port, tls(Optional.of(foreignIdentity())));
    }

    /**
     * The same with the key of the pair's node {@code dhcp1}: to see that the question is right.
     */
    boolean isLetInAsNode(LabNode member, int port) throws Exception {
        return isLetIn(member, port, tls(Optional.of(pemIdentity(LabNode.DHCP1))));
    }

    private boolean isLetIn(LabNode member, int port, SocketFactory sockets)
            throws IOException, InterruptedException {
        return NetworkNamespace.call(
                lab.network().namespaceFile(LabNode.ATTACKER),
                () -> {
                    try (var socket = sockets.createSocket(member.lanAddress(), port)) {
                        socket.setSoTimeout(ANSWER_MILLIS_MAX);
                        return isGrantedASession(socket);
                    } catch (java.net.SocketTimeoutException e) {
                        throw new IOException(member.label() + " neither answers nor hangs up", e);
                    } catch (IOException _) {
                        return false;
                    }
                });
    }

    private static boolean isGrantedASession(Socket socket) throws IOException {
        var out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(45);
        out.writeInt(0); // protocol version
        out.writeLong(0); // last transaction seen
        out.writeInt(4_000); // wanted time-out in milliseconds
        out.writeLong(0); // no session yet
        out.writeInt(16);
        out.write(new byte[16]);
        out.writeBoolean(false); // no read-only member
        out.flush();
        return SESSION_BYTES.contains(new DataInputStream(socket.getInputStream()).readInt());
    }

    /**
     * What somebody with the witness's certificate is told when it asks for the pair's record, and
     * when it wants to change it: a member is trusted to vote, not to decide.
     */
    List<EnsembleEvent> answersToTheWitness(List<EnsembleRequest> requests) throws Exception {
        var home = lab.directory().etc(LabNode.WITNESS);
        var identity = lab.directory().path().resolve("visitor.pem");
        Files.writeString(
                identity,
                Files.readString(home.resolve("node.key"))
                        + Files.readString(home.resolve("node.crt")));
        var access =
                new EnsembleAccess(
                        LabNode.WITNESS.lanAddress() + ":" + CLIENT_PORT,
                        "/leasehold",
                        Duration.ofSeconds(4),
                        Optional.empty(),
                        Optional.of(
                                new EnsembleAccess.TlsFiles(
                                        identity, home.resolve("ensemble.crt"))),
                        List.of("CN=" + LabNode.WITNESS.label()));
        BlockingQueue<EnsembleEvent> heard = new LinkedBlockingQueue<>();
        // Its threads are born in the attacker's namespace, and stay there.
        try (var ensemble =
                NetworkNamespace.call(
                        lab.network().namespaceFile(LabNode.ATTACKER),
                        () -> Ensemble.connect(access, "lab-" + lab.name(), heard::add))) {
            next(heard, EnsembleEvent.Connected.class::isInstance);
            requests.forEach(ensemble::ask);
            return requests.stream().map(_ -> next(heard, EnsembleVisitor::isAnswer)).toList();
        }
    }

    private static boolean isAnswer(EnsembleEvent event) {
        return switch (event) {
            case EnsembleEvent.Connected _, EnsembleEvent.Suspended _ -> false;
            case EnsembleEvent.Found _,
                    EnsembleEvent.Written _,
                    EnsembleEvent.VersionMismatch _,
                    EnsembleEvent.Unknown _,
                    EnsembleEvent.Refused _ ->
                    true;
        };
    }

    private static EnsembleEvent next(
            BlockingQueue<EnsembleEvent> heard, Predicate<EnsembleEvent> wanted) {
        try {
            for (var event = heard.poll(ANSWER_MILLIS_MAX, TimeUnit.MILLISECONDS);
                    event != null;
                    event = heard.poll(ANSWER_MILLIS_MAX, TimeUnit.MILLISECONDS)) {
                if (wanted.test(event)) {
                    return event;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new AssertionError("the ensemble is silent");
    }

    private SocketFactory tls(Optional<KeyStore> identity) throws Exception {
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        var mine = identity.isPresent() ? identity.get() : empty();
        keys.init(mine, PASSWORD.toCharArray());
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(members());
        var context = SSLContext.getInstance("TLSv1.3");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /** The members' certificates: whom they claim to be is not the question here. */
    private KeyStore members() throws GeneralSecurityException, IOException {
        var store = empty();
        var file = lab.directory().etc(LabNode.WITNESS).resolve("ensemble.crt");
        try (var in = Files.newInputStream(file)) {
            int number = 0;
            for (var certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("member-" + number++, certificate);
            }
        }
        return store;
    }

    private KeyStore foreignIdentity() throws Exception {
        var file = lab.directory().path().resolve("foreign.p12");
        Files.deleteIfExists(file);
        keytool(
                file,
                "-genkeypair",
                "-alias",
                "node",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + LabNode.DHCP1.label());
        return KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
    }

    private KeyStore pemIdentity(LabNode node) throws Exception {
        var etc = lab.directory().etc(node);
        try (var in = Files.newInputStream(etc.resolve("node.crt"))) {
            var certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
            var key =
                    java.security.KeyFactory.getInstance("EC")
                            .generatePrivate(
                                    new java.security.spec.PKCS8EncodedKeySpec(
                                            pem(etc.resolve("node.key"))));
            var store = empty();
            store.setKeyEntry(
                    "node",
                    key,
                    PASSWORD.toCharArray(),
                    new java.security.cert.Certificate[] {certificate});
            return store;
        }
    }

    private static byte[] pem(Path file) throws IOException {
        var text =
                String.join(
                        "",
                        Files.readAllLines(file).stream().filter(l -> !l.startsWith("-")).toList());
        return java.util.Base64.getDecoder().decode(text);
    }

    private static void keytool(Path store, String... arguments)
            throws IOException, InterruptedException {
        var command = new java.util.ArrayList<>(List.of(Installation.keytool().toString()));
        command.addAll(List.of(arguments));
        command.addAll(
                List.of(
                        "-keystore",
                        store.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD));
        Command.of(command).check();
    }
}
