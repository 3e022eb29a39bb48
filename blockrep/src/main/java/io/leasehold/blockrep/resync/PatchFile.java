package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Directories;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.History;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Patch;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.FrameCodec;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
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
final class PatchFile {
    static final String DIRECTORY = "patch";
    private static final String FILE = "patch";
    private static final long MAGIC = 0x4c534850_41544348L;
    private static final int BUFFER_BYTES = 256 << 10;
    private static final int END = 0;
    private static final int PIECE = 1;
    private static final int OPERATION = 2;
    private static final int PIECE_HEAD_BYTES = 1 + 2 * Long.BYTES + Integer.BYTES;
    private static final int OPERATION_HEAD_BYTES = 1 + Long.BYTES + Integer.BYTES;

    private final Path file;
    private final Head head;
    private final long operationsAt;

    /** What is before the content, and where that begins. */
    private record Head(
            Seq base, Set<FileId> files, Set<FileId> discarded, Manifest manifest, long piecesAt) {}

    /** Writes one, in the order of its content: {@link #head} before all else. */
    static final class Writer implements AutoCloseable {
        private final FileOutputStream file;
        private final CRC32C crc = new CRC32C();
        private final DataOutputStream out;
        private final Path volumeDirectory;
        private final Path directory;
        private Optional<Head> head = Optional.empty();
        private OptionalLong operationsAt = OptionalLong.empty();
        private long bytes;
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

        void head(Seq base, Changes set, Set<FileId> discarded, Manifest manifest)
                throws IOException {
            var setBytes = set.encode();
            var manifestBytes = ManifestCodec.encode(manifest);
            out.writeLong(MAGIC);
            out.writeLong(base.value());
            out.writeInt(setBytes.length);
            out.write(setBytes);
            out.writeInt(discarded.size());
            for (var id : new TreeSet<>(discarded)) {
                out.writeLong(id.value());
            }
            out.writeInt(manifestBytes.length);
            out.write(manifestBytes);
            bytes = headBytes(setBytes, discarded, manifestBytes);
            head =
                    Optional.of(
                            new Head(
                                    base,
                                    Set.copyOf(set.files()),
                                    Set.copyOf(discarded),
                                    manifest,
                                    bytes));
        }

        void piece(long fileId, long offsetBytes, byte[] content) throws IOException {
            out.writeByte(PIECE);
            out.writeLong(fileId);
            out.writeLong(offsetBytes);
            out.writeInt(content.length);
            out.write(content);
            bytes += PIECE_HEAD_BYTES + content.length;
            contentBytes += content.length;
        }

        void operation(Seq seq, byte[] operation) throws IOException {
            if (operationsAt.isEmpty()) {
                operationsAt = OptionalLong.of(bytes);
            }
            out.writeByte(OPERATION);
            out.writeLong(seq.value());
            out.writeInt(operation.length);
            out.write(operation);
            bytes += OPERATION_HEAD_BYTES + operation.length;
        }

        long contentBytes() {
            return contentBytes;
        }

        /**
         * Nothing more comes; durable on return.
         *
         * @return what was written, as {@link PatchFile#open} finds it, but without reading all of
         *     it for its checksum: that is for those who find it after a crash
         */
        PatchFile finish() throws IOException {
            out.writeByte(END);
            out.flush();
            out.writeInt((int) crc.getValue());
            out.flush();
            file.getFD().sync();
            out.close();
            Directories.sync(directory);
            Directories.sync(volumeDirectory);
            return new PatchFile(
                    directory.resolve(FILE), head.orElseThrow(), operationsAt.orElse(bytes));
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    private PatchFile(Path file, Head head, long operationsAt) {
        this.file = file;
        this.head = head;
        this.operationsAt = operationsAt;
    }

    /**
     * Opens one that another process has finished; reads all of it.
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
            long piecesAt = headBytes(setBytes, discarded, manifestBytes);
            long at = piecesAt;
            long operationsAt = -1;
            for (int tag = in.readByte(); tag != END; tag = in.readByte()) {
                if (tag == OPERATION && operationsAt < 0) {
                    operationsAt = at;
                }
                int recordHeadBytes = tag == PIECE ? PIECE_HEAD_BYTES : OPERATION_HEAD_BYTES;
                in.skipNBytes(recordHeadBytes - 1 - Integer.BYTES);
                int length = in.readInt();
                in.skipNBytes(length);
                at += recordHeadBytes + length;
            }
            int expected = (int) crc.getValue();
            if (in.readInt() != expected) {
                throw new IOException(file + " is damaged: its checksum is wrong");
            }
            return new PatchFile(
                    file,
                    new Head(
                            base,
                            Set.copyOf(Changes.decode(ByteBuffer.wrap(setBytes)).files()),
                            discarded,
                            ManifestCodec.decode(manifestBytes),
                            piecesAt),
                    operationsAt < 0 ? at : operationsAt);
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    private static long headBytes(byte[] set, Set<FileId> discarded, byte[] manifest) {
        return Long.BYTES * (2L + discarded.size())
                + 3L * Integer.BYTES
                + set.length
                + manifest.length;
    }

    /** Behind it, operations follow. */
    Seq base() {
        return head.base;
    }

    Patch patch() {
        return new Patch(head.files, head.discarded, head.manifest, this::forEachPiece);
    }

    private void forEachPiece(Patch.PieceVisitor visitor) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ);
                var arena = Arena.ofConfined()) {
            var pieceHead = ByteBuffer.allocate(PIECE_HEAD_BYTES);
            var content = arena.allocate(FrameCodec.CHUNK_BYTES_MAX);
            for (long at = head.piecesAt; at < operationsAt; ) {
                readFully(channel, pieceHead.clear(), at);
                int tag = pieceHead.flip().get();
                var id = new FileId(pieceHead.getLong());
                long offset = pieceHead.getLong();
                int length = pieceHead.getInt();
                if (tag != PIECE || length < 0 || length > content.byteSize()) {
                    throw new IOException(
                            "%s is damaged: %d bytes of kind %d at offset %d"
                                    .formatted(file, length, tag, at));
                }
                at += PIECE_HEAD_BYTES;
                readFully(channel, content.asByteBuffer().limit(length), at);
                visitor.visit(id, offset, content.asSlice(0, length));
                at += length;
            }
        }
    }

    private void readFully(FileChannel channel, ByteBuffer target, long position)
            throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new EOFException(file + " ends at offset " + at);
            }
            at += count;
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
