package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame.VerifyAnswer;
import io.leasehold.blockrep.wire.Frame.VerifyPiece;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;

/** One piece of an online verification, on the secondary. */
public final class VerifyTarget {
    private VerifyTarget() {}

    /** Compares a piece; the tree stands at the piece's place in the order. */
    public static VerifyAnswer answer(Volume volume, VerifyPiece piece) throws IOException {
        var own = digest(volume, piece.fileId(), piece.offsetBytes(), piece.lengthBytes());
        boolean same = Arrays.equals(own, piece.digest());
        return new VerifyAnswer(
                piece.number(),
                same,
                same
                        ? ""
                        : piece.fileId() == 0
                                ? "names or attributes differ"
                                : "file %d differs within %d bytes at offset %d"
                                        .formatted(
                                                piece.fileId(),
                                                piece.lengthBytes(),
                                                piece.offsetBytes()));
    }

    /**
     * The digest of a piece of this node's tree.
     *
     * @param fileId 0: all files without their contents
     */
    public static byte[] digest(Volume volume, long fileId, long offsetBytes, int lengthBytes)
            throws IOException {
        if (fileId == 0) {
            return ManifestCodec.digest(volume.manifest());
        }
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(Math.max(lengthBytes, 1)).asSlice(0, lengthBytes);
            var count = volume.readContent(new FileId(fileId), memory, offsetBytes);
            // A file that is gone has an answer too, and it must be the same on both nodes.
            return count.isEmpty()
                    ? new byte[0]
                    : io.leasehold.blockrep.volume.TreeDigest.chunkHash(
                                    memory.asSlice(0, count.get()))
                            .toArray();
        }
    }
}
