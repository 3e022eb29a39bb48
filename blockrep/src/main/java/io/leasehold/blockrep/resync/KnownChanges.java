package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Directories;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this copy has touched since the peer had all of it: in the journal as far as that reaches,
 * and in a durable dirty map behind it (R23).
 *
 * <pre>
 *            from                 oldest            to                 last
 *   ───────────┼─────────────────────┼───────────────┼───────────────────┤
 *              │◄────────── dirty map ──────────────►│
 *                                    │◄──────────── journal ────────────►│
 * </pre>
 *
 * <p>{@code to} is never behind the journal's checkpoint, before which alone records are
 * overwritten: a change is in one of the two at every moment. {@code from} moves on only when the
 * peer has everything up to there; what a lost or damaged map costs is a compare of everything. The
 * map is written only while the peer does not follow.
 *
 * <pre>
 *   dirty-map   u64 "LSHDIRT1", u64 u64 device, u64 history use, u64 from, u64 u64 root there, u64 to,
 *               Changes, u32 CRC-32C of all before it
 * </pre>
 *
 * <p>Any thread.
 */
public final class KnownChanges {
    private static final Logger log = LoggerFactory.getLogger(KnownChanges.class);
    private static final String FILE = "dirty-map";
    private static final long MAGIC = 0x4c534844_49525431L;
    private static final int HEAD_BYTES = 8 * Long.BYTES;

    private final Path directory;
    private final Journal journal;

    // Guarded by this object:
    private SharedPoint from;
    private Seq to;
    private Changes changes;
    private long historyUse;

    /** A place in the order, and the rolling hash there. */
    public record SharedPoint(Seq seq, Root root) {}

    private KnownChanges(
            Path directory, Journal journal, SharedPoint from, Seq to, Changes changes) {
        this.directory = directory;
        this.journal = journal;
        this.from = from;
        this.to = to;
        this.changes = changes;
        this.historyUse = journal.superblock().historyUse();
    }

    /**
     * Takes up what the last process noted, or begins anew at the journal's checkpoint.
     *
     * @param directory of the journal
     */
    public static KnownChanges open(Path directory, Journal journal) throws IOException {
        var noted = read(directory, journal);
        return noted.isPresent()
                ? noted.get()
                : new KnownChanges(
                        directory,
                        journal,
                        atCheckpoint(journal),
                        journal.superblock().checkpoint(),
                        new Changes());
    }

    private static SharedPoint atCheckpoint(Journal journal) throws IOException {
        var checkpoint = journal.superblock().checkpoint();
        return new SharedPoint(
                checkpoint,
                journal.rootAt(checkpoint)
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "what is behind a checkpoint is never overwritten")));
    }

    /** Another history has taken this one's place, which the peer has up to the checkpoint. */
    public synchronized void restart() throws IOException {
        historyUse = journal.superblock().historyUse();
        from = atCheckpoint(journal);
        to = from.seq;
        changes = new Changes();
    }

    /**
     * The tree has everything up to {@code reached}, and the journal's records up to there may soon
     * be overwritten: what they touched is noted, durably unless the peer follows.
     *
     * @param peerHas up to here the peer has everything
     * @param follows the peer gets each operation: a map that were lost now would soon be empty
     */
    public synchronized void checkpoint(Seq reached, Seq peerHas, boolean follows)
            throws IOException {
        var shared = peerHas.isAfter(reached) ? reached : peerHas;
        if (!shared.isAfter(from.seq) || !beginAt(shared, reached)) {
            if (reached.isAfter(to)) {
                changes.addAll(behindCheckpoint(to, reached));
                to = reached;
            }
        }
        if (!follows) {
            write();
        }
    }

    private boolean beginAt(Seq shared, Seq reached) throws IOException {
        try {
            var root = journal.rootAt(shared);
            if (root.isEmpty()) {
                return false;
            }
            changes = JournalChanges.between(journal, shared, reached);
            from = new SharedPoint(shared, root.get());
            to = reached;
            return true;
        } catch (RecordsGoneException e) {
            log.debug("the dirty map goes on from {}: {}", from.seq, e.getMessage());
            return false;
        }
    }

    private Changes behindCheckpoint(Seq after, Seq upTo) throws IOException {
        try {
            return JournalChanges.between(journal, after, upTo);
        } catch (RecordsGoneException e) {
            throw new IllegalStateException("what is behind a checkpoint is never overwritten", e);
        }
    }

    /**
     * The latest place up to {@code common} since which all that was touched is known.
     *
     * @return empty if too little is known, or too much was touched
     */
    synchronized Optional<SharedPoint> sharedPoint(Seq common) throws IOException {
        if (!journal.oldest().isAfter(common.next())) {
            var root = journal.rootAt(common);
            if (root.isPresent()) {
                return Optional.of(new SharedPoint(common, root.get()));
            }
        }
        return from.seq.isAfter(common) || changes.isEverything()
                ? Optional.empty()
                : Optional.of(from);
    }

    /**
     * What was touched behind a {@link #sharedPoint}, up to {@code upTo}, or more.
     *
     * @throws RecordsGoneException writers have overtaken
     */
    synchronized Changes touched(Seq shared, Seq upTo) throws IOException, RecordsGoneException {
        if (!journal.oldest().isAfter(shared.next()) || !shared.equals(from.seq)) {
            return JournalChanges.between(journal, shared, upTo);
        }
        var touched = Changes.union(changes, new Changes());
        if (upTo.isAfter(to)) {
            touched.addAll(behindCheckpoint(to, upTo));
        }
        return touched;
    }

    // ---- the file ----

    private void write() throws IOException {
        var touched = changes.encode();
        var device = journal.superblock().device();
        var out = ByteBuffer.allocate(HEAD_BYTES + touched.length + Integer.BYTES);
        out.putLong(MAGIC).putLong(device.high()).putLong(device.low()).putLong(historyUse);
        out.putLong(from.seq.value()).putLong(from.root.high()).putLong(from.root.low());
        out.putLong(to.value()).put(touched);
        out.putInt(checksum(out.array(), out.position()));
        var fresh = directory.resolve(FILE + ".new");
        try (var channel =
                FileChannel.open(
                        fresh,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            out.flip();
            while (out.hasRemaining()) {
                channel.write(out);
            }
            channel.force(true);
        }
        Files.move(fresh, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
        Directories.sync(directory);
    }

    /** Empty if there is none, or none that covers what the journal has overwritten. */
    private static Optional<KnownChanges> read(Path directory, Journal journal) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(directory.resolve(FILE));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
        var in = ByteBuffer.wrap(bytes);
        int end = bytes.length - Integer.BYTES;
        if (end < HEAD_BYTES || in.getLong() != MAGIC || checksum(bytes, end) != in.getInt(end)) {
            log.warn(
                    "{} is damaged: a peer that has been away for longer than the journal reaches back is compared completely",
                    directory.resolve(FILE));
            return Optional.empty();
        }
        try {
            var superblock = journal.superblock();
            var device = new DeviceId(in.getLong(), in.getLong());
            long ofHistory = in.getLong();
            var from = new SharedPoint(new Seq(in.getLong()), new Root(in.getLong(), in.getLong()));
            var to = new Seq(in.getLong());
            var changes = Changes.decode(in.limit(end));
            boolean covers =
                    device.equals(superblock.device())
                            && ofHistory == superblock.historyUse()
                            && !superblock.checkpoint().isAfter(to)
                            && !to.isAfter(journal.end().last());
            return covers
                    ? Optional.of(new KnownChanges(directory, journal, from, to, changes))
                    : Optional.empty();
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw new IOException(directory.resolve(FILE) + " cannot be: " + e.getMessage(), e);
        }
    }

    private static int checksum(byte[] bytes, int length) {
        var crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
