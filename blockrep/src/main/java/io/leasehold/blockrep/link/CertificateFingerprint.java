package io.leasehold.blockrep.link;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The SHA-256 of a certificate's DER encoding, which is what {@code openssl x509 -fingerprint
 * -sha256} and {@code keytool -list} print.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record CertificateFingerprint(String hex) {

    public CertificateFingerprint {
        if (!hex.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a SHA-256 in hexadecimal: '" + hex + "'");
        }
    }

    /**
     * Reads what the usual tools print: hexadecimal digits of either case, with or without colons.
     */
    public static CertificateFingerprint parse(String text) {
        return new CertificateFingerprint(text.strip().replace(":", "").toLowerCase(Locale.ROOT));
    }

    public static CertificateFingerprint of(X509Certificate certificate)
            throws CertificateEncodingException {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return new CertificateFingerprint(HexFormat.of().formatHex(sha256));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return hex;
    }
}
