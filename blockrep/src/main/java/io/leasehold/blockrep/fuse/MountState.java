package io.leasehold.blockrep.fuse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a successor of this process needs to go on with a mount, in a file on a tmpfs: the mount's
 * incarnation, without which a request that the kernel sends again could not be told from one of
 * another mount with the same number.
 *
 * <pre>
 *       0  magic "LHFUSE01"
 *       8  mount incarnation, big-endian
 * </pre>
 */
final class MountState {

    private static final long MAGIC = 0x4c48_4655_5345_3031L;
    private static final int LENGTH_BYTES = 2 * Long.BYTES;

    private MountState() {}

    /** Notes a new mount; what was noted of an earlier one is replaced. */
    static void write(Path file, long incarnation) throws IOException {
        Files.write(
                file,
                ByteBuffer.allocate(LENGTH_BYTES).putLong(MAGIC).putLong(incarnation).array());
    }

    /**
     * The incarnation that a predecessor has noted.
     *
     * @throws IOException there is no such file, or something else is in it
     */
    static long read(Path file) throws IOException {
        var bytes = Files.readAllBytes(file);
        if (bytes.length != LENGTH_BYTES || ByteBuffer.wrap(bytes).getLong() != MAGIC) {
            throw new IOException(
                    "%s (%d bytes) is not the state of a mount".formatted(file, bytes.length));
        }
        return ByteBuffer.wrap(bytes).getLong(Long.BYTES);
    }
}
