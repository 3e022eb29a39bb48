package io.leasehold.ops.config;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/**
 * The one certificate that a node is known by: SHA-256 over its DER form, as {@code openssl x509
 * -fingerprint -sha256} prints it.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record CertificatePin(String hex) {
    static final int DIGITS = 64;

    public CertificatePin {
        if (hex.length() != DIGITS || !hex.chars().allMatch(CertificatePin::isLowerHexDigit)) {
            throw new IllegalArgumentException(
                    "not a SHA-256 in hexadecimal digits: \"" + hex + "\"");
        }
    }

    public static CertificatePin of(X509Certificate certificate)
            throws CertificateEncodingException {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return new CertificatePin(HexFormat.of().formatHex(digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** A fresh copy of the 32 bytes. */
    public byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    @Override
    public String toString() {
        return hex;
    }

    private static boolean isLowerHexDigit(int c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
}
