package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.SpaceStatus;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One replica of a file volume: a directory of plain files and the operations that change it.
 *
 * <pre>
 *   DIR/live/tree      the files (DIR/tree is a link to it)
 *   DIR/live/…         see {@link Backing}
 *   DIR/shadow/…       the same, while a resync copies into it
 *   DIR/patch/…        what a resync is about to change in live (ADR 17)
 *   DIR/branches/NAME  what a resync replaced and somebody may want to read
 *   DIR/discarded/…    what a resync replaced and nobody needs, on its way out
 * </pre>
 *
 * <p>On a secondary, and wherever operations come from a peer, {@link #apply} carries them out in
 * order. On the primary a {@link FileSystem} stands before the volume and makes the operations.
 *
 * <p>All methods may be called by any thread that is never interrupted. An {@link IOException} from
 * a method that changes something means that this replica is in an unknown state: it is {@linkplain
 * #isUsable not used} further, and {@link #open} and the journal bring it back, if the disk can
 * (R32).
 */
public final class Volume implements AutoCloseable {

    private static final String LIVE = "live";
    private static final String SHADOW = "shadow";
    private static final String BRANCHES = "branches";
    private static final String DISCARDED = "discarded";
    private static final int COPY_BYTES = 1 << 20;
    private static final long STANDSTILL_TRY_MILLIS = 10;

    /** An operation that is in the tree and not yet in the backing directory. */
    private record Pending(Seq seq, Operation operation) {}

    private final Path directory;

    /** Guards the backing directory. Taken before {@link #lock}. */
    private final ReentrantLock backingLock = new ReentrantLock();

    /**
     * Guards the tree and what is pending. Held for microseconds; no I/O under it, except the
     * journal's append, while the volume {@linkplain #standingStill stands still}, and while
     * another tree takes this one's place.
     */
    private final ReentrantLock lock = new ReentrantLock();

    private final ReentrantLock checkpointLock = new ReentrantLock();
    private Backing backing;
    private Seq applied;
    private FileTree tree;
    private Seq last;
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    private final AtomicLong pendingBytes = new AtomicLong();

    /** Guarded by {@link #backingLock}. A descriptor's number is used again by somebody else. */
    private boolean closed;

    /**
     * Why nobody knows what the backing directory has; guarded by {@link #backingLock}. Whatever
     * were carried out behind it would hide from a redo what is missing.
     */
    private Optional<String> failure = Optional.empty();

    private Volume(Path directory, Backing backing, FileTree tree, Seq applied) {
        this.directory = directory;
        this.backing = backing;
        this.tree = tree;
        this.applied = applied;
        this.last = applied;
    }

    /**
     * Opens the replica in {@code directory} (a new, empty one if there is none) and brings it to
     * the state after {@code history}.
     *
     * @param checkpoint what {@link #checkpoint} returned last, {@link Seq#NONE} for a new replica
     * @param history all operations that the journal has behind the checkpoint. They are durable:
     *     after kill -9 the journal must be synced first
     * @throws DamagedVolumeException if no crash can have led to what is there
     */
    public static Volume open(Path directory, Seq checkpoint, History history) throws IOException {
        Files.createDirectories(directory);
        // Perhaps no resync comes for years, and it is as large as a volume.
        Directories.deleteRecursively(directory.resolve(DISCARDED));
        var tree = directory.resolve("tree");
        if (!Files.isSymbolicLink(tree)) {
            Files.createSymbolicLink(tree, Path.of(LIVE, "tree"));
        }
        var backing = Backing.open(directory.resolve(LIVE));
        try {
            var applied = Redo.run(backing, checkpoint, history);
            return new Volume(directory, backing, treeOf(backing), applied);
        } catch (IOException e) {
            backing.close();
            throw e;
        }
    }

    private static FileTree treeOf(Backing backing) throws IOException {
        var files = new ArrayList<FileImage>();
        for (var id : backing.nodes().keySet()) {
            files.add(backing.image(id));
        }
        return FileTree.of(files, backing.nextId());
    }

    /** Carries out the next operation, which must be durable in the journal. */
    public void apply(Seq seq, Operation operation) throws IOException {
        lockBacking();
        try {
            lock.lock();
            try {
                if (!seq.equals(last.next())) {
                    throw new IllegalStateException(
                            "operation " + seq + " is applied behind " + last);
                }
                tree.apply(operation);
                last = seq;
            } finally {
                lock.unlock();
            }
            carryOut(seq, operation);
        } finally {
            backingLock.unlock();
        }
    }

    /** In the backing directory, under its lock. */
    private void carryOut(Seq seq, Operation operation) throws IOException {
        try {
            backing.apply(operation);
        } catch (IOException e) {
            failure = Optional.of("operation " + seq + ": " + e.getMessage());
            throw e;
        }
        applied = seq;
    }

    /**
     * Whether this replica can be used: false once a change has failed, and when it is closed. Then
     * {@link #open} and the journal make a new one, if the disk can.
     */
    public boolean isUsable() {
        backingLock.lock();
        try {
            return !closed && failure.isEmpty();
        } finally {
            backingLock.unlock();
        }
    }

    /**
     * The last operation that this replica knows, whether the backing directory has it already or
     * not.
     */
    public Seq last() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    /** The last operation that the backing directory has. */
    public Seq applied() {
        backingLock.lock();
        try {
            return applied;
        } finally {
            backingLock.unlock();
        }
    }

    /**
     * Makes the backing directory durable as it is now.
     *
     * @return the last operation whose effects are durable: redo need not go further back
     * @throws IOException if the disk could not: it is gone (R32)
     */
    public Seq checkpoint() throws IOException {
        checkpointLock.lock();
        try {
            Backing ofNow;
            Backing.Unsynced what;
            Seq reached;
            lockBacking();
            try {
                ofNow = backing;
                reached = applied;
                what = ofNow.beginSync();
            } finally {
                backingLock.unlock();
            }
            ofNow.sync(what);
            backingLock.lock();
            try {
                ofNow.endSync(what);
            } finally {
                backingLock.unlock();
            }
            return reached;
        } finally {
            checkpointLock.unlock();
        }
    }

    // ---- The primary's side: operations that the backing directory gets later ----

    ReentrantLock lock() {
        return lock;
    }

    /** Under {@link #lock}. */
    FileTree tree() {
        return tree;
    }

    /** Takes an operation that the log has just given its place. Under {@link #lock}. */
    void append(Seq seq, Operation operation) {
        if (!seq.equals(last.next())) {
            throw new IllegalStateException("operation " + seq + " is appended behind " + last);
        }
        countPending(operation, 1);
        tree.apply(operation);
        countPendingOfNew(operation);
        last = seq;
        pending.add(new Pending(seq, operation));
        pendingBytes.addAndGet(OperationCodec.encodedBytes(operation));
    }

    /** How much memory operations take that wait for the journal's disk. */
    long pendingBytes() {
        return pendingBytes.get();
    }

    /** Carries out in the backing directory what is durable in the journal. */
    void applyPending(Seq durable) throws IOException {
        if (pendingBytes.get() == 0) {
            return;
        }
        backingLock.lock();
        try {
            if (closed) {
                // A successor has the directory, and redoes from the journal.
                return;
            }
            throwIfUnusable();
            for (var next = firstPending(durable); next.isPresent(); next = firstPending(durable)) {
                carryOut(next.get().seq(), next.get().operation());
                lock.lock();
                try {
                    pending.remove();
                    pendingBytes.addAndGet(-OperationCodec.encodedBytes(next.get().operation()));
                    countPending(next.get().operation(), -1);
                } finally {
                    lock.unlock();
                }
            }
        } finally {
            backingLock.unlock();
        }
    }

    /**
     * Sets on the backing files the times that were put off, so that an administrator who looks
     * there sees the same on both nodes. Makes nothing durable. Does nothing if this replica is not
     * {@linkplain #isUsable usable}.
     */
    public void settleTimes() throws IOException {
        backingLock.lock();
        try {
            if (!closed && failure.isEmpty()) {
                backing.flushTimes();
            }
        } catch (IOException e) {
            failure = Optional.of("the times of a file cannot be set: " + e.getMessage());
            throw new IOException(failure.get(), e);
        } finally {
            backingLock.unlock();
        }
    }

    private Optional<Pending> firstPending(Seq durable) {
        lock.lock();
        try {
            var first = pending.peek();
            return first == null || first.seq().isAfter(durable)
                    ? Optional.empty()
                    : Optional.of(first);
        } finally {
            lock.unlock();
        }
    }

    private void countPending(Operation operation, int change) {
        subject(operation)
                .flatMap(tree::find)
                .ifPresent(inode -> {
                    inode.pendingOperations += change;
                    inode.pendingContentBytes += change * contentBytes(operation);
                    if (change > 0) {
                        inode.contentBytesSinceSeen += contentBytes(operation);
                    }
                });
    }

    /** A new file was not there yet when its creation was counted. */
    private void countPendingOfNew(Operation operation) {
        if (operation instanceof Operation.Create create) {
            var inode = tree.get(create.id());
            inode.pendingOperations = 1;
            inode.seenBlocks = OptionalLong.of(0);
        }
    }

    /** What the disk may have to allocate for an operation. */
    private static long contentBytes(Operation operation) {
        return switch (operation) {
            case Operation.Write o -> o.data().lengthBytes();
            case Operation.Fallocate o ->
                    o.mode() == Operation.AllocationMode.PUNCH_HOLE ? 0 : o.lengthBytes();
            case Operation.Create _,
                    Operation.SetAttributes _,
                    Operation.MakeDirectory _,
                    Operation.SymbolicLink _,
                    Operation.MakeNode _,
                    Operation.Link _,
                    Operation.Unlink _,
                    Operation.RemoveDirectory _,
                    Operation.Rename _,
                    Operation.Exchange _,
                    Operation.SetXattr _,
                    Operation.RemoveXattr _,
                    Operation.Reap _,
                    Operation.Barrier _ ->
                    0;
        };
    }

    /**
     * The file whose content the backing directory does not have before this operation is carried
     * out there.
     */
    private static Optional<FileId> subject(Operation operation) {
        return switch (operation) {
            case Operation.Create o -> Optional.of(o.id());
            case Operation.Write o -> Optional.of(o.id());
            case Operation.SetAttributes o ->
                    o.sizeBytes().isPresent() ? Optional.of(o.id()) : Optional.empty();
            case Operation.Fallocate o -> Optional.of(o.id());
            case Operation.MakeDirectory _,
                    Operation.SymbolicLink _,
                    Operation.MakeNode _,
                    Operation.Link _,
                    Operation.Unlink _,
                    Operation.RemoveDirectory _,
                    Operation.Rename _,
                    Operation.Exchange _,
                    Operation.SetXattr _,
                    Operation.RemoveXattr _,
                    Operation.Reap _,
                    Operation.Barrier _ ->
                    Optional.empty();
        };
    }

    /** An open backing file: content may be read without a lock until {@link #unpin}. */
    Backing.OpenFile pin(FileId id) throws IOException {
        lockBacking();
        try {
            return backing.pin(id);
        } finally {
            backingLock.unlock();
        }
    }

    void unpin(Backing.OpenFile file) {
        backingLock.lock();
        try {
            backing.unpin(file);
        } finally {
            backingLock.unlock();
        }
    }

    /**
     * Units of 512 bytes that a file occupies on the disk, 0 if it is not there yet; empty if that
     * cannot be told at the moment.
     */
    OptionalLong blocks(FileId id) throws IOException {
        // No stat(2) should wait for a digest of everything.
        if (!backingLock.tryLock()) {
            return OptionalLong.empty();
        }
        try {
            if (closed) {
                return OptionalLong.empty();
            }
            return OptionalLong.of(backing.has(id) ? backing.blocks(id) : 0);
        } finally {
            backingLock.unlock();
        }
    }

    SpaceStatus space() throws IOException {
        lockBacking();
        try {
            return backing.space();
        } finally {
            backingLock.unlock();
        }
    }

    // ---- Comparing and copying ----

    /** All files with their names and attributes, as the backing directory has them now. */
    public Manifest manifest() throws IOException {
        lockBacking();
        try {
            return manifestOf(backing, applied);
        } finally {
            backingLock.unlock();
        }
    }

    /** The same of some files only; those that are not there are left out. */
    public Manifest manifest(SortedSet<FileId> ids) throws IOException {
        lockBacking();
        try {
            var files = new ArrayList<FileImage>();
            for (var id : ids) {
                if (backing.has(id)) {
                    files.add(backing.image(id));
                    backing.trim();
                }
            }
            return new Manifest(applied, backing.nextId(), files);
        } finally {
            backingLock.unlock();
        }
    }

    /** Whether there is a file of that id, with a name or without. */
    public boolean has(FileId id) throws IOException {
        lockBacking();
        try {
            return backing.has(id);
        } finally {
            backingLock.unlock();
        }
    }

    private static Manifest manifestOf(Backing backing, Seq applied) throws IOException {
        var files = new ArrayList<FileImage>();
        for (var id : backing.nodes().keySet().stream().sorted().toList()) {
            files.add(backing.image(id));
        }
        return new Manifest(applied, backing.nextId(), files);
    }

    /**
     * Reads content, as the backing directory has it at some moment during the call.
     *
     * @return the number of bytes, less than asked for only at the end of the file; empty if the
     *     file is gone
     */
    public Optional<Long> readContent(FileId id, MemorySegment memory, long offsetBytes)
            throws IOException {
        Backing.OpenFile file;
        lockBacking();
        try {
            if (!backing.has(id)) {
                return Optional.empty();
            }
            file = backing.pin(id);
        } finally {
            backingLock.unlock();
        }
        try {
            return Optional.of(Backing.read(file, memory, memory.byteSize(), offsetBytes));
        } finally {
            unpin(file);
        }
    }

    /**
     * The digest of the whole volume; operations wait meanwhile, so that it belongs to one place in
     * the order.
     */
    public TreeDigest digest() throws IOException {
        lockBacking();
        try {
            backing.flushTimes();
            return TreeDigest.of(
                    manifestOf(backing, applied),
                    (id, memory, offset) -> {
                        var file = backing.pin(id);
                        try {
                            return Backing.read(file, memory, memory.byteSize(), offset);
                        } finally {
                            backing.unpin(file);
                            backing.trim();
                        }
                    });
        } finally {
            backingLock.unlock();
        }
    }

    /** Is run while nothing else changes anything. */
    @FunctionalInterface
    public interface Standstill<T> {
        T run() throws IOException;
    }

    /**
     * Runs something while no operation can get a place, and none is on its way from the log to the
     * tree or to the backing directory, but by this thread. Writers wait meanwhile: for
     * milliseconds.
     *
     * @throws IOException this volume is closed, perhaps since it was asked for this, or not
     *     usable; or as {@code action} throws
     * @throws InterruptedException this thread was interrupted while it waited for a writer
     */
    public <T> T standingStill(Standstill<T> action) throws IOException, InterruptedException {
        while (true) {
            lockBacking();
            try {
                // In their order, and not for long: a writer that waits for its role holds the
                // second one, and a demotion closes this volume under the first.
                if (lock.tryLock(STANDSTILL_TRY_MILLIS, TimeUnit.MILLISECONDS)) {
                    try {
                        return action.run();
                    } finally {
                        lock.unlock();
                    }
                }
            } finally {
                backingLock.unlock();
            }
        }
    }

    /** An empty shadow to copy a source's files into; one that was left behind is removed. */
    public Shadow beginShadow() throws IOException {
        var path = directory.resolve(SHADOW);
        Directories.deleteRecursively(path);
        return new Shadow(Backing.open(path));
    }

    /**
     * Makes the shadow the live replica, at one instant, and durable.
     *
     * @param keepAs under {@code DIR/branches} what was live until now is kept under this name;
     *     empty: removed
     */
    public void exchangeWith(Shadow shadow, Optional<String> keepAs) throws IOException {
        checkpointLock.lock();
        backingLock.lock();
        lock.lock();
        try {
            throwIfUnusable();
            if (!pending.isEmpty()) {
                throw new IllegalStateException("the shadow cannot replace a primary's volume");
            }
            var fresh = shadow.backing();
            // Durable before it is visible, and visible before anybody is told.
            var everything = fresh.beginSync().withEverything();
            fresh.sync(everything);
            fresh.endSync(everything);
            Directories.exchange(directory, LIVE, SHADOW);
            backing.close();
            backing = fresh;
            tree = treeOf(fresh);
            applied = shadow.applied();
            last = applied;
        } finally {
            lock.unlock();
            backingLock.unlock();
            checkpointLock.unlock();
        }
        if (keepAs.isPresent()) {
            keepReplaced(directory, keepAs.get());
        } else {
            // Half of a tree must not be taken for one that is to be kept.
            Directories.move(directory, SHADOW, directory, DISCARDED);
            Directories.deleteRecursively(directory.resolve(DISCARDED));
        }
    }

    /**
     * Makes the patch's files those of the source, and carries out what happened since; durable on
     * return. If it ends early, this replica is neither what it was nor what it is to be: {@link
     * #finishPatch} goes on with it.
     *
     * @param base the place up to which this replica and the source are the same, but for the
     *     patch's files
     * @param since all operations behind {@code base} whose effects may be in the patch, or more
     */
    public void patch(Patch patch, Seq base, History since) throws IOException {
        checkpointLock.lock();
        backingLock.lock();
        lock.lock();
        try {
            throwIfUnusable();
            if (!pending.isEmpty()) {
                throw new IllegalStateException("a patch cannot change a primary's volume");
            }
            failure = Optional.of("a resync was being carried out");
            applied = carryOut(backing, patch, base, since);
            tree = treeOf(backing);
            last = applied;
            failure = Optional.empty();
        } finally {
            lock.unlock();
            backingLock.unlock();
            checkpointLock.unlock();
        }
    }

    /** {@link #patch} of a replica that is not open, from wherever a crash has left it. */
    public static void finishPatch(Path directory, Patch patch, Seq base, History since)
            throws IOException {
        try (var backing = Backing.open(directory.resolve(LIVE))) {
            var unused = carryOut(backing, patch, base, since);
        }
    }

    private static Seq carryOut(Backing backing, Patch patch, Seq base, History since)
            throws IOException {
        var reached = Redo.run(backing, patch, base, since);
        var everything = backing.beginSync().withEverything();
        backing.sync(everything);
        backing.endSync(everything);
        return reached;
    }

    /**
     * Copies files with their names, and the directories that lead to them, durably.
     *
     * @param ids those that are not there are left out
     * @param to is made, in the form of a kept tree
     */
    public void copyTo(Path to, Set<FileId> ids) throws IOException {
        lockBacking();
        try (var copy = new Shadow(Backing.open(to));
                var arena = Arena.ofConfined()) {
            var chunk = arena.allocate(COPY_BYTES);
            for (var id : backing.withDirectories(ids)) {
                var image = backing.image(id);
                copy.install(image);
                var file =
                        image.kind() == FileKind.FILE && ids.contains(id)
                                ? Optional.of(backing.pin(id))
                                : Optional.<Backing.OpenFile>empty();
                if (file.isPresent()) {
                    copyContent(file.get(), image.sizeBytes(), chunk, copy);
                    backing.unpin(file.get());
                }
                backing.trim();
            }
            copy.finish(applied, backing.nextId(), History.NONE);
            var everything = copy.backing().beginSync().withEverything();
            copy.backing().sync(everything);
            copy.backing().endSync(everything);
        } finally {
            backingLock.unlock();
        }
    }

    private static void copyContent(
            Backing.OpenFile file, long sizeBytes, MemorySegment chunk, Shadow copy)
            throws IOException {
        for (long offset = 0; offset < sizeBytes; offset += COPY_BYTES) {
            long count =
                    Backing.read(file, chunk, Math.min(COPY_BYTES, sizeBytes - offset), offset);
            if (count > 0) {
                copy.write(file.id, offset, Bytes.copyOf(chunk, 0, (int) count));
            }
        }
    }

    /**
     * Keeps the tree that an exchange has replaced, durably.
     *
     * @param directory of the volume
     * @param name for it, under {@code branches}
     * @return false if it is kept, or removed, already
     */
    public static boolean keepReplaced(Path directory, String name) throws IOException {
        if (!Files.exists(directory.resolve(SHADOW), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        var branches = directory.resolve(BRANCHES);
        Files.createDirectories(branches);
        Directories.move(directory, SHADOW, branches, name);
        return true;
    }

    private void lockBacking() throws IOException {
        backingLock.lock();
        try {
            throwIfUnusable();
        } catch (IOException e) {
            backingLock.unlock();
            throw e;
        }
    }

    /** Under {@link #backingLock}. */
    private void throwIfUnusable() throws IOException {
        if (closed) {
            throw new IOException("the volume in " + directory + " is closed");
        }
        if (failure.isPresent()) {
            throw new IOException(
                    "the volume in "
                            + directory
                            + " is not used until it was brought to what the journal has: "
                            + failure.get());
        }
    }

    /**
     * Gives the directory back. Whoever still reads content is waited for by nobody, but keeps his
     * descriptor; everything else that comes later fails or does nothing.
     */
    @Override
    public void close() {
        checkpointLock.lock();
        backingLock.lock();
        try {
            if (!closed) {
                closed = true;
                backing.close();
            }
        } finally {
            backingLock.unlock();
            checkpointLock.unlock();
        }
    }
}
