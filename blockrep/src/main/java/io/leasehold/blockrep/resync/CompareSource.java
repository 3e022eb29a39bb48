package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.link.Outbox;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.resync.KnownChanges.Since;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileImage;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.TreeDigest;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.ChangedHere;
import io.leasehold.blockrep.wire.Frame.ChunkHashes;
import io.leasehold.blockrep.wire.Frame.ChunksWanted;
import io.leasehold.blockrep.wire.Frame.CompareAnswer;
import io.leasehold.blockrep.wire.FrameCodec;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;

/**
 * The primary's side of one compare, on a thread of its own; {@link #answered} comes from the
 * reader of the session. Writers go on meanwhile.
 */
public final class CompareSource {
    private static final long POLL_MILLIS = 100;

    private final Volume volume;
    private final Journal journal;
    private final Outbox outbox;
    private final long epoch;
    private final Lineage lineage;
    private final BooleanSupplier ended;
    private final BiConsumer<Seq, Root> sent;
    private final Progress progress;
    private final KnownChanges known;
    private final Runnable onlyChanges;

    /** Bounded by the number of the volume's chunks: the target asks for each at most once. */
    private final LinkedBlockingQueue<ChunksWanted> requests = new LinkedBlockingQueue<>();

    /** Bounded by the size of what a target can have touched. */
    private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();

    private record Answer(Seq shared, ChangedHere part) {}

    /**
     * Makes one compare.
     *
     * @param epoch of this writer
     * @param lineage of its history
     * @param ended whether the session is over
     * @param onlyChanges is told if not everything has to be compared
     * @param sent is told where the target will stand, right before that is said to the target
     */
    public CompareSource(
            Volume volume,
            Journal journal,
            Outbox outbox,
            long epoch,
            Lineage lineage,
            BooleanSupplier ended,
            BiConsumer<Seq, Root> sent,
            KnownChanges known,
            Runnable onlyChanges,
            Progress progress) {
        this.volume = volume;
        this.journal = journal;
        this.outbox = outbox;
        this.epoch = epoch;
        this.lineage = lineage;
        this.ended = ended;
        this.sent = sent;
        this.known = known;
        this.onlyChanges = onlyChanges;
        this.progress = progress;
    }

    /** The target says what it has, or wants. */
    public void answered(Seq seq, CompareAnswer answer) {
        switch (answer) {
            case ChunksWanted request -> {
                progress.more(request.lengthBytes());
                requests.add(request);
            }
            case ChangedHere part -> answers.add(new Answer(seq, part));
        }
    }

    /**
     * Sends everything that the target needs; it then announces its new standing.
     *
     * @param common what both have touched behind it, or behind a place before it, is all that need
     *     be compared; empty: everything is compared
     * @throws RecordsGoneException the ring has overtaken the compare: writers were faster
     */
    public void run(String reason, boolean keepBranch, Optional<Seq> common)
            throws IOException, InterruptedException, RecordsGoneException {
        var base = volume.applied();
        // Before the target is asked: what is too much to be told apart is not offered.
        var own = common.isPresent() ? known.since(common.get(), base) : Optional.<Since>empty();
        if (own.isEmpty()) {
            var manifest = volume.manifest();
            begin(manifest.applied(), reason, keepBranch);
            compareAll(manifest, manifest.applied());
            catchUp(manifest.applied());
            return;
        }
        var shared = own.get().place();
        begin(base, reason, keepBranch);
        outbox.put(epoch, shared.seq(), new Frame.SharedPoint(shared.root()));
        outbox.flush();
        var theirs = awaitChanges(shared.seq());
        if (theirs.isPresent()) {
            onlyChanges.run();
            copyChanged(Changes.union(own.get().touched(), theirs.get()), base);
        } else {
            compareAll(volume.manifest(), base);
        }
        catchUp(base);
    }

    private void begin(Seq base, String reason, boolean keepBranch) throws IOException {
        // Kept open from here on only in the sense that losing these records is noticed.
        var root = journal.rootAt(base);
        if (root.isEmpty()) {
            throw new IOException("the journal has no root for operation " + base);
        }
        outbox.put(epoch, base, new Frame.CompareBegins(reason, keepBranch, root.get()));
    }

    /** What the target has touched since; empty if it does not know, or the session is over. */
    private Optional<Changes> awaitChanges(Seq shared) throws InterruptedException, IOException {
        var parts =
                new Parts("what the peer has touched", Changes.Limits.BOTH_NODES.encodedBytesMax());
        while (!ended.getAsBoolean()) {
            var answer = answers.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
            if (answer == null) {
                continue;
            }
            if (!answer.shared.equals(shared)) {
                return Optional.empty();
            }
            parts.add(answer.part.bytes());
            if (answer.part.last()) {
                try {
                    return Optional.of(Changes.decode(ByteBuffer.wrap(parts.take())));
                } catch (IllegalArgumentException | BufferUnderflowException e) {
                    throw new ProtocolException(
                            "the peer says that it touched what cannot be: " + e.getMessage());
                }
            }
        }
        return Optional.empty();
    }

    /** What either has touched, as it is here by now. */
    private void copyChanged(Changes set, Seq base) throws IOException, InterruptedException {
        putParts(base, set.encode(), Frame.ResyncSet::new);
        var manifest = volume.manifest(set.files());
        putParts(base, ManifestCodec.encode(manifest), Frame.ManifestPart::new);
        progress.total(PatchPlan.bytes(set, manifest));
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(FrameCodec.CHUNK_BYTES_MAX);
            for (var pieces = PatchPlan.pieces(set, manifest);
                    pieces.hasNext() && !ended.getAsBoolean(); ) {
                var piece = pieces.next();
                putContent(piece.fileId(), piece.offsetBytes(), piece.lengthBytes(), memory);
                progress.done(System.nanoTime(), piece.lengthBytes());
            }
        }
    }

    private void putParts(Seq base, byte[] bytes, BiFunction<byte[], Boolean, Frame> part)
            throws InterruptedException {
        for (var parts = Parts.of(bytes, part); parts.hasNext(); ) {
            outbox.put(epoch, base, parts.next());
            outbox.makeRoom();
        }
    }

    private void putContent(long fileId, long offsetBytes, int lengthBytes, MemorySegment memory)
            throws IOException, InterruptedException {
        var piece = memory.asSlice(0, lengthBytes);
        var count = volume.readContent(new FileId(fileId), piece, offsetBytes);
        // Shorter, or gone by now: an operation says so that is still to come.
        var content = piece.asSlice(0, count.orElse(0L)).toArray(ValueLayout.JAVA_BYTE);
        outbox.put(epoch, volume.last(), new Frame.Chunk(fileId, offsetBytes, content));
        outbox.makeRoom();
    }

    private void compareAll(Manifest manifest, Seq base) throws IOException, InterruptedException {
        putParts(base, ManifestCodec.encode(manifest), Frame.ManifestPart::new);
        progress.total(
                manifest.files().stream()
                        .filter(file -> file.kind() == FileKind.FILE)
                        .mapToLong(FileImage::sizeBytes)
                        .sum());
        try (var arena = Arena.ofConfined()) {
            var chunk = arena.allocate(TreeDigest.CHUNK_BYTES);
            for (var file : manifest.files()) {
                if (file.kind() == FileKind.FILE && !ended.getAsBoolean()) {
                    sendHashes(file, chunk);
                }
            }
            outbox.put(epoch, base, new ChunkHashes(0, 0, new byte[0]));
            outbox.flush();
            sendWanted(arena.allocate(FrameCodec.CHUNK_BYTES_MAX));
        }
    }

    private void sendHashes(FileImage file, MemorySegment chunk)
            throws IOException, InterruptedException {
        var hashes = ByteBuffer.allocate(ChunkHashes.HASHES_MAX * ChunkHashes.HASH_BYTES);
        long from = 0;
        for (long offset = 0; offset < file.sizeBytes(); offset += TreeDigest.CHUNK_BYTES) {
            // A file that is shorter or gone by now: the operations that made it so are redone
            // later.
            long wantedBytes = Math.min(TreeDigest.CHUNK_BYTES, file.sizeBytes() - offset);
            var piece = chunk.asSlice(0, wantedBytes);
            piece.fill((byte) 0);
            var unused = volume.readContent(file.id(), piece, offset);
            TreeDigest.chunkHash(piece).putInto(hashes);
            progress.done(System.nanoTime(), wantedBytes);
            if (!hashes.hasRemaining()) {
                putHashes(file, from, hashes);
                from = offset + TreeDigest.CHUNK_BYTES;
            }
        }
        if (hashes.position() > 0) {
            putHashes(file, from, hashes);
        }
    }

    private void putHashes(FileImage file, long from, ByteBuffer hashes)
            throws InterruptedException {
        var bytes = new byte[hashes.flip().remaining()];
        hashes.get(bytes);
        outbox.put(epoch, volume.last(), new ChunkHashes(file.id().value(), from, bytes));
        hashes.clear();
        outbox.makeRoom();
    }

    private void sendWanted(MemorySegment memory) throws IOException, InterruptedException {
        while (!ended.getAsBoolean()) {
            var request = requests.poll();
            if (request == null) {
                outbox.flush();
                request = requests.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
            }
            if (request == null) {
                continue;
            }
            if (request.fileId() == 0) {
                return;
            }
            putContent(request.fileId(), request.offsetBytes(), request.lengthBytes(), memory);
            progress.done(System.nanoTime(), request.lengthBytes());
        }
    }

    private void catchUp(Seq base) throws IOException, InterruptedException, RecordsGoneException {
        // Whatever was read above is the effect of operations up to here, at most.
        var end = journal.end();
        // The target will stand here: it must never be ahead of a source that loses power.
        var unused = journal.sync();
        try (var cursor = journal.read(base.next())) {
            while (!ended.getAsBoolean()) {
                var next = cursor.next();
                if (next.isEmpty() || next.get().seq().isAfter(end.last())) {
                    break;
                }
                var record = next.get();
                outbox.putOperation(
                        false,
                        epoch,
                        record.seq(),
                        record.request(),
                        record.root(),
                        record.epoch(),
                        ByteBuffer.wrap(record.operation()));
                outbox.makeRoom();
            }
        }
        sent.accept(end.last(), end.root());
        outbox.put(epoch, end.last(), new Frame.CompareEnds(end.root(), lineage));
        outbox.flush();
    }
}
