package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileImage;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.Name;
import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.Placement;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.TreeMap;

/**
 * A manifest as bytes: u64 applied, u64 next id, u32 files; of each file:
 *
 * <pre>
 *   u64 id, u8 kind, u16 permissions, u32 uid, u32 gid, u64 size, i64 atime, i64 mtime,
 *   target (u16 length, bytes), u16 names (of each: u64 directory, u8 length, bytes),
 *   u16 attributes (of each: u8 length, name, u32 length, value)
 * </pre>
 *
 * ctime is not in it: it cannot be set.
 */
final class ManifestCodec {
    /** So large may the manifest of a volume be: some hundred thousand files. */
    static final int BYTES_MAX = 64 << 20;

    private ManifestCodec() {}

    static byte[] encode(Manifest manifest) {
        return encode(manifest, false);
    }

    /** Over everything but contents, atime, ctime, and the place in the order. */
    static byte[] digest(Manifest manifest) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(encode(manifest, true));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static byte[] encode(Manifest manifest, boolean forDigest) {
        var bytes = new ByteArrayOutputStream(64 + 128 * manifest.files().size());
        try (var out = new DataOutputStream(bytes)) {
            out.writeLong(forDigest ? 0 : manifest.applied().value());
            out.writeLong(manifest.nextId().value());
            out.writeInt(manifest.files().size());
            for (var file : manifest.files()) {
                out.writeLong(file.id().value());
                out.writeByte(kindNumber(file.kind()));
                out.writeShort(file.access().permissions());
                out.writeInt(file.access().uid());
                out.writeInt(file.access().gid());
                out.writeLong(file.sizeBytes());
                out.writeLong(forDigest ? 0 : file.accessTimeNanos());
                out.writeLong(file.modifyTimeNanos());
                out.writeShort(file.target().lengthBytes());
                out.write(file.target().toArray());
                out.writeShort(file.names().size());
                for (var place : file.names()) {
                    out.writeLong(place.directory().value());
                    out.writeByte(place.name().bytes().lengthBytes());
                    out.write(place.name().bytes().toArray());
                }
                out.writeShort(file.xattrs().size());
                for (var xattr : file.xattrs().entrySet()) {
                    out.writeByte(xattr.getKey().lengthBytes());
                    out.write(xattr.getKey().toArray());
                    out.writeInt(xattr.getValue().lengthBytes());
                    out.write(xattr.getValue().toArray());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    /** The manifest of a compare that began at {@code base}, and reads the tree since then. */
    static Manifest decode(byte[] bytes, Seq base) throws ProtocolException {
        var manifest = decode(bytes);
        if (base.isAfter(manifest.applied())) {
            throw new ProtocolException(
                    "manifest of " + manifest.applied() + ", the compare began at " + base);
        }
        return manifest;
    }

    static Manifest decode(byte[] bytes) throws ProtocolException {
        var in = ByteBuffer.wrap(bytes);
        try {
            var applied = new Seq(in.getLong());
            var nextId = new FileId(in.getLong());
            int count = in.getInt();
            var files = new ArrayList<FileImage>();
            for (int i = 0; i < count; i++) {
                files.add(file(in));
            }
            if (in.hasRemaining()) {
                throw new ProtocolException("manifest with " + in.remaining() + " bytes too many");
            }
            return new Manifest(applied, nextId, files);
        } catch (BufferUnderflowException e) {
            throw new ProtocolException("the manifest ends too early");
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("the manifest's content is impossible: " + e.getMessage());
        }
    }

    private static FileImage file(ByteBuffer in) throws ProtocolException {
        var id = new FileId(in.getLong());
        var kind = kind(in.get());
        int permissions = in.getShort() & 0xffff;
        int uid = in.getInt();
        var access = new Access(permissions, uid, in.getInt());
        long size = in.getLong();
        long accessTime = in.getLong();
        long modifyTime = in.getLong();
        var target = bytes(in, in.getShort() & 0xffff);
        int nameCount = in.getShort() & 0xffff;
        var names = new ArrayList<Placement>();
        for (int i = 0; i < nameCount; i++) {
            var directory = new FileId(in.getLong());
            names.add(new Placement(directory, new Name(bytes(in, in.get() & 0xff))));
        }
        int xattrCount = in.getShort() & 0xffff;
        var xattrs = new TreeMap<Bytes, Bytes>();
        for (int i = 0; i < xattrCount; i++) {
            var name = bytes(in, in.get() & 0xff);
            xattrs.put(name, bytes(in, in.getInt()));
        }
        return new FileImage(
                id, kind, access, size, accessTime, modifyTime, 0, target, names, xattrs);
    }

    private static Bytes bytes(ByteBuffer in, int length) throws ProtocolException {
        if (length < 0 || length > in.remaining()) {
            throw new ProtocolException("manifest with a string of " + length + " bytes");
        }
        return Bytes.take(in, length);
    }

    private static int kindNumber(FileKind kind) {
        return switch (kind) {
            case FILE -> 1;
            case DIRECTORY -> 2;
            case SYMLINK -> 3;
            case FIFO -> 4;
            case SOCKET -> 5;
        };
    }

    private static FileKind kind(int number) throws ProtocolException {
        return switch (number) {
            case 1 -> FileKind.FILE;
            case 2 -> FileKind.DIRECTORY;
            case 3 -> FileKind.SYMLINK;
            case 4 -> FileKind.FIFO;
            case 5 -> FileKind.SOCKET;
            default -> throw new ProtocolException("unknown kind of file " + number);
        };
    }
}
