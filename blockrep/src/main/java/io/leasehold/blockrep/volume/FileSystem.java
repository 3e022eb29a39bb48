package io.leasehold.blockrep.volume;

import static io.leasehold.blockrep.volume.Refusal.EXISTS;
import static io.leasehold.blockrep.volume.Refusal.FILE_TOO_LARGE;
import static io.leasehold.blockrep.volume.Refusal.GONE;
import static io.leasehold.blockrep.volume.Refusal.INVALID;
import static io.leasehold.blockrep.volume.Refusal.IS_A_DIRECTORY;
import static io.leasehold.blockrep.volume.Refusal.NAME_TOO_LONG;
import static io.leasehold.blockrep.volume.Refusal.NOT_A_DIRECTORY;
import static io.leasehold.blockrep.volume.Refusal.NOT_EMPTY;
import static io.leasehold.blockrep.volume.Refusal.NOT_PERMITTED;
import static io.leasehold.blockrep.volume.Refusal.NOT_SUPPORTED;
import static io.leasehold.blockrep.volume.Refusal.NO_ATTRIBUTE;
import static io.leasehold.blockrep.volume.Refusal.NO_ENTRY;
import static io.leasehold.blockrep.volume.Refusal.NO_SPACE;
import static io.leasehold.blockrep.volume.Refusal.NO_SUCH_OFFSET;
import static io.leasehold.blockrep.volume.Refusal.TOO_MANY_LINKS;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.linux.LinuxException;
import io.leasehold.blockrep.linux.SpaceStatus;
import io.leasehold.blockrep.volume.AttributeChange.Time;
import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.Operation.AllocationMode;
import io.leasehold.blockrep.volume.Operation.Create;
import io.leasehold.blockrep.volume.Operation.Exchange;
import io.leasehold.blockrep.volume.Operation.Fallocate;
import io.leasehold.blockrep.volume.Operation.Link;
import io.leasehold.blockrep.volume.Operation.MakeDirectory;
import io.leasehold.blockrep.volume.Operation.MakeNode;
import io.leasehold.blockrep.volume.Operation.NodeKind;
import io.leasehold.blockrep.volume.Operation.Reap;
import io.leasehold.blockrep.volume.Operation.RemoveDirectory;
import io.leasehold.blockrep.volume.Operation.RemoveXattr;
import io.leasehold.blockrep.volume.Operation.Rename;
import io.leasehold.blockrep.volume.Operation.Replaced;
import io.leasehold.blockrep.volume.Operation.SetAttributes;
import io.leasehold.blockrep.volume.Operation.SetXattr;
import io.leasehold.blockrep.volume.Operation.SymbolicLink;
import io.leasehold.blockrep.volume.Operation.Unlink;
import io.leasehold.blockrep.volume.Operation.Write;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The primary's side of a volume: POSIX calls in, operations out.
 *
 * <p>A call is validated against the tree, becomes at most one operation with the request's id,
 * gets its place in the log and is visible to the next call. On return it is in the journal's page
 * cache; {@link #whenDurable} tells when it is on all disks. The backing directory follows when the
 * journal is on the local disk.
 *
 * <p>Permissions are the kernel's business ({@code default_permissions}), and so are locks and the
 * path walk; the rules that concern the tree itself are checked here again, because an operation
 * must never fail later.
 *
 * <ul>
 *   <li>atime changes only when somebody sets it explicitly.
 *   <li>A new file in a directory with the set-gid bit gets the directory's group, a new directory
 *       the bit as well.
 *   <li>Extended attributes: {@code user.} and {@code trusted.}, up to {@value #XATTRS_BYTES_MAX}
 *       bytes for all of a file. Others are not supported; {@code trusted.leasehold.} is the
 *       volume's own, and hidden.
 *   <li>FIFOs and sockets can be made, devices cannot.
 * </ul>
 *
 * <p>Called by any number of threads that are never interrupted.
 */
public final class FileSystem {

    /**
     * What a file's extended attributes may take together; ext4 keeps them in one block of 4096,
     * with our own.
     */
    static final int XATTRS_BYTES_MAX = 3_584;

    /** EXT4_LINK_MAX. */
    static final int LINKS_MAX = 65_000;

    /** The unit in which the disk allocates: ext4's default. */
    private static final long BLOCK_BYTES = 4_096;

    /** The largest file of ext4 with blocks of 4 KiB. */
    static final long FILE_BYTES_MAX = (1L << 44) - BLOCK_BYTES;

    /**
     * Operations in memory that wait for the journal's disk; beyond that a writer flushes first.
     */
    private static final long PENDING_BYTES_MAX = 16L << 20;

    private static final int SET_UID = 04000;
    private static final int SET_GID = 02000;
    private static final int GROUP_EXECUTE = 0010;

    // What a file system can store (ext4: 1901 to 2446); the same limits on both nodes, whatever is
    // below.
    private static final long TIME_NANOS_MIN = -(1L << 31) * 1_000_000_000L;

    private final Volume volume;
    private final OperationLog log;
    private final LongSupplier wallClockNanos;
    private final SpaceReserve reserve;
    private final Consumer<String> onFailure;
    private final SpaceGuard space;
    private volatile boolean failed;

    /**
     * @param wallClockNanos since 1970
     * @param reserve what is left free for the DHCP server
     * @param onFailure is told once why the volume can go on no more; must not block
     */
    public FileSystem(
            Volume volume,
            OperationLog log,
            LongSupplier wallClockNanos,
            SpaceReserve reserve,
            Consumer<String> onFailure) {
        this.volume = volume;
        this.log = log;
        this.wallClockNanos = wallClockNanos;
        this.reserve = reserve;
        this.onFailure = onFailure;
        this.space = new SpaceGuard(volume::space, reserve.bytes());
    }

    /**
     * Prepares for a mount's kernel. Of a new mount nobody can have a file open: orphans are
     * reaped.
     *
     * @param resumed the mount is not new, but was served by another process until now
     */
    public void beginMount(boolean resumed) {
        volume.lock().lock();
        try {
            volume.tree().beginMount(resumed);
            if (!resumed) {
                for (var orphan : volume.tree().orphans()) {
                    commit(new Reap(orphan), RequestId.NONE);
                }
            }
        } finally {
            volume.lock().unlock();
        }
    }

    // ---- Looking ----

    /** The entry of that name; counts as one look-up. */
    public Attributes lookup(FileId parent, Bytes name)
            throws RefusedException, VolumeFailedException {
        Inode inode;
        volume.lock().lock();
        try {
            inode =
                    volume.tree()
                            .lookup(directory(parent), name(name))
                            .orElseThrow(() -> refused(NO_ENTRY));
            inode.lookups++;
        } finally {
            volume.lock().unlock();
        }
        return attributes(inode);
    }

    public Attributes attributes(FileId id) throws RefusedException, VolumeFailedException {
        return attributes(locked(() -> inode(id)));
    }

    private Attributes attributes(Inode inode) throws VolumeFailedException {
        OptionalLong blocks = OptionalLong.of(0);
        boolean settled = true;
        if (inode.kind == FileKind.FILE) {
            // Before the disk is asked, and after it again: what it says in between may be old.
            settled = hasNothingPending(inode);
            try {
                blocks = volume.blocks(inode.id);
            } catch (IOException e) {
                throw fail(e);
            }
        }
        volume.lock().lock();
        try {
            boolean exact = settled && blocks.isPresent() && inode.pendingOperations == 0;
            if (exact) {
                inode.seenBlocks = blocks;
                inode.contentBytesSinceSeen = 0;
            }
            long sizeBytes =
                    switch (inode.kind) {
                        case FILE -> inode.sizeBytes;
                        case DIRECTORY -> 4_096;
                        case SYMLINK -> inode.target.lengthBytes();
                        case FIFO, SOCKET -> 0;
                    };
            return new Attributes(
                    inode.id,
                    inode.kind,
                    inode.permissions,
                    inode.links(),
                    inode.uid,
                    inode.gid,
                    sizeBytes,
                    exact ? blocks.getAsLong() : expectedBlocks(inode, blocks),
                    inode.accessTimeNanos,
                    inode.modifyTimeNanos,
                    inode.changeTimeNanos,
                    exact);
        } finally {
            volume.lock().unlock();
        }
    }

    private boolean hasNothingPending(Inode inode) {
        volume.lock().lock();
        try {
            return inode.pendingOperations == 0;
        } finally {
            volume.lock().unlock();
        }
    }

    /**
     * What the disk is going to use for a file: what it uses now, or did when it was last seen, and
     * room for the content that came since; never more than a file without holes.
     *
     * @param now empty if that cannot be told at the moment
     */
    private static long expectedBlocks(Inode inode, OptionalLong now) {
        long expected = allocated(inode.sizeBytes);
        if (now.isPresent()) {
            expected = Math.min(expected, now.getAsLong() + allocated(inode.pendingContentBytes));
        }
        if (inode.seenBlocks.isPresent()) {
            expected =
                    Math.min(
                            expected,
                            inode.seenBlocks.getAsLong() + allocated(inode.contentBytesSinceSeen));
        }
        return expected;
    }

    /** Units of 512 bytes: the disk allocates by the block. */
    private static long allocated(long contentBytes) {
        return Math.ceilDiv(contentBytes, BLOCK_BYTES) * (BLOCK_BYTES / 512);
    }

    /** The target of a symbolic link. */
    public Bytes readLink(FileId id) throws RefusedException {
        return locked(() -> {
            var inode = inode(id);
            check(inode.kind == FileKind.SYMLINK, INVALID);
            return inode.target;
        });
    }

    /** Is shown directory entries. */
    @FunctionalInterface
    public interface EntryVisitor {
        /**
         * Answers whether there was room for the entry; behind it the listing goes on at {@code
         * nextPosition}.
         */
        boolean visit(long nextPosition, Bytes name, FileId id, FileKind kind);
    }

    /**
     * Lists a directory from a position on, until the visitor has no more room. Position 0 is the
     * start. Positions stay valid as long as the directory exists, also for another process.
     */
    public void list(FileId id, long position, EntryVisitor visitor) throws RefusedException {
        volume.lock().lock();
        try {
            var directory = directory(id);
            if (position < 1 && !visitor.visit(1, DOT, id, FileKind.DIRECTORY)) {
                return;
            }
            if (position < 2 && !visitor.visit(2, DOT_DOT, directory.parent, FileKind.DIRECTORY)) {
                return;
            }
            var from = new EntryKey(Math.max(position, 2) + 1, FIRST_NAME);
            for (var entry : directory.entries.tailMap(from, true).entrySet()) {
                var key = entry.getKey();
                var inode = entry.getValue();
                if (!visitor.visit(key.position(), key.name().bytes(), inode.id, inode.kind)) {
                    return;
                }
            }
        } finally {
            volume.lock().unlock();
        }
    }

    private static final Bytes DOT = Bytes.copyOf(new byte[] {'.'});
    private static final Bytes DOT_DOT = Bytes.copyOf(new byte[] {'.', '.'});
    private static final Name FIRST_NAME = new Name(Bytes.copyOf(new byte[] {1}));

    /** Counts a look-up of an entry that was listed; as {@link #lookup}, if it is still there. */
    public Optional<Attributes> lookupListed(FileId id) throws VolumeFailedException {
        Inode inode;
        volume.lock().lock();
        try {
            var found = volume.tree().find(id);
            if (found.isEmpty() || found.get().names == 0) {
                return Optional.empty();
            }
            inode = found.get();
            inode.lookups++;
        } finally {
            volume.lock().unlock();
        }
        return Optional.of(attributes(inode));
    }

    /**
     * The kernel forgets a number of look-ups; with the last one it can ask no more about the file.
     */
    public void forget(FileId id, long lookups) {
        volume.lock().lock();
        try {
            var found = volume.tree().find(id);
            if (found.isEmpty()) {
                return;
            }
            var inode = found.get();
            inode.lookups -= lookups;
            if (inode.lookups < 0) {
                // More than this process has handed out: the count from before the restart is in
                // it. The kernel gives
                // that back only when it drops the inode, and then nobody has it open.
                inode.lookups = 0;
                inode.heldFromBefore = false;
            }
            if (inode.lookups == 0) {
                reapIfUnused(inode);
                volume.tree().forget(inode);
            }
        } finally {
            volume.lock().unlock();
        }
    }

    // ---- Content ----

    /** One more open description of a regular file. */
    public void open(FileId id) throws RefusedException {
        locked(() -> {
            var inode = inode(id);
            check(inode.kind == FileKind.FILE, inode.isDirectory() ? IS_A_DIRECTORY : INVALID);
            inode.openHandles++;
            return inode;
        });
    }

    /** One less; the last one reaps an orphan. */
    public void release(FileId id) {
        volume.lock().lock();
        try {
            volume.tree()
                    .find(id)
                    .ifPresent(inode -> {
                        inode.openHandles--;
                        reapIfUnused(inode);
                    });
        } finally {
            volume.lock().unlock();
        }
    }

    private void reapIfUnused(Inode inode) {
        if (inode.orphan && !inode.mayBeOpen()) {
            commit(new Reap(inode.id), RequestId.NONE);
        }
    }

    /** Reads into memory; less than asked for only at the end of the file. */
    public int read(FileId id, MemorySegment memory, int sizeBytes, long offsetBytes)
            throws RefusedException, VolumeFailedException {
        if (locked(() -> file(id)).pendingOperations > 0) {
            flushLocally();
        }
        try {
            var file = volume.pin(id);
            try {
                return (int) Backing.read(file, memory, sizeBytes, offsetBytes);
            } finally {
                volume.unpin(file);
            }
        } catch (DamagedVolumeException e) {
            // Unlinked by somebody who could not know that it was in use.
            if (!exists(id)) {
                throw refused(GONE);
            }
            throw fail(e);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    private boolean exists(FileId id) {
        volume.lock().lock();
        try {
            return volume.tree()
                    .find(id)
                    .filter(inode -> inode.names > 0 || inode.orphan)
                    .isPresent();
        } finally {
            volume.lock().unlock();
        }
    }

    /** The next data or hole ({@code SEEK_DATA}, {@code SEEK_HOLE}). */
    public long seek(FileId id, long offsetBytes, boolean data)
            throws RefusedException, VolumeFailedException {
        if (locked(() -> file(id)).pendingOperations > 0) {
            flushLocally();
        }
        try {
            var file = volume.pin(id);
            try {
                return Linux.lseek(
                        file.descriptor, offsetBytes, data ? Linux.SEEK_DATA : Linux.SEEK_HOLE);
            } finally {
                volume.unpin(file);
            }
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENXIO) {
                throw refused(NO_SUCH_OFFSET);
            }
            throw fail(e);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    /** Writes all of {@code data}. */
    public void write(
            Caller caller,
            FileId id,
            long offsetBytes,
            Bytes data,
            boolean clearSetId,
            RequestId request)
            throws RefusedException, VolumeFailedException {
        check(offsetBytes >= 0, INVALID);
        check(offsetBytes <= FILE_BYTES_MAX - data.lengthBytes(), FILE_TOO_LARGE);
        prepare(caller, data.lengthBytes());
        locked(() -> {
            var inode = file(id);
            long now = now();
            int kept = clearSetId ? withoutSetId(inode) : inode.permissions;
            if (kept != inode.permissions) {
                // Before the write, and without its id: if only this one gets its place, the write
                // is sent again.
                commit(setPermissions(now, id, kept), RequestId.NONE);
            }
            return commit(new Write(now, id, offsetBytes, data), request);
        });
    }

    public void allocate(
            Caller caller,
            FileId id,
            AllocationMode mode,
            long offsetBytes,
            long lengthBytes,
            RequestId request)
            throws RefusedException, VolumeFailedException {
        check(offsetBytes >= 0 && lengthBytes > 0, INVALID);
        check(
                lengthBytes <= FILE_BYTES_MAX && offsetBytes <= FILE_BYTES_MAX - lengthBytes,
                FILE_TOO_LARGE);
        prepare(caller, mode == AllocationMode.PUNCH_HOLE ? 0 : lengthBytes);
        locked(() -> {
            file(id);
            return commit(new Fallocate(now(), id, mode, offsetBytes, lengthBytes), request);
        });
    }

    // ---- Attributes ----

    public Attributes change(Caller caller, FileId id, AttributeChange change, RequestId request)
            throws RefusedException, VolumeFailedException {
        if (change.sizeBytes().isPresent()) {
            check(change.sizeBytes().getAsLong() >= 0, INVALID);
            check(change.sizeBytes().getAsLong() <= FILE_BYTES_MAX, FILE_TOO_LARGE);
        }
        prepare(caller, 0);
        return attributes(
                locked(() -> {
                    var inode = change.sizeBytes().isPresent() ? file(id) : inode(id);
                    long now = now();
                    var permissions = change.permissions();
                    if (change.clearSetId() && !inode.isDirectory() && permissions.isEmpty()) {
                        int kept = withoutSetId(inode);
                        permissions =
                                kept == inode.permissions ? permissions : OptionalInt.of(kept);
                    }
                    // Truncating changes the mtime even when the size stays.
                    var modifyTime = time(change.modifyTime(), now);
                    if (modifyTime.isEmpty() && change.sizeBytes().isPresent()) {
                        modifyTime = OptionalLong.of(now);
                    }
                    var operation =
                            new SetAttributes(
                                    now,
                                    id,
                                    permissions,
                                    change.uid(),
                                    change.gid(),
                                    change.sizeBytes(),
                                    time(change.accessTime(), now),
                                    modifyTime);
                    if (inode.names > 0 || inode.orphan) {
                        commit(operation, request);
                    } else {
                        // A directory or FIFO that is removed but still open: there is nothing left
                        // to keep.
                        volume.tree().applyToRemoved(inode, operation);
                    }
                    return inode;
                }));
    }

    private static OptionalLong time(Time time, long nowNanos) {
        return switch (time) {
            case Time.Keep() -> OptionalLong.empty();
            case Time.Now() -> OptionalLong.of(nowNanos);
            case Time.At(long nanos) -> OptionalLong.of(Math.max(nanos, TIME_NANOS_MIN));
        };
    }

    private static int withoutSetId(Inode inode) {
        int permissions = inode.permissions & ~SET_UID;
        return (permissions & GROUP_EXECUTE) != 0 ? permissions & ~SET_GID : permissions;
    }

    private static SetAttributes setPermissions(long now, FileId id, int permissions) {
        return new SetAttributes(
                now,
                id,
                OptionalInt.of(permissions),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    public Bytes xattr(FileId id, Bytes name) throws RefusedException {
        switch (XattrNamespace.of(name)) {
            case USER, TRUSTED -> {}
            case OWN -> throw refused(NO_ATTRIBUTE);
            case OTHER -> throw refused(NOT_SUPPORTED);
        }
        return locked(() ->
                Optional.ofNullable(inode(id).xattrs.get(name))
                        .orElseThrow(() -> refused(NO_ATTRIBUTE)));
    }

    /** Names of the extended attributes. Those in {@code trusted.} are for root only. */
    public List<Bytes> xattrs(Caller caller, FileId id) throws RefusedException {
        return locked(() -> {
            var names = new ArrayList<Bytes>();
            for (var name : inode(id).xattrs.keySet()) {
                if (caller.uid() == 0 || XattrNamespace.of(name) == XattrNamespace.USER) {
                    names.add(name);
                }
            }
            return names;
        });
    }

    /** Whether an extended attribute must be new, or must be there already. */
    public enum XattrCondition {
        NONE,
        CREATE,
        REPLACE
    }

    public void setXattr(
            Caller caller,
            FileId id,
            Bytes name,
            Bytes value,
            XattrCondition condition,
            RequestId request)
            throws RefusedException, VolumeFailedException {
        checkWritable(name);
        prepare(caller, value.lengthBytes());
        locked(() -> {
            var inode = inode(id);
            check(exists(id), GONE);
            var before = Optional.ofNullable(inode.xattrs.get(name));
            check(condition != XattrCondition.CREATE || before.isEmpty(), EXISTS);
            check(condition != XattrCondition.REPLACE || before.isPresent(), NO_ATTRIBUTE);
            int freed = before.map(old -> FileTree.xattrBytes(name, old)).orElse(0);
            check(
                    inode.xattrBytes - freed + FileTree.xattrBytes(name, value) <= XATTRS_BYTES_MAX,
                    NO_SPACE);
            return commit(new SetXattr(now(), id, name, value), request);
        });
    }

    public void removeXattr(Caller caller, FileId id, Bytes name, RequestId request)
            throws RefusedException, VolumeFailedException {
        checkWritable(name);
        prepare(caller, 0);
        locked(() -> {
            check(inode(id).xattrs.containsKey(name), NO_ATTRIBUTE);
            check(exists(id), GONE);
            return commit(new RemoveXattr(now(), id, name), request);
        });
    }

    private static void checkWritable(Bytes name) throws RefusedException {
        switch (XattrNamespace.of(name)) {
            case USER, TRUSTED -> {}
            case OWN -> throw refused(NOT_PERMITTED);
            case OTHER -> throw refused(NOT_SUPPORTED);
        }
    }

    // ---- Names ----

    public Attributes create(
            Caller caller, FileId parent, Bytes name, int permissions, RequestId request)
            throws RefusedException, VolumeFailedException {
        return make(
                caller,
                parent,
                name,
                request,
                (directory, newName, id) ->
                        new Create(
                                now(),
                                parent,
                                newName,
                                id,
                                access(caller, directory, permissions)));
    }

    public Attributes makeDirectory(
            Caller caller, FileId parent, Bytes name, int permissions, RequestId request)
            throws RefusedException, VolumeFailedException {
        return make(
                caller,
                parent,
                name,
                request,
                (directory, newName, id) ->
                        new MakeDirectory(
                                now(),
                                parent,
                                newName,
                                id,
                                access(
                                        caller,
                                        directory,
                                        permissions | (directory.permissions & SET_GID))));
    }

    public Attributes makeNode(
            Caller caller,
            FileId parent,
            Bytes name,
            NodeKind kind,
            int permissions,
            RequestId request)
            throws RefusedException, VolumeFailedException {
        return make(
                caller,
                parent,
                name,
                request,
                (directory, newName, id) ->
                        new MakeNode(
                                now(),
                                parent,
                                newName,
                                id,
                                access(caller, directory, permissions),
                                kind));
    }

    public Attributes symbolicLink(
            Caller caller, FileId parent, Bytes name, Bytes target, RequestId request)
            throws RefusedException, VolumeFailedException {
        check(target.lengthBytes() >= 1, NO_ENTRY);
        check(target.lengthBytes() <= Operation.MAX_TARGET_BYTES, NAME_TOO_LONG);
        return make(
                caller,
                parent,
                name,
                request,
                (directory, newName, id) ->
                        new SymbolicLink(
                                now(),
                                parent,
                                newName,
                                id,
                                caller.uid(),
                                group(caller, directory),
                                target));
    }

    private interface Creation {
        Operation of(Inode directory, Name name, FileId id);
    }

    private Attributes make(
            Caller caller, FileId parent, Bytes name, RequestId request, Creation creation)
            throws RefusedException, VolumeFailedException {
        prepare(caller, name.lengthBytes());
        return attributes(
                locked(() -> {
                    var directory = livingDirectory(parent);
                    var newName = name(name);
                    check(volume.tree().lookup(directory, newName).isEmpty(), EXISTS);
                    var id = volume.tree().nextId();
                    commit(creation.of(directory, newName, id), request);
                    var inode = volume.tree().get(id);
                    inode.lookups++;
                    return inode;
                }));
    }

    private static Access access(Caller caller, Inode directory, int permissions) {
        return new Access(
                permissions & Access.PERMISSIONS_MASK, caller.uid(), group(caller, directory));
    }

    private static int group(Caller caller, Inode directory) {
        return (directory.permissions & SET_GID) != 0 ? directory.gid : caller.gid();
    }

    /** One more name for a file; counts as one look-up of it. */
    public Attributes link(
            Caller caller, FileId id, FileId newParent, Bytes newName, RequestId request)
            throws RefusedException, VolumeFailedException {
        prepare(caller, newName.lengthBytes());
        return attributes(
                locked(() -> {
                    var inode = inode(id);
                    check(!inode.isDirectory(), NOT_PERMITTED);
                    check(inode.names > 0, NO_ENTRY);
                    check(inode.names < LINKS_MAX, TOO_MANY_LINKS);
                    var name = name(newName);
                    check(volume.tree().lookup(livingDirectory(newParent), name).isEmpty(), EXISTS);
                    commit(new Link(now(), newParent, name, id), request);
                    inode.lookups++;
                    return inode;
                }));
    }

    public void unlink(Caller caller, FileId parent, Bytes name, RequestId request)
            throws RefusedException, VolumeFailedException {
        prepareFreeing(0);
        locked(() -> {
            var existing = name(name);
            var inode =
                    volume.tree()
                            .lookup(directory(parent), existing)
                            .orElseThrow(() -> refused(NO_ENTRY));
            check(!inode.isDirectory(), IS_A_DIRECTORY);
            return commit(
                    new Unlink(now(), parent, existing, inode.id, becomesOrphan(inode)), request);
        });
    }

    private static boolean becomesOrphan(Inode inode) {
        return inode.kind == FileKind.FILE && inode.names == 1 && inode.mayBeOpen();
    }

    public void removeDirectory(Caller caller, FileId parent, Bytes name, RequestId request)
            throws RefusedException, VolumeFailedException {
        prepareFreeing(0);
        locked(() -> {
            var existing = name(name);
            var inode =
                    volume.tree()
                            .lookup(directory(parent), existing)
                            .orElseThrow(() -> refused(NO_ENTRY));
            check(inode.isDirectory(), NOT_A_DIRECTORY);
            check(inode.entries.isEmpty(), NOT_EMPTY);
            return commit(new RemoveDirectory(now(), parent, existing, inode.id), request);
        });
    }

    public void rename(
            Caller caller,
            FileId parent,
            Bytes name,
            FileId newParent,
            Bytes newName,
            boolean replace,
            RequestId request)
            throws RefusedException, VolumeFailedException {
        prepare(caller, newName.lengthBytes());
        locked(() -> {
            var oldKey = name(name);
            var newKey = name(newName);
            var inode =
                    volume.tree()
                            .lookup(directory(parent), oldKey)
                            .orElseThrow(() -> refused(NO_ENTRY));
            var target = livingDirectory(newParent);
            checkNotWithin(inode, target);
            var existing = volume.tree().lookup(target, newKey);
            if (existing.isPresent()) {
                check(replace, EXISTS);
                if (existing.get() == inode) {
                    // Two names of one file: POSIX wants nothing to happen.
                    return volume.last();
                }
                checkReplaceable(inode, existing.get());
            }
            var replaced = existing.map(old -> new Replaced(old.id, becomesOrphan(old)));
            return commit(
                    new Rename(now(), parent, oldKey, newParent, newKey, inode.id, replaced),
                    request);
        });
    }

    private static void checkReplaceable(Inode inode, Inode replaced) throws RefusedException {
        if (inode.isDirectory()) {
            check(replaced.isDirectory(), NOT_A_DIRECTORY);
            check(replaced.entries.isEmpty(), NOT_EMPTY);
        } else {
            check(!replaced.isDirectory(), IS_A_DIRECTORY);
        }
    }

    /** Two entries change places. */
    public void exchange(
            Caller caller,
            FileId parent,
            Bytes name,
            FileId otherParent,
            Bytes otherName,
            RequestId request)
            throws RefusedException, VolumeFailedException {
        prepare(caller, 0);
        locked(() -> {
            var key = name(name);
            var otherKey = name(otherName);
            var inode =
                    volume.tree()
                            .lookup(directory(parent), key)
                            .orElseThrow(() -> refused(NO_ENTRY));
            var other =
                    volume.tree()
                            .lookup(directory(otherParent), otherKey)
                            .orElseThrow(() -> refused(NO_ENTRY));
            if (inode == other) {
                return volume.last();
            }
            checkNotWithin(inode, directory(otherParent));
            checkNotWithin(other, directory(parent));
            return commit(
                    new Exchange(now(), parent, key, inode.id, otherParent, otherKey, other.id),
                    request);
        });
    }

    private void checkNotWithin(Inode inode, Inode directory) throws RefusedException {
        if (!inode.isDirectory()) {
            return;
        }
        for (var at = directory; ; at = volume.tree().get(at.parent)) {
            check(at != inode, INVALID);
            if (at.id.equals(FileId.ROOT)) {
                return;
            }
        }
    }

    // ---- The whole ----

    /** The disk below. What ordinary callers may use is {@code availableBlocks}. */
    public SpaceStatus space() throws VolumeFailedException {
        try {
            var disk = volume.space();
            long reserveBlocks = space.reserveBytes() / disk.fragmentBytes();
            return new SpaceStatus(
                    disk.blockBytes(),
                    disk.fragmentBytes(),
                    disk.blocks(),
                    disk.freeBlocks(),
                    Math.max(
                            0, Math.min(disk.availableBlocks(), disk.freeBlocks() - reserveBlocks)),
                    disk.files(),
                    disk.freeFiles());
        } catch (IOException e) {
            throw fail(e);
        }
    }

    /** The last operation of all calls that have returned. */
    public Seq last() {
        return volume.last();
    }

    /** See {@link OperationLog#whenDurable}. */
    public void whenDurable(Seq upTo, Runnable completion) {
        log.whenDurable(upTo, completion);
    }

    /** See {@link OperationLog#resolved}. */
    public Optional<Operation> resolved(RequestId request) {
        return log.resolved(request);
    }

    /**
     * Begins to make durable what there is, wherever it must be, because somebody is likely to ask
     * for it in a moment; returns when the local journal has it, or when another thread is at it.
     * Nothing may be concluded from that: {@link #whenDurable} tells.
     */
    public void commitAhead() {
        if (!failed) {
            log.commitAhead(last());
            applyDurable();
        }
    }

    /**
     * Carries out in the backing directory what the journal has on the disk by now. Waits for no
     * disk sync.
     */
    public void applyDurable() {
        if (failed) {
            return;
        }
        try {
            volume.applyPending(log.locallyDurable());
        } catch (IOException e) {
            fail(e);
        }
    }

    /** {@link #flushLocally} if there is anything that the backing directory does not have. */
    public void flushIfPending() throws VolumeFailedException {
        if (volume.pendingBytes() > 0 && !failed) {
            flushLocally();
        }
    }

    /** Waits until the journal is on the local disk, and the backing directory has everything. */
    public void flushLocally() throws VolumeFailedException {
        log.syncLocally();
        try {
            volume.applyPending(log.locallyDurable());
        } catch (IOException e) {
            throw fail(e);
        }
    }

    // ---- What all calls share ----

    private interface Locked<T> {
        T run() throws RefusedException;
    }

    private <T> T locked(Locked<T> call) throws RefusedException {
        volume.lock().lock();
        try {
            return call.run();
        } finally {
            volume.lock().unlock();
        }
    }

    private Seq commit(Operation operation, RequestId request) {
        var seq = log.append(operation, request);
        volume.append(seq, operation);
        return seq;
    }

    /** Before a change: room in the log, in memory and on the disk. Without the lock. */
    private void prepare(Caller caller, long sizeBytes)
            throws RefusedException, VolumeFailedException {
        prepareFreeing((int) Math.min(sizeBytes, Operation.MAX_WRITE_BYTES));
        SpaceGuard.Verdict verdict;
        try {
            verdict = space.ask(sizeBytes, volume.pendingBytes(), false);
            if (verdict == SpaceGuard.Verdict.REFUSED && reserve.mayUse().test(caller.pid())) {
                verdict = space.ask(sizeBytes, volume.pendingBytes(), true);
            }
        } catch (IOException e) {
            throw fail(e);
        }
        switch (verdict) {
            case FITS -> {}
            case REFUSED -> throw refused(NO_SPACE);
            case EXHAUSTED ->
                    throw fail("the disk is full, and so is the reserve for the DHCP server");
        }
    }

    /** Before a change that can only free space. */
    private void prepareFreeing(int payloadBytes) throws VolumeFailedException {
        if (failed) {
            throw new VolumeFailedException("the volume has failed before");
        }
        if (volume.pendingBytes() > PENDING_BYTES_MAX) {
            flushLocally();
        }
        try {
            log.awaitRoom(payloadBytes);
        } catch (InterruptedException e) {
            throw new IllegalStateException(
                    "threads that serve a file system must not be interrupted", e);
        }
    }

    private VolumeFailedException fail(IOException cause) {
        return fail("the backing directory cannot be changed or read: " + cause.getMessage());
    }

    private VolumeFailedException fail(String reason) {
        if (!failed) {
            failed = true;
            onFailure.accept(reason);
        }
        return new VolumeFailedException(reason);
    }

    private long now() {
        return wallClockNanos.getAsLong();
    }

    private Inode inode(FileId id) throws RefusedException {
        return volume.tree().find(id).orElseThrow(() -> refused(GONE));
    }

    /** A regular file that is still somewhere. */
    private Inode file(FileId id) throws RefusedException {
        var inode = inode(id);
        check(!inode.isDirectory(), IS_A_DIRECTORY);
        check(inode.kind == FileKind.FILE, INVALID);
        check(inode.names > 0 || inode.orphan, GONE);
        return inode;
    }

    private Inode directory(FileId id) throws RefusedException {
        var inode = inode(id);
        check(inode.isDirectory(), NOT_A_DIRECTORY);
        return inode;
    }

    /** A directory in which something can still be made. */
    private Inode livingDirectory(FileId id) throws RefusedException {
        var inode = directory(id);
        check(inode.names > 0, NO_ENTRY);
        return inode;
    }

    private static Name name(Bytes bytes) throws RefusedException {
        check(bytes.lengthBytes() <= Name.MAX_BYTES, NAME_TOO_LONG);
        check(Name.isValid(bytes), INVALID);
        return new Name(bytes);
    }

    private static void check(boolean condition, Refusal otherwise) throws RefusedException {
        if (!condition) {
            throw refused(otherwise);
        }
    }

    private static RefusedException refused(Refusal refusal) {
        return new RefusedException(refusal);
    }
}
