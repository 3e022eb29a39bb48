package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Directories;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.History;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Patch;
import io.leasehold.blockrep.volume.Seq;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * A patch, and the operations behind it, in a file: what a crash must not interrupt is read again
 * from here until it is done.
 *
 * <pre>
 *   DIR/patch/patch     u64 "LSHPATCH", u64 base
 *                       u32 length, resync set (Changes)
 *                       u32 count, u64 each: the files that this copy made itself
 *                       u32 length, manifest (ManifestCodec)
 *                       u8 1, u64 file, u64 offset, u32 length, content    any number
 *                       u8 2, u64 seq, u32 length, operation               any number, behind them
 *                       u8 0, u32 CRC-32C of all before it
 *   DIR/patch/branch/…  what is to be kept of the files that are patched
 * </pre>
 */
final class PatchFile implements Patch {
    static final String DIRECTORY = "patch";
    private static final String FILE = "patch";
    private static final long MAGIC = 0x4c534850_41544348L;
    private static final int BUFFER_BYTES = 256 << 10;
    private static final int END = 0;
    private static final int PIECE = 1;
    private static final int OPERATION = 2;

    private final Path file;
    private final Seq base;
    private final Set<FileId> files;
    private final Set<FileId> discarded;
    private final Manifest manifest;
    private final long piecesAt;
    private final long operationsAt;

    /** Writes one, in the order of its content. */
    static final class Writer implements AutoCloseable {
        private final FileOutputStream file;
        private final CRC32C crc = new CRC32C();
        private final DataOutputStream out;
        private final Path volumeDirectory;
        private final Path directory;
        private long contentBytes;

        /** Begins with an empty directory; one that was left behind is removed. */
        Writer(Path volumeDirectory) throws IOException {
            this.volumeDirectory = volumeDirectory;
            directory = volumeDirectory.resolve(DIRECTORY);
            Directories.deleteRecursively(directory);
            Files.createDirectories(directory);
            file = new FileOutputStream(directory.resolve(FILE).toFile());
            out =
                    new DataOutputStream(
                            new BufferedOutputStream(
                                    new CheckedOutputStream(file, crc), BUFFER_BYTES));
        }

        void head(Seq base, byte[] set, Set<FileId> discarded, byte[] manifest) throws IOException {
            out.writeLong(MAGIC);
            out.writeLong(base.value());
            out.writeInt(set.length);
            out.write(set);
            out.writeInt(discarded.size());
            for (var id : new TreeSet<>(discarded)) {
                out.writeLong(id.value());
            }
            out.writeInt(manifest.length);
            out.write(manifest);
        }

        void piece(long fileId, long offsetBytes, byte[] content) throws IOException {
            out.writeByte(PIECE);
            out.writeLong(fileId);
            out.writeLong(offsetBytes);
            out.writeInt(content.length);
            out.write(content);
            contentBytes += content.length;
        }

        void operation(Seq seq, byte[] operation) throws IOException {
            out.writeByte(OPERATION);
            out.writeLong(seq.value());
            out.writeInt(operation.length);
            out.write(operation);
        }

        long contentBytes() {
            return contentBytes;
        }

        /** Nothing more comes; durable on return. */
        void finish() throws IOException {
            out.writeByte(END);
            out.flush();
            out.writeInt((int) crc.getValue());
            out.flush();
            file.getFD().sync();
            out.close();
            Directories.sync(directory);
            Directories.sync(volumeDirectory);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    private PatchFile(
            Path file,
            Seq base,
            Set<FileId> files,
            Set<FileId> discarded,
            Manifest manifest,
            long piecesAt,
            long operationsAt) {
        this.file = file;
        this.base = base;
        this.files = files;
        this.discarded = discarded;
        this.manifest = manifest;
        this.piecesAt = piecesAt;
        this.operationsAt = operationsAt;
    }

    /**
     * Opens a finished one.
     *
     * @throws IOException it is not whole
     */
    static PatchFile open(Path directory) throws IOException {
        var file = directory.resolve(FILE);
        var crc = new CRC32C();
        try (var in =
                new DataInputStream(
                        new CheckedInputStream(
                                new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES),
                                crc))) {
            if (in.readLong() != MAGIC) {
                throw new IOException(file + " is no patch");
            }
            var base = new Seq(in.readLong());
            var setBytes = in.readNBytes(in.readInt());
            var discarded = new TreeSet<FileId>();
            for (int left = in.readInt(); left > 0; left--) {
                discarded.add(new FileId(in.readLong()));
            }
            var manifestBytes = in.readNBytes(in.readInt());
            long piecesAt =
                    Long.BYTES * (2L + discarded.size())
                            + 3L * Integer.BYTES
                            + setBytes.length
                            + manifestBytes.length;
            long at = piecesAt;
            long operationsAt = -1;
            for (int tag = in.readByte(); tag != END; tag = in.readByte()) {
                if (tag == OPERATION && operationsAt < 0) {
                    operationsAt = at;
                }
                int head = 1 + Long.BYTES + (tag == PIECE ? Long.BYTES : 0) + Integer.BYTES;
                in.skipNBytes(head - 1 - Integer.BYTES);
                int length = in.readInt();
                in.skipNBytes(length);
                at += head + length;
            }
            int expected = (int) crc.getValue();
            if (in.readInt() != expected) {
                throw new IOException(file + " is damaged: its checksum is wrong");
            }
            return new PatchFile(
                    file,
                    base,
                    Set.copyOf(Changes.decode(ByteBuffer.wrap(setBytes)).files()),
                    discarded,
                    ManifestCodec.decode(manifestBytes),
                    piecesAt,
                    operationsAt < 0 ? at : operationsAt);
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    /** Behind it, operations follow. */
    Seq base() {
        return base;
    }

    @Override
    public Set<FileId> files() {
        return files;
    }

    @Override
    public Set<FileId> discarded() {
        return discarded;
    }

    @Override
    public Manifest manifest() {
        return manifest;
    }

    @Override
    public void forEachPiece(PieceVisitor visitor) throws IOException {
        try (var in = from(piecesAt)) {
            while (in.readByte() == PIECE) {
                var id = new FileId(in.readLong());
                long offset = in.readLong();
                visitor.visit(id, offset, Bytes.copyOf(in.readNBytes(in.readInt())));
            }
        }
    }

    /** What happened at the source behind {@link #base}. */
    History operations() {
        return visitor -> {
            try (var in = from(operationsAt)) {
                while (in.readByte() == OPERATION) {
                    var seq = new Seq(in.readLong());
                    var operation = in.readNBytes(in.readInt());
                    visitor.visit(seq, OperationCodec.decode(ByteBuffer.wrap(operation)));
                }
            } catch (MalformedOperationException e) {
                throw new IOException(
                        file + " has an operation that this build can't read: " + e.getMessage(),
                        e);
            }
        };
    }

    private DataInputStream from(long position) throws IOException {
        var in =
                new DataInputStream(
                        new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES));
        in.skipNBytes(position);
        return in;
    }
}
