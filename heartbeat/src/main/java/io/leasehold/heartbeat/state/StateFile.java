package io.leasehold.heartbeat.state;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.StateCodec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Keeps the newest state in one of two slots of a preallocated file.
 *
 * <pre>
 *   offset 0        slot A
 *   offset 20480    slot B
 *
 *   a slot:  number of the write   8 bytes, big-endian; even: slot A, odd: slot B
 *            length of the state   4 bytes
 *            CRC-32C of the two fields above and the state, 4 bytes
 *            the state             {@link StateCodec}
 * </pre>
 *
 * <p>A write goes into the slot that does not hold the newest state, so a power cut in the middle
 * of it leaves the one before it. Nothing is renamed or extended, so that one fdatasync is enough.
 *
 * <p>A failed write or flush is final (R32): what the disk holds is not known any more, and every
 * further write fails too. One thread at a time; it must not be interrupted.
 */
public final class StateFile implements AutoCloseable {
    static final int SLOT_BYTES = 20_480;
    private static final int HEADER_BYTES = 16;

    private final Path path;
    private final RandomAccessFile file;
    private long number;
    private Optional<DurableState> newest;
    private Optional<IOException> failed = Optional.empty();

    private StateFile(
            Path path, RandomAccessFile file, long number, Optional<DurableState> newest) {
        this.path = path;
        this.file = file;
        this.number = number;
        this.newest = newest;
    }

    /** A slot that holds a whole state. */
    private record Slot(long number, DurableState state) {}

    /**
     * Opens the file, or makes one that holds no state.
     *
     * @throws IOException if it cannot be read, or holds bytes but no whole state: what this node
     *     promised is lost then, and a person has to decide
     */
    public static StateFile open(Path path) throws IOException {
        boolean fresh = !Files.exists(path);
        if (fresh) {
            create(path);
        }
        var file = new RandomAccessFile(path.toFile(), "rw");
        try {
            var first = read(file, 0);
            var second = read(file, SLOT_BYTES);
            var newest =
                    first.isPresent()
                                    && (second.isEmpty()
                                            || first.get().number() > second.get().number())
                            ? first
                            : second;
            if (newest.isEmpty() && !isBlank(file)) {
                throw new IOException(
                        path
                                + " holds no whole state: expected a CRC-32C that fits in slot 0 or "
                                + SLOT_BYTES
                                + ". What this node had promised is lost. If its peer holds the data,"
                                + " move the file away: this node then starts as one that never ran");
            }
            return new StateFile(
                    path, file, newest.map(Slot::number).orElse(0L), newest.map(Slot::state));
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** The state that was written last; empty if none ever was. */
    public Optional<DurableState> newest() {
        return newest;
    }

    /**
     * Writes a state; when this returns, it is durable.
     *
     * @throws IOException it is not known which state the disk holds; this file is not used again
     */
    public void write(DurableState state) throws IOException {
        if (failed.isPresent()) {
            throw new IOException(path + " failed before and is not used again", failed.get());
        }
        try {
            long next = number + 1;
            file.seek(next % 2 == 0 ? 0 : SLOT_BYTES);
            file.write(slot(next, StateCodec.encode(state)));
            file.getChannel().force(false);
            number = next;
            newest = Optional.of(state);
        } catch (IOException e) {
            failed = Optional.of(e);
            throw new IOException("cannot write " + path + ": " + e.getMessage(), e);
        }
    }

    private static byte[] slot(long number, byte[] state) {
        var bytes = java.nio.ByteBuffer.allocate(HEADER_BYTES + state.length);
        bytes.putLong(number).putInt(state.length).putInt(crc(number, state)).put(state);
        return bytes.array();
    }

    private static int crc(long number, byte[] state) {
        var crc = new CRC32C();
        crc.update(java.nio.ByteBuffer.allocate(12).putLong(number).putInt(state.length).flip());
        crc.update(state);
        return (int) crc.getValue();
    }

    private static Optional<Slot> read(RandomAccessFile file, long offset) throws IOException {
        var bytes = new byte[SLOT_BYTES];
        file.seek(offset);
        file.readFully(bytes);
        var slot = java.nio.ByteBuffer.wrap(bytes);
        long number = slot.getLong();
        int length = slot.getInt();
        int crc = slot.getInt();
        if (number < 1 || length < 1 || length > StateCodec.LENGTH_MAX) {
            return Optional.empty();
        }
        var state = new byte[length];
        slot.get(state);
        if (crc != crc(number, state)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Slot(number, StateCodec.decode(state)));
        } catch (LayoutException e) {
            throw new IOException(
                    "a state with a right checksum is not understood: "
                            + e.getMessage()
                            + " (written by a newer version?)",
                    e);
        }
    }

    private static boolean isBlank(RandomAccessFile file) throws IOException {
        var bytes = new byte[2 * SLOT_BYTES];
        file.seek(0);
        file.readFully(bytes);
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static void create(Path path) throws IOException {
        var fresh = path.resolveSibling(path.getFileName() + ".new");
        try (var out = new RandomAccessFile(fresh.toFile(), "rw")) {
            out.setLength(0);
            out.write(new byte[2 * SLOT_BYTES]);
            out.getFD().sync();
        }
        Files.move(fresh, path);
        try (var directory =
                java.nio.channels.FileChannel.open(
                        path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
