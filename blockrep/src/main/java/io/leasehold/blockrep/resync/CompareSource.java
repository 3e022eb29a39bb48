package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.link.Outbox;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.FileImage;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.TreeDigest;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.ChunkHashes;
import io.leasehold.blockrep.wire.Frame.ChunksWanted;
import io.leasehold.blockrep.wire.FrameCodec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/**
 * The primary's side of one compare, on a thread of its own; {@link #wanted} comes from the reader
 * of the session. Writers go on meanwhile.
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

    /** Bounded by the number of the volume's chunks: the target asks for each at most once. */
    private final LinkedBlockingQueue<ChunksWanted> requests = new LinkedBlockingQueue<>();

    /**
     * Makes one compare.
     *
     * @param epoch of this writer
     * @param lineage of its history
     * @param ended whether the session is over
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
            Progress progress) {
        this.volume = volume;
        this.journal = journal;
        this.outbox = outbox;
        this.epoch = epoch;
        this.lineage = lineage;
        this.ended = ended;
        this.sent = sent;
        this.progress = progress;
    }

    /** The target wants content. */
    public void wanted(ChunksWanted request) {
        requests.add(request);
    }

    /**
     * Sends everything that the target needs; it then announces its new standing.
     *
     * @throws RecordsGoneException the ring has overtaken the compare: writers were faster
     */
    public void run(String reason, boolean keepBranch)
            throws IOException, InterruptedException, RecordsGoneException {
        var manifest = volume.manifest();
        var base = manifest.applied();
        // Kept open from here on only in the sense that losing these records is noticed.
        var root = journal.rootAt(base);
        if (root.isEmpty()) {
            throw new IOException("the journal has no root for operation " + base);
        }
        outbox.put(epoch, base, new Frame.CompareBegins(reason, keepBranch, root.get()));
        var bytes = ManifestCodec.encode(manifest);
        for (int at = 0; at < bytes.length || at == 0; at += FrameCodec.CHUNK_BYTES_MAX) {
            int end = Math.min(bytes.length, at + FrameCodec.CHUNK_BYTES_MAX);
            outbox.put(
                    epoch,
                    base,
                    new Frame.ManifestPart(
                            Arrays.copyOfRange(bytes, at, end), end == bytes.length));
            outbox.makeRoom();
        }
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
        catchUp(base);
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
            var piece = memory.asSlice(0, request.lengthBytes());
            var count =
                    volume.readContent(
                            new io.leasehold.blockrep.volume.FileId(request.fileId()),
                            piece,
                            request.offsetBytes());
            var content = piece.asSlice(0, count.orElse(0L)).toArray(ValueLayout.JAVA_BYTE);
            outbox.put(
                    epoch,
                    volume.last(),
                    new Frame.Chunk(request.fileId(), request.offsetBytes(), content));
            outbox.makeRoom();
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
