package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Directories;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.CatchUp;
import io.leasehold.blockrep.wire.Frame.ChangedHere;
import io.leasehold.blockrep.wire.Frame.Chunk;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.Frame.ComparePart;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The secondary's side of a compare that copies only what has changed on either node since both
 * were the same (ADR 17). What comes is written to a {@link PatchFile}; the tree is changed when
 * all of it is durable, and what a crash leaves half done is done again from there.
 */
public final class PatchTarget implements ResyncTarget {
    private static final Logger log = LoggerFactory.getLogger(PatchTarget.class);

    private static final String BRANCH = "branch";

    /** The tree needs room for what it does not overwrite, and for its own bookkeeping. */
    private static final long SPARE_BYTES = 16L << 20;

    private final BegunCompare compare;
    private final Changes own;
    private final Progress progress;
    private final Laps laps = new Laps();
    private final PatchFile.Writer writer;
    private final CatchUpOrder order;
    private final Parts setParts =
            new Parts("resync set", Changes.Limits.BOTH_NODES.encodedBytesMax());
    private final Parts manifestParts = new Parts("manifest", ManifestCodec.BYTES_MAX);
    private Optional<Changes> set = Optional.empty();
    private boolean described;
    private Iterator<PatchPlan.Piece> missing = Collections.emptyIterator();
    private boolean irrevocable;
    private boolean carriedOut;

    private PatchTarget(BegunCompare compare, Changes own, Progress progress) throws IOException {
        this.compare = compare;
        this.own = own;
        this.progress = progress;
        order = new CatchUpOrder(compare.base(), compare.begins().root());
        writer = new PatchFile.Writer(compare.directory());
    }

    /**
     * Answers whether this copy was the same as the source's at some place in the order, and if so,
     * what it has touched since.
     *
     * @param shared the place
     * @param sharedRoot the source's root there
     * @return empty if all must be compared
     */
    public static Optional<PatchTarget> begin(
            BegunCompare compare, Seq shared, Root sharedRoot, Progress progress)
            throws IOException {
        var outbox = compare.outbox();
        long epoch = compare.epoch();
        var own = JournalChanges.since(compare.journal(), shared, sharedRoot);
        if (own.isEmpty()) {
            outbox.put(epoch, Seq.NONE, new ChangedHere(new byte[0], true));
            outbox.flush();
            return Optional.empty();
        }
        for (var id : own.get().files()) {
            if (!compare.volume().has(id)) {
                own.get().addWhole(id);
            }
        }
        Parts.of(own.get().encode(), ChangedHere::new)
                .forEachRemaining(part -> outbox.put(epoch, shared, part));
        outbox.flush();
        return Optional.of(new PatchTarget(compare, own.get(), progress));
    }

    /** How far it has come. */
    public Progress progress() {
        return progress;
    }

    @Override
    public void take(Seq seq, ComparePart part) throws IOException {
        switch (part) {
            case Frame.ResyncSet(var bytes, var last) -> resyncSet(bytes, last);
            case Frame.ManifestPart(var bytes, var last) -> manifest(bytes, last);
            case Chunk chunk -> chunk(chunk);
            case CatchUp operation -> catchUp(seq, operation);
            case Frame.SharedPoint _, Frame.ChunkHashes _ ->
                    throw new ProtocolException(
                            part.getClass().getSimpleName() + " for a copy of changes");
        }
    }

    private void resyncSet(byte[] bytes, boolean last) throws ProtocolException {
        if (set.isPresent()) {
            throw new ProtocolException("a second resync set");
        }
        setParts.add(bytes);
        if (!last) {
            return;
        }
        try {
            var complete = Changes.decode(ByteBuffer.wrap(setParts.take()));
            if (complete.isEverything() || !complete.files().containsAll(own.files())) {
                throw new ProtocolException("a resync set without what this node has touched");
            }
            set = Optional.of(complete);
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw new ProtocolException("a resync set that is impossible: " + e.getMessage());
        }
    }

    private void manifest(byte[] bytes, boolean last) throws IOException {
        if (described || set.isEmpty()) {
            throw new ProtocolException("a manifest that is not expected");
        }
        manifestParts.add(bytes);
        if (!last) {
            return;
        }
        var complete = ManifestCodec.decode(manifestParts.take(), compare.base());
        var ids = set.get().files();
        for (var file : complete.files()) {
            if (!ids.contains(file.id())) {
                throw new ProtocolException("file " + file.id() + " is not in the resync set");
            }
        }
        writer.head(compare.base(), set.get(), own.created(), complete);
        progress.total(PatchPlan.bytes(set.get(), complete));
        missing = PatchPlan.pieces(set.get(), complete);
        described = true;
    }

    /**
     * A piece may be shorter than planned: if the file is by now, an operation says so that is
     * still to come.
     */
    private void chunk(Chunk chunk) throws IOException {
        if (!missing.hasNext()) {
            throw new ProtocolException("content of file " + chunk.fileId() + " is too much");
        }
        var expected = missing.next();
        if (expected.fileId() != chunk.fileId()
                || expected.offsetBytes() != chunk.offsetBytes()
                || expected.lengthBytes() < chunk.bytes().length) {
            throw new ProtocolException(
                    "%d bytes of file %d at offset %d instead of %s"
                            .formatted(
                                    chunk.bytes().length,
                                    chunk.fileId(),
                                    chunk.offsetBytes(),
                                    expected));
        }
        writer.piece(chunk.fileId(), chunk.offsetBytes(), chunk.bytes());
        progress.done(System.nanoTime(), expected.lengthBytes());
    }

    private void catchUp(Seq seq, CatchUp operation) throws IOException {
        order.next(seq, operation);
        requireAllContent();
        writer.operation(seq, operation.operation());
    }

    private void requireAllContent() throws ProtocolException {
        if (!described || missing.hasNext()) {
            // What is missing would stay as it is, and nobody would look at it again.
            throw new ProtocolException("the compare goes on, but content is missing");
        }
    }

    @Override
    public Optional<String> switchTo(Seq seq, CompareEnds ends, String branchName)
            throws IOException {
        requireAllContent();
        order.end(seq, ends);
        laps.end("received in");
        var patch = writer.finish();
        laps.end("flushed in");
        var directory = compare.directory();
        var volume = compare.volume();
        var journal = compare.journal();
        boolean keepsBranch = compare.begins().keepBranch();
        var path = directory.resolve(PatchFile.DIRECTORY);
        // From here on the journal is not asked any more what the tree may lack.
        var _ = volume.checkpoint();
        if (keepsBranch) {
            volume.copyTo(path.resolve(BRANCH), own.files());
            Branches.markPartial(path.resolve(BRANCH));
            Directories.sync(path);
        }
        requireRoom();
        laps.end("old copy flushed and kept in");
        var to =
                new PendingSwitch(
                        PendingSwitch.Way.PATCH,
                        InterruptedSwitch.inode(path),
                        seq,
                        ends.root(),
                        ends.lineage());
        journal.switchTo(
                to,
                () -> {
                    // From here on it is needed until it is carried out.
                    irrevocable = true;
                    volume.patch(patch.patch(), patch.base(), patch.operations());
                    laps.end("carried out on the tree in");
                    boolean _ = keepBranch(directory, branchName);
                });
        carriedOut = true;
        laps.end("journal begun in");
        log.info("{} MiB of changes: {}", writer.contentBytes() >> 20, laps);
        return keepsBranch ? Optional.of(branchName) : Optional.empty();
    }

    /** Half of a patch on a full disk would leave this node without any copy. */
    private void requireRoom() throws IOException {
        var directory = compare.directory();
        long usableBytes = Files.getFileStore(directory).getUsableSpace();
        if (usableBytes < writer.contentBytes() + SPARE_BYTES) {
            throw new IOException(
                    "the disk of %s has %d MiB left, a resync of %d MiB of changes needs as much and 16 MiB more: make room"
                            .formatted(directory, usableBytes >> 20, writer.contentBytes() >> 20));
        }
    }

    /** Keeps what was copied before the patch, durably; false if there is nothing. */
    static boolean keepBranch(Path directory, String name) throws IOException {
        var copied = directory.resolve(PatchFile.DIRECTORY);
        if (!Files.exists(copied.resolve(BRANCH), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        var branches = directory.resolve("branches");
        Files.createDirectories(branches);

        Directories.move(copied, BRANCH, branches, name);
        return true;
    }

    @Override
    public void close() throws IOException {
        writer.close();
        if (carriedOut || !irrevocable) {
            Directories.deleteRecursively(compare.directory().resolve(PatchFile.DIRECTORY));
        }
    }
}
