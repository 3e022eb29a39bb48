package io.leasehold.blockrep.link;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** The cipher of the records of {@link PeerLink}, without the records. */
public final class RecordCipher {
    private static final int KEY_BYTES = 16;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BYTES = 16;

    /** Less than 512 bytes take another way through the JDK's AES-GCM. */
    private static final int CONTENT_BYTES = 1 << 10;

    /**
     * The virtual machine of a daemon has compiled it long before (CLUSTERD_FLAGS of launch.sh).
     */
    private static final int ROUNDS = 32;

    private RecordCipher() {}

    /**
     * Encrypts and decrypts a little of nothing, in place as TLS does it. For the first thread that
     * a process starts: compiled code alone uses the processor's instructions for AES-GCM, and what
     * is asked for later waits until all else is compiled that a start needs, for as long as a
     * resync takes.
     *
     * @return the content of the last round: zeros
     * @throws GeneralSecurityException this Java has no such cipher, so it has no TLS 1.3 either
     */
    public static byte[] rehearse() throws GeneralSecurityException {
        // Nobody ever sees what it encrypts.
        var key = new SecretKeySpec(new byte[KEY_BYTES], "AES");
        var encryption = Cipher.getInstance("AES/GCM/NoPadding");
        var decryption = Cipher.getInstance("AES/GCM/NoPadding");
        var packet = ByteBuffer.allocate(CONTENT_BYTES + TAG_BYTES);
        for (int round = 0; round < ROUNDS; round++) {
            // A nonce must not come twice with the same key.
            var nonce = ByteBuffer.allocate(NONCE_BYTES).putInt(round).array();
            var parameters = new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce);
            encryption.init(Cipher.ENCRYPT_MODE, key, parameters);
            int sealedBytes =
                    encryption.doFinal(
                            packet.clear().duplicate().limit(CONTENT_BYTES), packet.duplicate());
            decryption.init(Cipher.DECRYPT_MODE, key, parameters);
            int openedBytes =
                    decryption.doFinal(packet.duplicate().limit(sealedBytes), packet.duplicate());
            packet.limit(openedBytes);
        }
        var content = new byte[packet.remaining()];
        packet.get(content);
        return content;
    }
}
