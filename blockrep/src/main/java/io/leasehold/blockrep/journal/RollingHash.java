package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Computes {@code root(n) = SHA-256(root(n-1) | seq | epoch | operation)}, cut to its first 16
 * bytes. Not safe for use by two threads at once.
 */
public final class RollingHash {
    private final MessageDigest sha256;
    private final ByteBuffer prefix = ByteBuffer.allocate(Root.BYTES + 16);
    private final byte[] digest = new byte[32];

    public RollingHash() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** The root after an operation; the position of {@code operation} is left as it was. */
    public Root next(Root before, Seq seq, long epoch, ByteBuffer operation) {
        prefix.clear()
                .putLong(before.high())
                .putLong(before.low())
                .putLong(seq.value())
                .putLong(epoch)
                .flip();
        sha256.update(prefix);
        sha256.update(operation.duplicate());
        try {
            sha256.digest(digest, 0, digest.length);
        } catch (java.security.DigestException e) {
            throw new AssertionError("the array has the digest's length", e);
        }
        var bytes = ByteBuffer.wrap(digest);
        return new Root(bytes.getLong(), bytes.getLong());
    }
}
