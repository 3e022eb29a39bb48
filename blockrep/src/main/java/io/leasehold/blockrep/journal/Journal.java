package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operations of one copy, in order: what is here survives the process at once, and the machine
 * after {@link #sync}.
 *
 * <pre>
 *   superblock        segment-00       segment-01       segment-02       segment-03
 *   A | B             use 8            use 5            use 6            use 7
 *                     [... last ] ──► (is begun next)   [oldest ...]     [...]
 * </pre>
 *
 * <p>A ring of preallocated files full of zeros: an append changes no metadata of the file system,
 * so that {@code fdatasync} writes the data and nothing else (measured: 0.11 ms against 0.19 ms for
 * an append to a growing file). A segment is overwritten when all its operations are in the tree,
 * durably; until then it can be read for a peer that was away.
 *
 * <p>Any {@link IOException} here means that the disk is gone (R32): every later call fails with
 * the same reason. Safe for use by several threads; {@link #append} is called by one at a time,
 * whoever holds the volume's order.
 */
public final class Journal implements AutoCloseable {
    /** A request that was sent again is found if it is among so many last ones. */
    static final int REQUESTS_MAX = 8192;

    /** So much of a segment is looked at at once, in search of records behind its end. */
    private static final int WINDOW_WORDS = 8192;

    private static final Logger log = LoggerFactory.getLogger(Journal.class);
    private static final String SUPERBLOCK = "superblock";

    private final JournalDirectory directory;
    private final int segmentBytes;
    private final List<JournalFile> files;
    private final JournalFile superblockFile;
    private final boolean created;
    private final RollingHash hash = new RollingHash();
    private final ByteBuffer encoded;

    private final ReentrantLock superblockLock = new ReentrantLock();
    private volatile Superblock superblock;

    /** The first failure; there is no way back (R32). */
    private final AtomicReference<Optional<IOException>> failure =
            new AtomicReference<>(Optional.empty());

    /** Guards everything below. Taken before {@link #superblockLock}. */
    private final ReentrantLock lock = new ReentrantLock();

    private final ArrayDeque<Live> live = new ArrayDeque<>();
    private final Map<RequestId, Seq> requests = new LinkedHashMap<>();
    private int position;

    /**
     * Recovery read no record of an earlier segment: the tree has them. A segment that was begun in
     * the same file may have left records there, and have lost its header with the power.
     */
    private long firstReadUse;

    private Seq last;
    private Root root;
    private long epoch;
    private Seq durable;
    private long firstDirtyUse;
    private long bytesAppended;
    private long syncs;

    /** One segment of the present history. */
    private record Live(Segment.Seal seal, Seq first, Root rootBefore) {
        long use() {
            return seal.use();
        }
    }

    /** Where the journal ends. */
    public record End(Seq last, Root root, Seq durable) {}

    private Journal(
            JournalDirectory directory,
            int segmentBytes,
            List<JournalFile> files,
            JournalFile superblockFile,
            Superblock superblock,
            boolean created) {
        this.directory = directory;
        this.segmentBytes = segmentBytes;
        this.encoded = directory.buffer(Math.min(segmentBytes, Segment.recordBytesMax()));
        this.files = files;
        this.superblockFile = superblockFile;
        this.superblock = superblock;
        this.created = created;
        last = Seq.NONE;
        root = Root.EMPTY;
        durable = Seq.NONE;
    }

    /**
     * Opens and recovers, or creates if there is nothing. A tail that was never synced and is torn
     * is cut. On return everything that was recovered is durable.
     *
     * @param fresh makes the superblock of a new journal
     * @throws CorruptJournalException something that had been durable is not there; nothing is
     *     changed
     */
    public static Journal open(
            JournalDirectory directory, int segmentBytes, int segments, Supplier<Superblock> fresh)
            throws IOException {
        if (segmentBytes < Segment.HEADER_BYTES + Segment.RECORD_HEADER_BYTES || segments < 3) {
            throw new IllegalArgumentException(segments + " segments of " + segmentBytes);
        }
        boolean create = !directory.exists(SUPERBLOCK);
        var files = new ArrayList<JournalFile>();
        for (int index = 0; index < segments; index++) {
            var name = segmentName(index);
            if (directory.exists(name)) {
                files.add(directory.open(name));
            } else if (create) {
                files.add(directory.create(name, segmentBytes));
            } else {
                throw new CorruptJournalException(
                        directory.path().resolve(name), 0, "a segment of the ring", "no such file");
            }
        }
        checkSizes(files, segmentBytes);
        var used = firstInUse(directory, files);
        if (create && used.isPresent()) {
            // It was lost; this is no fresh copy (R19).
            throw new CorruptJournalException(
                    directory.path().resolve(SUPERBLOCK),
                    0,
                    "a superblock, because " + used.get().path().getFileName() + " is in use",
                    "no such file");
        }
        var superblockFile =
                create
                        ? directory.create(SUPERBLOCK, Superblock.FILE_BYTES)
                        : directory.open(SUPERBLOCK);
        // Also if the power went while the first superblock was written: nobody can have used this
        // copy.
        boolean isNew =
                create || (used.isEmpty() && validSlots(directory, superblockFile).isEmpty());
        if (isNew) {
            writeSlots(directory, superblockFile, fresh.get());
        }
        var superblock = readSuperblock(directory, superblockFile);
        var journal =
                new Journal(directory, segmentBytes, files, superblockFile, superblock, isNew);
        journal.recover();
        return journal;
    }

    /** Whether {@link #open} found nothing and made a new copy. */
    public boolean created() {
        return created;
    }

    /** The superblock as it is durable. */
    public Superblock superblock() {
        return superblock;
    }

    /** A change of the superblock. */
    @FunctionalInterface
    public interface Change {
        void apply(Superblock.Editor editor);
    }

    /** Changes the superblock; durable on return. */
    public Superblock update(Change change) throws IOException {
        superblockLock.lock();
        try {
            throwIfFailed();
            var editor = superblock.edit();
            change.apply(editor);
            var next = editor.done();
            writeSlots(directory, superblockFile, next);
            superblock = next;
            return next;
        } catch (IOException e) {
            throw fail(e);
        } finally {
            superblockLock.unlock();
        }
    }

    /**
     * Appends the next operation of a writer.
     *
     * @param operation encoded, from position to limit; left as it is
     * @return its place and the root with it
     * @throws JournalFullException see {@link #roomBytes}
     */
    public End append(long writerEpoch, RequestId request, ByteBuffer operation)
            throws IOException {
        lock.lock();
        try {
            return appendLocked(
                    writerEpoch,
                    request,
                    operation,
                    hash.next(root, last.next(), writerEpoch, operation));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Appends an operation that the peer has given its place.
     *
     * @param expected the root that the peer has with it
     * @return false if the operation does not lead there: the copies differ, nothing was appended
     */
    public boolean appendReplica(
            long writerEpoch, RequestId request, ByteBuffer operation, Root expected)
            throws IOException {
        lock.lock();
        try {
            if (!hash.next(root, last.next(), writerEpoch, operation).equals(expected)) {
                return false;
            }
            appendLocked(writerEpoch, request, operation, expected);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private End appendLocked(long writerEpoch, RequestId request, ByteBuffer operation, Root next)
            throws IOException {
        throwIfFailed();
        if (writerEpoch < epoch) {
            throw new IllegalStateException(
                    "operation of epoch " + writerEpoch + " behind one of epoch " + epoch);
        }
        int bytes = Segment.recordBytes(operation.remaining());
        if (bytes > segmentBytes - Segment.HEADER_BYTES) {
            throw new IllegalArgumentException("a record of " + bytes + " bytes");
        }
        try {
            if (position + bytes > segmentBytes) {
                beginSegment();
            }
            var seal = live.getLast().seal;
            var seq = last.next();
            Segment.encode(encoded, seal, seq, writerEpoch, request, durable, next, operation);
            file(seal.use()).write(encoded, position);
            position += bytes;
            bytesAppended += bytes;
            last = seq;
            root = next;
            epoch = writerEpoch;
            remember(request, seq);
            return new End(seq, next, durable);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    /** The root at an operation that {@link #read} can deliver, or right before the oldest one. */
    public Optional<Root> rootAt(Seq seq) throws IOException {
        lock.lock();
        try {
            if (seq.equals(last)) {
                return Optional.of(root);
            }
            for (var segment : live) {
                if (segment.first.equals(seq.next())) {
                    return Optional.of(segment.rootBefore);
                }
            }
        } finally {
            lock.unlock();
        }
        try (var cursor = read(seq)) {
            return cursor.next().map(JournalRecord::root);
        } catch (RecordsGoneException e) {
            log.debug("no root at operation {}: {}", seq, e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Makes everything durable that was appended before the call; appends go on meanwhile. Many
     * callers share the work through {@link GroupCommit}.
     */
    public End sync() throws IOException {
        long fromUse;
        long toUse;
        Seq upTo;
        lock.lock();
        try {
            throwIfFailed();
            upTo = last;
            if (upTo.equals(durable)) {
                return new End(last, root, durable);
            }
            fromUse = firstDirtyUse;
            toUse = live.getLast().use();
        } finally {
            lock.unlock();
        }
        try {
            // Oldest first: what is durable is a prefix, whenever this is interrupted.
            for (long use = fromUse; use <= toUse; use++) {
                file(use).sync();
            }
        } catch (IOException e) {
            throw fail(e);
        }
        lock.lock();
        try {
            throwIfFailed();
            syncs++;
            if (upTo.isAfter(durable)) {
                durable = upTo;
            }
            firstDirtyUse = Math.max(firstDirtyUse, toUse);
            return new End(last, root, durable);
        } finally {
            lock.unlock();
        }
    }

    /** The end of the journal. */
    public End end() {
        lock.lock();
        try {
            return new End(last, root, durable);
        } finally {
            lock.unlock();
        }
    }

    /** The first operation that {@link #read} can still deliver. */
    public Seq oldest() {
        lock.lock();
        try {
            return live.getFirst().first;
        } finally {
            lock.unlock();
        }
    }

    /**
     * How many bytes of records fit before a checkpoint is needed. Whoever appends while this is at
     * least the record's size plus those of all others that append at the same time never meets
     * {@link JournalFullException}.
     */
    public long roomBytes() {
        lock.lock();
        try {
            var checkpoint = superblock.checkpoint();
            int reusable = files.size() - live.size();
            Live previous = null;
            for (var segment : live) {
                if (previous != null && !segment.first.isAfter(checkpoint.next())) {
                    reusable++;
                }
                previous = segment;
            }
            // A record does not cross a segment's end: up to one record's size is lost in each.
            long usable = (long) segmentBytes - Segment.HEADER_BYTES - Segment.recordBytesMax();
            return reusable * Math.max(usable, 0)
                    + Math.max(0, segmentBytes - position - Segment.recordBytesMax());
        } finally {
            lock.unlock();
        }
    }

    /** What a record of an operation of so many bytes takes in the journal. */
    public static int recordBytes(int operationBytes) {
        return Segment.recordBytes(operationBytes);
    }

    /** Bytes of records from an operation on to the end, about. */
    public long bytesFrom(Seq from) {
        lock.lock();
        try {
            double bytes = 0;
            long behind = last.next().value();
            for (var segments = live.descendingIterator(); segments.hasNext(); ) {
                var segment = segments.next();
                int end = segment.equals(live.getLast()) ? position : segmentBytes;
                double used = end - Segment.HEADER_BYTES;
                long count = behind - segment.first.value();
                long wanted = Math.clamp(behind - from.value(), 0, count);
                bytes += count == 0 ? 0 : used * wanted / count;
                behind = segment.first.value();
            }
            return (long) bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of records that no checkpoint covers, about. */
    public long bytesSinceCheckpoint() {
        lock.lock();
        try {
            long segments = 0;
            for (var segment : live) {
                if (segment.first.isAfter(superblock.checkpoint())) {
                    segments++;
                }
            }
            return Math.max(0, segments - 1) * segmentBytes
                    + (last.isAfter(superblock.checkpoint()) ? position : 0);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The tree durably has every operation up to {@code seq}: their segments may be used again. The
     * caller has synced the journal before it flushed the tree (R26).
     */
    public void checkpointed(Seq seq, Seq committed) throws IOException {
        if (seq.isAfter(end().durable)) {
            throw new IllegalStateException(
                    "R26: checkpoint at " + seq + " before the journal was synced");
        }
        update(editor ->
                editor.checkpoint(seq)
                        .durable(seq)
                        .committed(committed.isAfter(seq) ? seq : committed));
    }

    /**
     * The operation that carried out a request, if the request is among the last {@value
     * #REQUESTS_MAX} and its record is still here.
     */
    public Optional<JournalRecord> resolved(RequestId request) throws IOException {
        Seq seq;
        lock.lock();
        try {
            var found = requests.get(request);
            if (found == null) {
                return Optional.empty();
            }
            seq = found;
        } finally {
            lock.unlock();
        }
        try (var cursor = read(seq)) {
            return cursor.next();
        } catch (RecordsGoneException e) {
            log.debug("request {} was operation {}, whose record is gone", request, seq);
            return Optional.empty();
        }
    }

    /**
     * Reads from {@code from} on. Records that are appended later are delivered too.
     *
     * @throws RecordsGoneException {@code from} is older than {@link #oldest}
     */
    public Cursor read(Seq from) throws RecordsGoneException {
        lock.lock();
        try {
            if (live.getFirst().first.isAfter(from)) {
                throw new RecordsGoneException(from, live.getFirst().first);
            }
            var start = live.getFirst();
            for (var segment : live) {
                if (!segment.first.isAfter(from)) {
                    start = segment;
                }
            }
            return new Cursor(start.seal, from);
        } finally {
            lock.unlock();
        }
    }

    /** Has two trees change places, durably. */
    @FunctionalInterface
    public interface Exchange {
        void run() throws IOException;
    }

    /**
     * Notes durably which tree is about to take the place of this copy's, has them exchanged, and
     * begins the history of the new one: no earlier record belongs to it. A crash in between is
     * finished by {@link #finishSwitch}.
     *
     * @throws IOException nobody knows which of the two the tree is: the journal has failed (R32),
     *     and only the next {@link #open} and {@link #finishSwitch} find out
     */
    public void switchTo(PendingSwitch to, Exchange exchange) throws IOException {
        update(editor -> editor.pendingSwitch(Optional.of(to)));
        try {
            exchange.run();
        } catch (IOException e) {
            throw fail(e);
        }
        restart(to);
    }

    /** The journal follows the tree that has taken the place of this copy's. */
    void restart(PendingSwitch to) throws IOException {
        lock.lock();
        try {
            throwIfFailed();
            var use = live.getLast().use() + 1;
            // First it is noted where the history begins: a segment that the superblock knows
            // nothing of would look like the end of the old one, and may lie where its oldest was.
            update(editor ->
                    editor.lineage(to.lineage().upTo(to.last()))
                            .promisedEpoch(
                                    Math.max(superblock.promisedEpoch(), to.lineage().headEpoch()))
                            .acknowledgedAlone(Optional.empty())
                            .foundDifferent(
                                    to.way() == PendingSwitch.Way.EXCHANGE
                                            ? Optional.empty()
                                            : superblock.foundDifferent())
                            .checkpoint(to.last())
                            .durable(to.last())
                            .committed(
                                    superblock.committed().isAfter(to.last())
                                            ? to.last()
                                            : superblock.committed())
                            .historyUse(use)
                            .pendingSwitch(Optional.of(to)));
            requests.clear();
            beginHistory(to.last(), to.root());
            update(editor -> editor.pendingSwitch(Optional.empty()));
        } catch (IOException e) {
            throw fail(e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * After a crash: if the trees have changed places, the journal follows; if not, the old copy
     * goes on.
     *
     * @param treeInode of the directory that is the tree now
     * @return whether a switch was finished
     */
    public boolean finishSwitch(long treeInode) throws IOException {
        var pending = superblock.pendingSwitch();
        if (pending.isEmpty()) {
            return false;
        }
        boolean exchanged = pending.get().directoryInode() == treeInode;
        if (exchanged) {
            restart(pending.get());
        } else {
            update(editor -> editor.pendingSwitch(Optional.empty()));
        }
        return exchanged;
    }

    /** Makes the first segment of the superblock's history, durably. */
    private void beginHistory(Seq before, Root rootBefore) throws IOException {
        var use = superblock.historyUse();
        var seal = new Segment.Seal(use, superblock.change());
        writeHeader(seal, before.next(), rootBefore, before, 0);
        file(use).sync();
        live.clear();
        live.add(new Live(seal, before.next(), rootBefore));
        position = Segment.HEADER_BYTES;
        last = before;
        root = rootBefore;
        durable = before;
        epoch = 0;
        firstDirtyUse = use;
    }

    /** Syncs of the journal since it was opened. */
    public long syncs() {
        lock.lock();
        try {
            return syncs;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of records appended since it was opened. */
    public long bytesAppended() {
        lock.lock();
        try {
            return bytesAppended;
        } finally {
            lock.unlock();
        }
    }

    /** Closes the files; syncs nothing. */
    @Override
    public void close() throws IOException {
        superblockLock.lock();
        try {
            // Whoever still has a thread here gets an error that says so.
            failure.compareAndSet(Optional.empty(), Optional.of(new IOException("closed")));
        } finally {
            superblockLock.unlock();
        }
        superblockFile.close();
        for (var file : files) {
            file.close();
        }
    }

    private IOException fail(IOException cause) {
        if (failure.getAndUpdate(first -> first.isPresent() ? first : Optional.of(cause))
                .isEmpty()) {
            log.error(
                    "{}: the disk failed and is not used any more (R32): {}",
                    directory.path(),
                    cause.getMessage());
        }
        return cause;
    }

    private void throwIfFailed() throws IOException {
        var first = failure.get();
        if (first.isPresent()) {
            throw new IOException(
                    "R32: the journal failed before: " + first.get().getMessage(), first.get());
        }
    }

    private JournalFile file(long use) {
        return files.get((int) (use % files.size()));
    }

    private void remember(RequestId request, Seq seq) {
        if (request.equals(RequestId.NONE)) {
            return;
        }
        requests.put(request, seq);
        if (requests.size() > REQUESTS_MAX) {
            var eldest = requests.entrySet().iterator();
            eldest.next();
            eldest.remove();
        }
    }

    private void beginSegment() throws IOException {
        var use = live.getLast().use() + 1;
        if (live.size() == files.size()) {
            var oldest = live.removeFirst();
            if (live.getFirst().first.isAfter(superblock.checkpoint().next())) {
                live.addFirst(oldest);
                throw new JournalFullException(
                        "the tree has everything up to "
                                + superblock.checkpoint()
                                + ", the oldest segment begins at "
                                + oldest.first);
            }
        }
        var seal = new Segment.Seal(use, superblock.change());
        writeHeader(seal, last.next(), root, durable, epoch);
        live.addLast(new Live(seal, last.next(), root));
        position = Segment.HEADER_BYTES;
    }

    private void writeHeader(
            Segment.Seal seal, Seq first, Root rootBefore, Seq known, long epochBefore)
            throws IOException {
        file(seal.use())
                .write(
                        Segment.encode(
                                directory.buffer(Segment.HEADER_BYTES),
                                new Segment.Header(
                                        seal,
                                        first,
                                        rootBefore,
                                        known,
                                        superblock.device(),
                                        epochBefore)),
                        0);
    }

    // ---- recovery ----

    private void recover() throws IOException {
        var headers = readHeaders();
        if (headers.isEmpty()) {
            recoverBegin();
            return;
        }
        var start = firstToScan(headers);
        new Recovery(headers, start).run();
    }

    /** There is no segment: nothing was ever written, or a restart did not get to its first. */
    private void recoverBegin() throws IOException {
        var to = superblock.pendingSwitch();
        boolean restarted =
                to.isPresent()
                        && to.get().last().equals(superblock.durable())
                        && endsHistoryBefore(superblock.historyUse());
        if (restarted) {
            beginHistory(to.get().last(), to.get().root());
        } else if (superblock.durable().isAfter(Seq.NONE)) {
            throw new CorruptJournalException(
                    files.getFirst().path(),
                    0,
                    "a segment with operation " + superblock.durable(),
                    "no segment with a valid header");
        } else {
            beginHistory(Seq.NONE, Root.EMPTY);
        }
    }

    /** Whether the segment in front of {@code use} is there: it is of the history that was left. */
    private boolean endsHistoryBefore(long use) throws IOException {
        if (use == 0) {
            return false;
        }
        var block = directory.buffer(Segment.HEADER_BYTES);
        file(use - 1).read(block, 0);
        return Segment.decodeHeader(block.clear())
                .filter(header -> header.use() == use - 1)
                .filter(header -> header.device().equals(superblock.device()))
                .isPresent();
    }

    private List<Segment.Header> readHeaders() throws IOException {
        var headers = new ArrayList<Segment.Header>();
        var block = directory.buffer(Segment.HEADER_BYTES);
        for (int index = 0; index < files.size(); index++) {
            files.get(index).read(block.clear(), 0);
            var header = Segment.decodeHeader(block.clear());
            if (header.isPresent()
                    && header.get().device().equals(superblock.device())
                    && header.get().use() % files.size() == index
                    && header.get().use() >= superblock.historyUse()) {
                headers.add(header.get());
            }
        }
        headers.sort((a, b) -> Long.compare(a.use(), b.use()));
        return headers;
    }

    /** Index of the segment in which the first operation behind the checkpoint is, or would be. */
    private int firstToScan(List<Segment.Header> headers) throws CorruptJournalException {
        int start = -1;
        for (int i = 0; i < headers.size(); i++) {
            if (!headers.get(i).first().isAfter(superblock.checkpoint().next())) {
                start = i;
            }
        }
        if (start < 0) {
            var oldest = headers.getFirst();
            throw new CorruptJournalException(
                    file(oldest.use() - 1).path(),
                    0,
                    "the segment with operation " + superblock.checkpoint().next(),
                    "the oldest segment with a valid header begins at " + oldest.first());
        }
        return start;
    }

    /**
     * What is left behind the end of the history.
     *
     * @param durable the highest operation of which anything there says that it had been durable
     * @param tail whether a whole record follows in the segment of the end: it was written after
     *     something that is lost
     */
    private record Remains(Seq durable, boolean tail) {}

    /**
     * A whole record that is not part of the history.
     *
     * @param durable what was durable when it was written
     */
    private record Remainder(Seq durable, int endBytes) {}

    /**
     * The first word from {@code from} on at which the header of a record of an operation {@code
     * seq} or later may begin; {@code to} if there is none. A cheap look: the checksum of every
     * position would take seconds, and clients wait for a daemon that is restarted. On plain words,
     * because a process that has just started interprets this.
     */
    private static int nextCandidate(long[] words, int from, int to, long seq) {
        for (int i = from; i < to; i++) {
            long found = words[i + Segment.SEQ_BYTES / Long.BYTES];
            if (found >= seq && words[i + Segment.DURABLE_BYTES / Long.BYTES] < found) {
                return i;
            }
        }
        return to;
    }

    /**
     * Walks the segments behind the checkpoint; knows where the history ends, and whether it may
     * end there.
     */
    private final class Recovery {
        private final List<Segment.Header> headers;
        private final int start;
        private final ByteBuffer content = directory.buffer(segmentBytes);
        private final long[] window = new long[Math.min(WINDOW_WORDS, segmentBytes / Long.BYTES)];
        private Seq expected;
        private Root chain;
        private long epochBefore;

        Recovery(List<Segment.Header> headers, int start) {
            this.headers = headers;
            this.start = start;
            var header = headers.get(start);
            expected = header.first();
            chain = header.rootBefore();
            epochBefore = header.epochBefore();
        }

        void run() throws IOException {
            firstReadUse = headers.get(start).use();
            int index = start;
            while (true) {
                var header = headers.get(index);
                var end = scan(header);
                boolean continued =
                        index + 1 < headers.size()
                                && headers.get(index + 1).use() == header.use() + 1
                                && headers.get(index + 1).first().equals(expected)
                                && headers.get(index + 1).rootBefore().equals(chain);
                if (!continued) {
                    var remains = lookBehind(index, end);
                    if (expected.isAfter(remains.durable)) {
                        adopt(index, end, remains.tail);
                        return;
                    }
                    throw new CorruptJournalException(
                            file(header.use()).path(),
                            end,
                            "operation " + expected + ", which had been durable",
                            describe(end));
                }
                index++;
            }
        }

        /**
         * Reads a segment's records as far as they are valid and continue the history; the offset
         * behind them.
         */
        private int scan(Segment.Header header) throws IOException {
            file(header.use()).read(content.clear(), 0);
            content.clear();
            int at = Segment.HEADER_BYTES;
            while (true) {
                var parsed = Segment.parse(content, at, header.seal());
                if (parsed.isEmpty()) {
                    return at;
                }
                var found = parsed.get().record();
                var operation = ByteBuffer.wrap(found.operation());
                if (!found.seq().equals(expected)
                        || found.epoch() < epochBefore
                        || !found.root()
                                .equals(hash.next(chain, expected, found.epoch(), operation))) {
                    return at;
                }
                remember(found.request(), found.seq());
                expected = expected.next();
                chain = found.root();
                epochBefore = found.epoch();
                at += parsed.get().bytes();
            }
        }

        /** Looks behind the end of the history, which is at {@code offset} of a segment. */
        private Remains lookBehind(int index, int offset) throws IOException {
            var highest = superblock.durable();
            boolean tail = false;
            for (int i = index; i < headers.size(); i++) {
                var header = headers.get(i);
                if (i > index) {
                    file(header.use()).read(content.clear(), 0);
                    highest = later(highest, header.durable());
                }
                int from = i == index ? offset : Segment.HEADER_BYTES;
                for (var found = nextRecord(from, header.seal());
                        found.isPresent();
                        found = nextRecord(found.get().endBytes, header.seal())) {
                    highest = later(highest, found.get().durable);
                    tail |= i == index;
                }
            }
            if (index + 1 < headers.size()) {
                // The look at later segments has replaced what describe() shows.
                file(headers.get(index).use()).read(content.clear(), 0);
            }
            content.clear();
            return new Remains(highest, tail);
        }

        /** The next whole record of an operation that is not in the history. */
        private Optional<Remainder> nextRecord(int from, Segment.Seal seal) {
            content.clear();
            int at = from;
            while (at + Segment.RECORD_HEADER_BYTES <= segmentBytes) {
                int words = Math.min(window.length, (segmentBytes - at) / Long.BYTES);
                content.position(at).asLongBuffer().get(window, 0, words);
                content.clear();
                int heads = words - Segment.RECORD_HEADER_BYTES / Long.BYTES + 1;
                for (int head = nextCandidate(window, 0, heads, expected.value());
                        head < heads;
                        head = nextCandidate(window, head + 1, heads, expected.value())) {
                    int offset = at + head * Long.BYTES;
                    var parsed = Segment.parse(content, offset, seal);
                    if (parsed.isPresent()) {
                        return Optional.of(
                                new Remainder(
                                        parsed.get().durable(), offset + parsed.get().bytes()));
                    }
                }
                at += heads * Long.BYTES;
            }
            return Optional.empty();
        }

        /**
         * Makes the valid part the journal, durably: what follows is a tail that nobody was
         * promised.
         */
        private void adopt(int index, int end, boolean tail) throws IOException {
            for (int i = 0; i <= index; i++) {
                var header = headers.get(i);
                // A gap in front of the scanned part only ends what can be replayed to a peer.
                if (!live.isEmpty() && live.getLast().use() != header.use() - 1) {
                    live.clear();
                }
                live.add(new Live(header.seal(), header.first(), header.rootBefore()));
            }
            // Later segments were begun, but what leads to them is lost: their numbers are used
            // again.
            for (int i = headers.size() - 1; i > index; i--) {
                var dropped = file(headers.get(i).use());
                log.warn("{}: cut, its operations were never synced", dropped.path());
                dropped.write(directory.buffer(Segment.HEADER_BYTES), 0);
                dropped.sync();
            }
            // A new incarnation: the records of a segment whose header was lost are found by
            // nobody,
            // even if the same operations come again and lead to the very root that they follow.
            var unused = update(editor -> {});
            var use = headers.get(index).use();
            if (tail) {
                log.warn(
                        "{}: cut at offset {}: what followed operation {} was never synced",
                        file(use).path(),
                        end,
                        expected.value() - 1);
                content.put(end, new byte[segmentBytes - end]);
                file(use).write(content.duplicate().position(end).limit(segmentBytes), end);
            }
            // All that is left was perhaps only in the page cache of this machine.
            for (var segment : live) {
                file(segment.use()).sync();
            }
            position = end;
            last = new Seq(expected.value() - 1);
            root = chain;
            epoch = epochBefore;
            durable = last;
            firstDirtyUse = use;
        }

        private String describe(int at) {
            if (segmentBytes - at < Segment.RECORD_HEADER_BYTES) {
                return "the end of the segment";
            }
            return "crc %08x length %d seq %d epoch %d"
                    .formatted(
                            content.getInt(at),
                            content.getInt(at + 4),
                            content.getLong(at + 8),
                            content.getLong(at + 16));
        }
    }

    private static Seq later(Seq a, Seq b) {
        return a.isAfter(b) ? a : b;
    }

    private static String segmentName(int index) {
        return "segment-%02d".formatted(index);
    }

    private static void checkSizes(List<JournalFile> files, int segmentBytes)
            throws CorruptJournalException {
        for (var file : files) {
            if (file.sizeBytes() != segmentBytes) {
                throw new CorruptJournalException(
                        file.path(),
                        file.sizeBytes(),
                        "a file of "
                                + segmentBytes
                                + " bytes (journal.segment size must not change)",
                        "one of " + file.sizeBytes());
            }
        }
    }

    /** A segment that was begun: a superblock has been whole before. */
    private static Optional<JournalFile> firstInUse(
            JournalDirectory directory, List<JournalFile> files) throws IOException {
        var block = directory.buffer(Segment.HEADER_BYTES);
        for (var file : files) {
            file.read(block.clear(), 0);
            if (Segment.decodeHeader(block.clear()).isPresent()) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    private static List<Superblock> validSlots(JournalDirectory directory, JournalFile file)
            throws IOException {
        var slot = directory.buffer(Superblock.SLOT_BYTES);
        var valid = new ArrayList<Superblock>();
        for (int at = 0; at < Superblock.FILE_BYTES; at += Superblock.SLOT_BYTES) {
            file.read(slot.clear(), at);
            var other = Superblock.otherFormat(slot.clear());
            if (other.isPresent()) {
                // Neither lost nor damaged: what would be made of it here would destroy it.
                throw new IOException(
                        "%s has format %s, this build reads %s: another build of Leasehold wrote it; start that one, or a newer one. Nothing was changed"
                                .formatted(file.path(), other.get(), Superblock.FORMATS));
            }
            Superblock.decode(slot.clear()).ifPresent(valid::add);
        }
        return valid;
    }

    private static Superblock readSuperblock(JournalDirectory directory, JournalFile file)
            throws IOException {
        var valid = validSlots(directory, file);
        if (valid.isEmpty()) {
            throw new CorruptJournalException(
                    file.path(), 0, "one valid slot of two", "none: wrong magic or checksum");
        }
        var newest = valid.stream().max(Comparator.comparingLong(Superblock::change)).orElseThrow();
        if (valid.size() < 2 || valid.getFirst().change() != valid.getLast().change()) {
            log.warn("{}: one slot was torn or damaged, the other one is whole", file.path());
            writeSlots(directory, file, newest);
        }
        return newest;
    }

    /** One after the other: a torn write leaves the other slot whole. */
    private static void writeSlots(
            JournalDirectory directory, JournalFile file, Superblock superblock)
            throws IOException {
        var slot = superblock.encode(directory.buffer(Superblock.SLOT_BYTES));
        for (int at = 0; at < Superblock.FILE_BYTES; at += Superblock.SLOT_BYTES) {
            file.write(slot.clear(), at);
            file.sync();
        }
    }

    /** Reads records in order. If the ring overtakes it, it says so. For one thread. */
    public final class Cursor implements AutoCloseable {
        private static final int WINDOW_BYTES = 256 << 10;
        private final Seq from;
        private ByteBuffer window = directory.buffer(Math.min(segmentBytes, WINDOW_BYTES)).limit(0);
        private Segment.Seal seal;
        private long use;
        private int windowAt;
        private int at = Segment.HEADER_BYTES;
        private Seq expected = Seq.NONE;

        private Cursor(Segment.Seal seal, Seq from) {
            this.seal = seal;
            this.use = seal.use();
            this.from = from;
        }

        /**
         * The next record, or empty at the journal's end: ask again when more was appended.
         *
         * @throws RecordsGoneException the segment was used again meanwhile
         */
        public Optional<JournalRecord> next() throws IOException, RecordsGoneException {
            while (true) {
                int end;
                boolean more;
                lock.lock();
                try {
                    throwIfFailed();
                    var oldest = live.getFirst();
                    if (oldest.use() > use) {
                        throw new RecordsGoneException(wanted(), oldest.first);
                    }
                    if (expected.equals(Seq.NONE)) {
                        expected = firstOf(use);
                    }
                    more = live.getLast().use() > use;
                    if (!more && expected.isAfter(last)) {
                        return Optional.empty();
                    }
                    end = more ? segmentBytes : position;
                    if (more && expected.equals(firstOf(use + 1))) {
                        use++;
                        seal = live(use).seal;
                        at = Segment.HEADER_BYTES;
                        windowAt = 0;
                        window.limit(0);
                        continue;
                    }
                } finally {
                    lock.unlock();
                }
                var found = parse(end);
                at += found.bytes();
                expected = expected.next();
                if (!from.isAfter(found.record().seq())) {
                    return Optional.of(found.record());
                }
            }
        }

        private Segment.Parsed parse(int end) throws IOException, RecordsGoneException {
            // Once from what is in the window, once with the record at the window's start, once
            // with all of it.
            for (int bytes : new int[] {0, WINDOW_BYTES, Segment.recordBytesMax()}) {
                if (bytes > 0) {
                    fill(bytes, end);
                }
                var parsed =
                        at >= windowAt
                                ? Segment.parse(window, at - windowAt, seal)
                                : Optional.<Segment.Parsed>empty();
                if (parsed.isPresent() && parsed.get().record().seq().equals(expected)) {
                    return parsed.get();
                }
            }
            lock.lock();
            try {
                if (use < firstReadUse && live.getFirst().use() <= use) {
                    log.warn(
                            "{}: offset {}: operation {} was overwritten by what a loss of power took back, or is damaged; the tree has it. Only what follows this segment can be replayed to the peer",
                            file(use).path(),
                            at,
                            expected);
                    live.removeIf(segment -> segment.use() <= use);
                }
                if (live.getFirst().use() > use) {
                    throw new RecordsGoneException(expected, live.getFirst().first);
                }
            } finally {
                lock.unlock();
            }
            throw new CorruptJournalException(
                    file(use).path(), at, "operation " + expected, "no valid record");
        }

        private void fill(int bytes, int end) throws IOException {
            int wanted = Math.min(bytes, end - at);
            if (window.capacity() < wanted) {
                window = directory.buffer(Math.min(segmentBytes, bytes));
            }
            window.clear().limit(wanted);
            file(use).read(window, at);
            window.flip();
            windowAt = at;
        }

        private Seq wanted() {
            return expected.isAfter(from) ? expected : from;
        }

        private Seq firstOf(long wantedUse) {
            return live(wantedUse).first;
        }

        private Live live(long wantedUse) {
            for (var segment : live) {
                if (segment.use() == wantedUse) {
                    return segment;
                }
            }
            throw new IllegalStateException("segment " + wantedUse + " is not live");
        }

        /** Nothing to release yet; a cursor is used like every reader. */
        @Override
        public void close() {
            window = ByteBuffer.allocate(0);
        }
    }
}
