package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Shadow;
import io.leasehold.blockrep.volume.TreeDigest;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame.CatchUp;
import io.leasehold.blockrep.wire.Frame.Chunk;
import io.leasehold.blockrep.wire.Frame.ChunkHashes;
import io.leasehold.blockrep.wire.Frame.ChunksWanted;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.Frame.ComparePart;
import io.leasehold.blockrep.wire.Frame.ManifestPart;
import io.leasehold.blockrep.wire.Frame.ResyncSet;
import io.leasehold.blockrep.wire.Frame.SharedPoint;
import io.leasehold.blockrep.wire.FrameCodec;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The secondary's side of one compare: builds the shadow and puts it in the tree's place. For the
 * session's reader thread. Closing it before {@link #switchTo} throws the shadow away.
 */
public final class CompareTarget implements ResyncTarget {
    private final BegunCompare compare;
    private final Volume volume;
    private final Progress progress;
    private final Shadow shadow;
    private final OperationSpool spool;
    private final CatchUpOrder order;
    private final Arena arena;
    private final MemorySegment chunk;
    private final MemorySegment zeros;
    private final Map<Long, Bytes> zeroHashes = new HashMap<>();
    private final Parts manifestParts = new Parts("manifest", ManifestCodec.BYTES_MAX);
    private Optional<Manifest> manifest = Optional.empty();
    private final Map<Long, Long> sizes = new HashMap<>();

    /** Of each file that has content, up to where its hashes have come; not of those without. */
    private final Map<Long, Long> unhashedFrom = new HashMap<>();

    /** How many bytes were asked for and have not come. */
    private final Map<Piece, Integer> wantedBytes = new HashMap<>();

    private boolean allHashed;
    private boolean closed;
    private boolean switched;

    private record Piece(long fileId, long offsetBytes) {}

    /** Begins with an empty shadow. */
    public CompareTarget(BegunCompare compare, Progress progress) throws IOException {
        this.compare = compare;
        this.volume = compare.volume();
        this.progress = progress;
        order = new CatchUpOrder(compare.base(), compare.begins().root());
        // A disk that is full refuses again and again: no attempt may leave anything open.
        spool = new OperationSpool(compare.directory().resolve("catch-up"));
        try {
            shadow = volume.beginShadow();
        } catch (IOException e) {
            spool.close();
            throw e;
        }
        arena = Arena.ofConfined();
        chunk = arena.allocate(TreeDigest.CHUNK_BYTES);
        zeros = arena.allocate(TreeDigest.CHUNK_BYTES);
    }

    @Override
    public void take(Seq seq, ComparePart part) throws IOException {
        switch (part) {
            case ManifestPart manifestPart -> manifestPart(manifestPart);
            case ChunkHashes hashes -> chunkHashes(hashes);
            case Chunk content -> chunk(content);
            case CatchUp operation -> catchUp(seq, operation);
            case SharedPoint _, ResyncSet _ ->
                    throw new ProtocolException(
                            part.getClass().getSimpleName() + " while everything is compared");
        }
    }

    void manifestPart(ManifestPart part) throws IOException {
        if (manifest.isPresent()) {
            throw new ProtocolException("a second manifest");
        }
        manifestParts.add(part.bytes());
        if (!part.last()) {
            return;
        }
        var complete = ManifestCodec.decode(manifestParts.take(), compare.base());
        long total = 0;
        for (var file : complete.files()) {
            shadow.install(file);
            if (file.kind() == FileKind.FILE) {
                sizes.put(file.id().value(), file.sizeBytes());
                if (file.sizeBytes() > 0) {
                    unhashedFrom.put(file.id().value(), 0L);
                }
                total += file.sizeBytes();
            }
        }
        progress.total(total);
        manifest = Optional.of(complete);
    }

    /** Takes from the own tree what is the same, and asks for the rest. */
    void chunkHashes(ChunkHashes hashes) throws IOException {
        if (hashes.fileId() == 0) {
            if (manifest.isEmpty() || !unhashedFrom.isEmpty()) {
                throw new ProtocolException(
                        "the hashes end before those of %d files have come"
                                .formatted(unhashedFrom.size()));
            }
            allHashed = true;
            answer(new ChunksWanted(0, 0, 0));
            compare.outbox().flush();
            return;
        }
        var size = Optional.ofNullable(sizes.get(hashes.fileId()));
        if (size.isEmpty()) {
            throw new ProtocolException(
                    "hashes of file " + hashes.fileId() + ", which is not in the manifest");
        }
        var in = ByteBuffer.wrap(hashes.hashes());
        long offset = hashes.offsetBytes();
        if (!Optional.of(offset).equals(Optional.ofNullable(unhashedFrom.get(hashes.fileId())))) {
            throw new ProtocolException(
                    "hashes of file %d at offset %d are not the next ones"
                            .formatted(hashes.fileId(), offset));
        }
        long wantedFrom = -1;
        while (in.hasRemaining()) {
            var expected = Bytes.take(in, ChunkHashes.HASH_BYTES);
            long length = Math.min(TreeDigest.CHUNK_BYTES, size.get() - offset);
            if (length <= 0) {
                throw new ProtocolException("hashes beyond the end of file " + hashes.fileId());
            }
            boolean have = haveAlready(new FileId(hashes.fileId()), offset, length, expected);
            if (have && wantedFrom >= 0) {
                want(hashes.fileId(), wantedFrom, offset);
                wantedFrom = -1;
            } else if (!have && wantedFrom < 0) {
                wantedFrom = offset;
            } else if (!have && offset + length - wantedFrom > FrameCodec.CHUNK_BYTES_MAX) {
                want(hashes.fileId(), wantedFrom, offset);
                wantedFrom = offset;
            }
            progress.done(System.nanoTime(), length);
            offset += length;
        }
        if (wantedFrom >= 0) {
            want(hashes.fileId(), wantedFrom, offset);
        }
        if (offset < size.get()) {
            unhashedFrom.put(hashes.fileId(), offset);
        } else {
            unhashedFrom.remove(hashes.fileId());
        }
        compare.outbox().flush();
    }

    private void answer(ChunksWanted wanted) {
        compare.outbox().put(compare.epoch(), compare.base(), wanted);
    }

    private boolean haveAlready(FileId id, long offset, long length, Bytes expected)
            throws IOException {
        if (expected.equals(
                zeroHashes.computeIfAbsent(
                        length, bytes -> TreeDigest.chunkHash(zeros.asSlice(0, bytes))))) {
            // A hole already.
            return true;
        }
        var piece = chunk.asSlice(0, length);
        var count = volume.readContent(id, piece, offset);
        if (count.isEmpty()
                || count.get() != length
                || !TreeDigest.chunkHash(piece).equals(expected)) {
            return false;
        }
        shadow.write(id, offset, Bytes.copyOf(piece, 0, (int) length));
        return true;
    }

    private void want(long fileId, long from, long to) {
        int bytes = (int) (to - from);
        wantedBytes.put(new Piece(fileId, from), bytes);
        progress.more(bytes);
        answer(new ChunksWanted(fileId, from, bytes));
    }

    /**
     * Takes a piece of content that was asked for. It may be shorter: if the file is by now, an
     * operation says so that is still to come.
     */
    void chunk(Chunk content) throws IOException {
        var asked = wantedBytes.remove(new Piece(content.fileId(), content.offsetBytes()));
        if (asked == null || content.bytes().length > asked) {
            throw new ProtocolException(
                    "content of file %d at offset %d that was not asked for"
                            .formatted(content.fileId(), content.offsetBytes()));
        }
        progress.done(System.nanoTime(), asked);
        if (content.bytes().length > 0) {
            shadow.write(
                    new FileId(content.fileId()),
                    content.offsetBytes(),
                    Bytes.copyOf(content.bytes()));
        }
    }

    void catchUp(Seq seq, CatchUp operation) throws IOException {
        order.next(seq, operation);
        spool.add(seq, operation.operation());
    }

    @Override
    public Optional<String> switchTo(Seq seq, CompareEnds ends, String branchName)
            throws IOException {
        if (!allHashed || !wantedBytes.isEmpty()) {
            // What is missing would be a hole, and nobody would look at it again.
            throw new ProtocolException(
                    "compare ends, but %d pieces of content are missing"
                            .formatted(wantedBytes.size()));
        }
        order.end(seq, ends);
        shadow.finish(compare.base(), manifest.orElseThrow().nextId(), spool);
        var journal = compare.journal();
        boolean keepsBranch = compare.begins().keepBranch();
        if (keepsBranch) {
            // What only the journal has for certain goes with it: its tree must have everything.
            var _ = volume.checkpoint();
        }
        var to =
                new PendingSwitch(
                        PendingSwitch.Way.EXCHANGE,
                        InterruptedSwitch.inode(compare.directory().resolve("shadow")),
                        seq,
                        ends.root(),
                        ends.lineage());
        var branch = keepsBranch ? Optional.of(branchName) : Optional.<String>empty();
        journal.switchTo(
                to,
                () -> {
                    // The volume's from here on, also if this fails half-way: who closed it then
                    // would close the live tree.
                    switched = true;
                    volume.exchangeWith(shadow, branch);
                });
        return branch;
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        arena.close();
        spool.close();
        if (!switched) {
            shadow.close();
        }
    }
}
