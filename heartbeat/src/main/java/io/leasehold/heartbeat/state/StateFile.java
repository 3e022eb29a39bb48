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
 * <p>A slot that is not whole may be a write that never ended, or a state that others relied on and
 * that the disk has lost since: a vote, a promise, a permit given up. Nothing tells the two apart,
 * so what is left is read {@linkplain DurableState#withoutRights without its rights}, and {@link
 * #damage} says so. If that slot had the very first write, nothing is left: the power was cut while
 * the node was set up.
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
    private final Optional<String> damage;
    private Optional<DurableState> newest;
    private Optional<IOException> failed = Optional.empty();

    private StateFile(
            Path path,
            RandomAccessFile file,
            long number,
            Optional<DurableState> newest,
            Optional<String> damage) {
        this.path = path;
        this.file = file;
        this.number = number;
        this.newest = newest;
        this.damage = damage;
    }

    /** What a slot holds. */
    private sealed interface Slot {
        /** Nothing was ever written to it. */
        record Blank() implements Slot {}

        record Whole(long number, DurableState state) implements Slot {}

        record Damaged(long offsetBytes, String what) implements Slot {}
    }

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
            return read(path, file);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static StateFile read(Path path, RandomAccessFile file) throws IOException {
        var first = read(file, 0);
        var second = read(file, SLOT_BYTES);
        if (first instanceof Slot.Whole one && second instanceof Slot.Whole other) {
            return whole(path, file, one.number() > other.number() ? one : other);
        }
        if (first instanceof Slot.Blank && second instanceof Slot.Blank) {
            return new StateFile(path, file, 0, Optional.empty(), Optional.empty());
        }
        if (first instanceof Slot.Whole one) {
            return reduced(path, file, one, second);
        }
        if (second instanceof Slot.Whole other) {
            // The first write of all goes into slot B, beside a blank slot A.
            return first instanceof Slot.Blank && other.number() == 1
                    ? whole(path, file, other)
                    : reduced(path, file, other, first);
        }
        if (first instanceof Slot.Blank) {
            // The very first write was torn, or lost by the disk; slot A was never written.
            return new StateFile(
                    path,
                    file,
                    0,
                    Optional.empty(),
                    Optional.of(
                            path
                                    + ": "
                                    + description(second, SLOT_BYTES)
                                    + ", and it is the first write of all. This node starts as one"
                                    + " that never ran; what its volume holds counts as outdated"
                                    + " until it has met its peer"));
        }
        throw new IOException(
                path
                        + " holds no whole state: "
                        + description(first, 0)
                        + ", "
                        + description(second, SLOT_BYTES)
                        + ". What this node had promised is lost. If its peer holds the data,"
                        + " move the file away: this node then starts as one that never ran");
    }

    private static StateFile whole(Path path, RandomAccessFile file, Slot.Whole slot) {
        return new StateFile(
                path, file, slot.number(), Optional.of(slot.state()), Optional.empty());
    }

    private static StateFile reduced(Path path, RandomAccessFile file, Slot.Whole slot, Slot lost) {
        var where = slot.number() % 2 == 0 ? SLOT_BYTES : 0;
        var left = slot.state().withoutRights();
        return new StateFile(
                path,
                file,
                slot.number(),
                Optional.of(left),
                Optional.of(
                        path
                                + ": "
                                + description(lost, where)
                                + "; write "
                                + slot.number()
                                + " is left, and one after it may be lost. This copy counts as "
                                + left.standing()
                                + " until it has met its peer; check the disk"));
    }

    private static String description(Slot slot, long offsetBytes) {
        return switch (slot) {
            case Slot.Damaged(long offset, String what) -> "slot at offset " + offset + ": " + what;
            case Slot.Blank() -> "slot at offset " + offsetBytes + ": only zeros";
            case Slot.Whole whole ->
                    "slot at offset " + offsetBytes + ": write " + whole.number() + " is whole";
        };
    }

    /**
     * The state that was written last; empty if none ever was. If it may be lost, the one before it
     * without its rights.
     */
    public Optional<DurableState> newest() {
        return newest;
    }

    /** What was wrong with the file when it was opened, for a person; empty if nothing was. */
    public Optional<String> damage() {
        return damage;
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

    private static Slot read(RandomAccessFile file, long offset) throws IOException {
        var bytes = new byte[SLOT_BYTES];
        file.seek(offset);
        file.readFully(bytes);
        if (isBlank(bytes)) {
            return new Slot.Blank();
        }
        var slot = java.nio.ByteBuffer.wrap(bytes);
        long number = slot.getLong();
        int length = slot.getInt();
        int crc = slot.getInt();
        if (number < 1 || length < 1 || length > StateCodec.LENGTH_MAX) {
            return new Slot.Damaged(
                    offset,
                    "expected a write's number and a length of 1 to %d, found %d and %d"
                            .formatted(StateCodec.LENGTH_MAX, number, length));
        }
        var state = new byte[length];
        slot.get(state);
        if (crc != crc(number, state)) {
            return new Slot.Damaged(
                    offset, "expected CRC-32C %08x, found %08x".formatted(crc(number, state), crc));
        }
        try {
            return new Slot.Whole(number, StateCodec.decode(state));
        } catch (LayoutException e) {
            throw new IOException(
                    "a state with a right checksum is not understood: "
                            + e.getMessage()
                            + " (written by a newer version?)",
                    e);
        }
    }

    private static boolean isBlank(byte[] bytes) {
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
