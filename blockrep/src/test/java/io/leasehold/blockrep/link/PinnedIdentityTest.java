package io.leasehold.blockrep.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PinnedIdentityTest {
    @TempDir Path directory;

    private static String pem(String what, byte[] der) {
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                .formatted(
                        what,
                        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                                .encodeToString(der),
                        what);
    }

    @Test
    void shouldBeTheSameFromPkcs12AndFromPem() throws Exception {
        var file = TestIdentities.keyStore(directory.resolve("node.p12"));
        var peer = TestIdentities.fingerprint(file);
        var store = KeyStore.getInstance(file.toFile(), "leasehold".toCharArray());
        var key = directory.resolve("node.key");
        var certificate = directory.resolve("node.crt");
        Files.writeString(
                key,
                pem("PRIVATE KEY", store.getKey("node", "leasehold".toCharArray()).getEncoded()));
        Files.writeString(
                certificate, pem("CERTIFICATE", store.getCertificate("node").getEncoded()));

        var fromPem = PinnedIdentity.fromPem(key, certificate, peer);
        var fromStore = PinnedIdentity.fromPkcs12(file, "leasehold", peer);

        assertThat(fromPem.fingerprint()).isEqualTo(fromStore.fingerprint()).isEqualTo(peer);
        assertThat(fromPem.context().getProtocol()).isEqualTo("TLSv1.3");
    }

    @Test
    void shouldShakeHandsWithItself() throws Exception {
        var file = TestIdentities.keyStore(directory.resolve("node.p12"));
        // The peer is somebody else, and not asked.
        var peer = CertificateFingerprint.parse("0".repeat(64));

        var identity = PinnedIdentity.fromPkcs12(file, "leasehold", peer);

        assertThat(identity.rehearse()).isEqualTo("TLSv1.3");
    }

    @Test
    void shouldNameTheFileThatIsWrong() throws Exception {
        var wrong = Files.writeString(directory.resolve("wrong.pem"), "hello");
        var peer = CertificateFingerprint.parse("0".repeat(64));

        assertThatThrownBy(() -> PinnedIdentity.fromPem(wrong, wrong, peer))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("wrong.pem");
        assertThatThrownBy(() -> PinnedIdentity.fromPkcs12(wrong, "x", peer))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("wrong.pem");
    }

    @Test
    void shouldReadFingerprintsAsToolsPrintThem() {
        var plain = CertificateFingerprint.parse("ab".repeat(32));

        assertThat(CertificateFingerprint.parse(("AB:".repeat(31) + "AB") + "\n")).isEqualTo(plain);
        assertThatThrownBy(() -> CertificateFingerprint.parse("ab"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
