package io.leasehold.blockrep.volume;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A checksum over everything of a volume that must be the same on both nodes: ids, kinds, names,
 * owners, permissions, mtimes, link targets, extended attributes, sizes and contents. Not over
 * atime and ctime.
 *
 * @param applied the place in the order to which it belongs; digests are compared at equal places
 * @param sha256 over the files by ascending id, see {@link #of}
 */
public record TreeDigest(Seq applied, Bytes sha256) {

    /** Contents are compared and copied in pieces of this size. */
    public static final int CHUNK_BYTES = 64 * 1024;

    /** Reads content into memory; fewer bytes than fit only at the end of the file. */
    interface ContentReader {
        long read(FileId id, MemorySegment memory, long offsetBytes) throws IOException;
    }

    static TreeDigest of(Manifest manifest, ContentReader reader) throws IOException {
        var sha = newSha256();
        try (var arena = Arena.ofConfined()) {
            var chunk = arena.allocate(CHUNK_BYTES);
            for (var file : manifest.files()) {
                put(sha, file);
                for (long offset = 0; offset < file.sizeBytes(); offset += CHUNK_BYTES) {
                    long count = reader.read(file.id(), chunk, offset);
                    sha.update(chunk.asSlice(0, count).asByteBuffer());
                }
            }
        }
        return new TreeDigest(manifest.applied(), Bytes.copyOf(sha.digest()));
    }

    /** The checksum of a piece of content. A piece of zeros has the same one as a hole. */
    public static Bytes chunkHash(MemorySegment chunk) {
        var sha = newSha256();
        sha.update(chunk.asByteBuffer());
        return Bytes.copyOf(sha.digest());
    }

    private static void put(MessageDigest sha, FileImage file) {
        sha.update(
                longs(
                        file.id().value(),
                        file.kind().typeBits() | file.access().permissions(),
                        file.access().uid(),
                        file.access().gid(),
                        file.modifyTimeNanos(),
                        file.sizeBytes(),
                        file.names().size(),
                        file.xattrs().size()));
        put(sha, file.target());
        for (var place : file.names()) {
            sha.update(longs(place.directory().value()));
            put(sha, place.name().bytes());
        }
        file.xattrs()
                .forEach((name, value) -> {
                    put(sha, name);
                    put(sha, value);
                });
    }

    private static void put(MessageDigest sha, Bytes bytes) {
        sha.update(longs(bytes.lengthBytes()));
        sha.update(bytes.asReadOnlyBuffer());
    }

    private static byte[] longs(long... values) {
        var buffer = ByteBuffer.allocate(values.length * Long.BYTES);
        for (long value : values) {
            buffer.putLong(value);
        }
        return buffer.array();
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
