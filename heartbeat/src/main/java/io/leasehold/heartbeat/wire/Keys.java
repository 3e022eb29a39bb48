package io.leasehold.heartbeat.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Derives the keys of the datagrams from the cluster's key (HKDF-SHA256, RFC 5869).
 *
 * <p>Greetings (Hello, Challenge): salt = sender's incarnation. Beats: salt = sender's incarnation
 * and the nonce of the receiver's challenge, information = cluster, sender and receiver. So a beat
 * opens only for the run of the receiver that asked for it, and no key is ever used by two runs of
 * a sender, which makes counters that start at 1 safe.
 */
final class Keys {
    private static final String GREETING = "leasehold heartbeat 1 greeting";
    private static final String BEAT = "leasehold heartbeat 1 beat";
    private static final int KEY_BYTES = 32;
    private static final int KEY_NUMBER_BYTES = 4;

    private final byte[] clusterKey;
    private final KDF kdf;
    private final Mac mac;

    Keys(byte[] clusterKey) {
        this.clusterKey = clusterKey.clone();
        try {
            kdf = KDF.getInstance("HKDF-SHA256");
            mac = Mac.getInstance("HmacSHA256");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HKDF and HMAC with SHA-256", e);
        }
    }

    /** A key and a number by which a receiver sees whether it has the same one. */
    record BeatKey(SecretKey key, int number) {}

    SecretKey greeting(Incarnation sender) {
        byte[] information = GREETING.getBytes(StandardCharsets.UTF_8);
        return key(derive(sender.toBytes(), information, KEY_BYTES));
    }

    BeatKey beat(
            Incarnation sender,
            long nonceHigh,
            long nonceLow,
            String cluster,
            String from,
            String to) {
        byte[] salt =
                ByteBuffer.allocate(Incarnation.BYTES + 16)
                        .put(sender.toBytes())
                        .putLong(nonceHigh)
                        .putLong(nonceLow)
                        .array();
        // Names may not contain the zero that separates them; see Names.
        byte[] information =
                (BEAT + '\0' + cluster + '\0' + from + '\0' + to).getBytes(StandardCharsets.UTF_8);
        var derived = derive(salt, information, KEY_BYTES + KEY_NUMBER_BYTES);
        return new BeatKey(key(derived), ByteBuffer.wrap(derived).getInt(KEY_BYTES));
    }

    /** What a receiver with that secret asks of a sender; the same for the same generation. */
    ByteBuffer nonce(byte[] secret, long generation, Incarnation sender) {
        try {
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("any bytes are a key of HMAC", e);
        }
        mac.update(ByteBuffer.allocate(8).putLong(0, generation));
        return ByteBuffer.wrap(mac.doFinal(sender.toBytes()));
    }

    private static SecretKey key(byte[] derived) {
        return new SecretKeySpec(derived, 0, KEY_BYTES, "ChaCha20");
    }

    private byte[] derive(byte[] salt, byte[] information, int bytes) {
        try {
            return kdf.deriveData(
                    HKDFParameterSpec.ofExtract()
                            .addIKM(clusterKey)
                            .addSalt(salt)
                            .thenExpand(information, bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the parameters are complete", e);
        }
    }
}
