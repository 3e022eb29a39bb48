package io.leasehold.blockrep.link;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * This node's key and certificate, and the one certificate that its peer may show. No authority, no
 * names, no dates: the peer is who holds the key of exactly the pinned certificate.
 *
 * <p>A key is made with the JDK's tool:
 *
 * <pre>
 *   keytool -genkeypair -alias node -keyalg EC -groupname secp256r1 -validity 36500 -dname CN=dhcp1 \
 *           -storetype PKCS12 -keystore node.p12 -storepass leasehold
 *   keytool -exportcert -alias node -keystore node.p12 -storepass leasehold | sha256sum   # the peer pins this
 * </pre>
 */
public final class PinnedIdentity {
    /** A flight of TLS 1.3 with one certificate is two packets; a handshake has three flights. */
    private static final int FLIGHT_PACKETS_MAX = 4;

    private static final int HANDSHAKE_STEPS_MAX = 100;

    private final OwnKey key;
    private final CertificateFingerprint own;
    private final CertificateFingerprint peer;

    private PinnedIdentity(OwnKey key, CertificateFingerprint peer)
            throws CertificateEncodingException {
        this.key = key;
        this.own = CertificateFingerprint.of(key.certificate());
        this.peer = peer;
    }

    /**
     * Reads a PKCS#12 file with exactly one key.
     *
     * @throws IOException naming the file, and what is wrong with it
     */
    public static PinnedIdentity fromPkcs12(Path file, String password, CertificateFingerprint peer)
            throws IOException {
        try (var in = Files.newInputStream(file)) {
            var store = KeyStore.getInstance("PKCS12");
            load(store, in, file, password);
            var aliases =
                    Collections.list(store.aliases()).stream()
                            .filter(alias -> isKey(store, alias))
                            .toList();
            if (aliases.size() != 1) {
                throw new IOException(file + ": expected one private key, found " + aliases.size());
            }
            var alias = aliases.getFirst();
            return new PinnedIdentity(
                    new OwnKey(
                            (PrivateKey) store.getKey(alias, password.toCharArray()),
                            (X509Certificate) store.getCertificate(alias)),
                    peer);
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads an unencrypted PKCS#8 key ({@code BEGIN PRIVATE KEY}) and a certificate, both PEM.
     *
     * @throws IOException naming the file, and what is wrong with it
     */
    public static PinnedIdentity fromPem(Path key, Path certificate, CertificateFingerprint peer)
            throws IOException {
        X509Certificate parsed;
        try (var in = Files.newInputStream(certificate)) {
            parsed =
                    (X509Certificate)
                            CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (CertificateException e) {
            throw new IOException(certificate + ": " + e.getMessage(), e);
        }
        try {
            return new PinnedIdentity(
                    new OwnKey(readKey(key, parsed.getPublicKey().getAlgorithm()), parsed), peer);
        } catch (GeneralSecurityException e) {
            throw new IOException(key + ": " + e.getMessage(), e);
        }
    }

    /** What the peer's configuration has to pin. */
    public CertificateFingerprint fingerprint() {
        return own;
    }

    /** The certificate that the peer must show. */
    public CertificateFingerprint peerFingerprint() {
        return peer;
    }

    SSLContext context() throws GeneralSecurityException {
        var context = SSLContext.getInstance("TLSv1.3");
        context.init(
                new KeyManager[] {key}, new TrustManager[] {new Pin(peer)}, new SecureRandom());
        return context;
    }

    /**
     * Shakes hands with itself, in memory. A process that has just started needs most of its first
     * handshake for loading and compiling; done here, beside whatever else starts, it is not the
     * peer that waits for that.
     *
     * @return the protocol that both sides agreed on
     */
    public String rehearse() throws IOException {
        try {
            var itself = new PinnedIdentity(key, own).context();
            var client = itself.createSSLEngine();
            client.setUseClientMode(true);
            var server = itself.createSSLEngine();
            server.setUseClientMode(false);
            server.setNeedClientAuth(true);
            var packetBytes = client.getSession().getPacketBufferSize();
            var toServer = ByteBuffer.allocate(FLIGHT_PACKETS_MAX * packetBytes);
            var toClient = ByteBuffer.allocate(FLIGHT_PACKETS_MAX * packetBytes);
            client.beginHandshake();
            server.beginHandshake();
            for (int i = 0; i < HANDSHAKE_STEPS_MAX; i++) {
                step(client, toServer, toClient);
                step(server, toClient, toServer);
                if (isOver(client) && isOver(server)) {
                    return client.getSession().getProtocol();
                }
            }
            throw new IOException(
                    "no handshake within %d steps: %s, %s"
                            .formatted(
                                    HANDSHAKE_STEPS_MAX,
                                    client.getHandshakeStatus(),
                                    server.getHandshakeStatus()));
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS 1.3 cannot be set up: " + e.getMessage(), e);
        }
    }

    private static boolean isOver(SSLEngine engine) {
        return engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING;
    }

    private static void step(SSLEngine engine, ByteBuffer out, ByteBuffer in) throws IOException {
        switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> {
                for (var task = engine.getDelegatedTask();
                        task != null;
                        task = engine.getDelegatedTask()) {
                    task.run();
                }
            }
            case NEED_WRAP -> {
                var unused = engine.wrap(ByteBuffer.allocate(0), out);
            }
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                in.flip();
                var unused =
                        engine.unwrap(
                                in,
                                ByteBuffer.allocate(
                                        engine.getSession().getApplicationBufferSize()));
                in.compact();
            }
            case FINISHED, NOT_HANDSHAKING -> {}
        }
    }

    /** What is wrong with a store is said by an IOException too, often without a message. */
    private static void load(KeyStore store, InputStream in, Path file, String password)
            throws IOException, GeneralSecurityException {
        try {
            store.load(in, password.toCharArray());
        } catch (IOException e) {
            throw new IOException(file + ": not a PKCS#12 key store of this password: " + e, e);
        }
    }

    private static boolean isKey(KeyStore store, String alias) {
        try {
            return store.isKeyEntry(alias);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the store was loaded a moment ago", e);
        }
    }

    private static PrivateKey readKey(Path file, String algorithm)
            throws IOException, GeneralSecurityException {
        var begin = "-----BEGIN PRIVATE KEY-----";
        var end = "-----END PRIVATE KEY-----";
        var text = Files.readString(file, StandardCharsets.US_ASCII);
        int from = text.indexOf(begin);
        int to = text.indexOf(end);
        if (from < 0 || to < from) {
            throw new IOException(file + ": expected '" + begin + "' (PKCS#8, not encrypted)");
        }
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": not Base64: " + e.getMessage(), e);
        }
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    /** Accepts one certificate, whatever it says; TLS itself proves that the peer holds its key. */
    private static final class Pin extends X509ExtendedTrustManager {
        private final CertificateFingerprint expected;

        Pin(CertificateFingerprint expected) {
            this.expected = expected;
        }

        private void check(X509Certificate[] chain) throws CertificateException {
            if (chain.length == 0) {
                throw new CertificateException("the peer showed no certificate");
            }
            var shown = CertificateFingerprint.of(chain[0]);
            if (!shown.equals(expected)) {
                throw new CertificateException(
                        "the peer showed certificate " + shown + ", pinned is " + expected);
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType)
                throws CertificateException {
            check(chain);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return List.<X509Certificate>of().toArray(X509Certificate[]::new);
        }
    }
}
