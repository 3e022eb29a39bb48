package io.leasehold.blockrep.link;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;

/** Keys and certificates for tests, made with the JDK's keytool as an administrator would. */
public final class TestIdentities {
    private static final String PASSWORD = "leasehold";

    private TestIdentities() {}

    /** Makes a key store with a fresh key, unless the file is there already. */
    public static Path keyStore(Path file) throws Exception {
        if (Files.exists(file)) {
            return file;
        }
        var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
        var process =
                new ProcessBuilder(
                                keytool.toString(),
                                "-genkeypair",
                                "-alias",
                                "node",
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-validity",
                                "36500",
                                "-dname",
                                "CN=" + file.getFileName(),
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                file.toString(),
                                "-storepass",
                                PASSWORD)
                        .redirectErrorStream(true)
                        .start();
        var output =
                new String(
                        process.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException("keytool: " + output);
        }
        return file;
    }

    public static CertificateFingerprint fingerprint(Path keyStore) throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(keyStore)) {
            store.load(in, PASSWORD.toCharArray());
        }
        return CertificateFingerprint.of((X509Certificate) store.getCertificate("node"));
    }

    /** The identity of {@code own}, which accepts only {@code peer}. */
    public static PinnedIdentity identity(Path own, Path peer) throws Exception {
        return PinnedIdentity.fromPkcs12(own, PASSWORD, fingerprint(peer));
    }
}
