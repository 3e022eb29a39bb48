package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.FileStatus;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.linux.LinuxException;
import io.leasehold.blockrep.linux.SpaceStatus;
import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.Operation.AllocationMode;
import io.leasehold.blockrep.volume.Operation.Barrier;
import io.leasehold.blockrep.volume.Operation.Create;
import io.leasehold.blockrep.volume.Operation.Exchange;
import io.leasehold.blockrep.volume.Operation.Fallocate;
import io.leasehold.blockrep.volume.Operation.Link;
import io.leasehold.blockrep.volume.Operation.MakeDirectory;
import io.leasehold.blockrep.volume.Operation.MakeNode;
import io.leasehold.blockrep.volume.Operation.Reap;
import io.leasehold.blockrep.volume.Operation.RemoveDirectory;
import io.leasehold.blockrep.volume.Operation.RemoveXattr;
import io.leasehold.blockrep.volume.Operation.Rename;
import io.leasehold.blockrep.volume.Operation.SetAttributes;
import io.leasehold.blockrep.volume.Operation.SetXattr;
import io.leasehold.blockrep.volume.Operation.SymbolicLink;
import io.leasehold.blockrep.volume.Operation.Unlink;
import io.leasehold.blockrep.volume.Operation.Write;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of plain files that a volume is on one node's disk.
 *
 * <pre>
 *   DIR/tree          the files under their names: what an administrator may read at any time
 *   DIR/orphans/ID    files without a name that are still open
 *   DIR/limbo/ID      files on their way: a new file gets its id and attributes here before it gets its name
 * </pre>
 *
 * <p>Every file carries its id in {@code trusted.leasehold.id}, so that the index here (id → where
 * the file is) can be built by looking, and no name ever shows a file without an id. Everything
 * else is the real file's own: owner, mode, times, size, attributes.
 *
 * <p>Operations arrive when they are durable in the journal, never before: after a power failure
 * the directory may lack effects of the journal's operations, but has none of operations that the
 * journal does not know. Nothing here is flushed before {@link #sync}. An I/O error is not handled:
 * whoever gets it must not use this object again.
 *
 * <p>The mtime of a file is set from the operation, lazily: a write of 300 bytes should not cost
 * two system calls.
 *
 * <p>Not thread-safe, except {@link OpenFile} between {@link #pin} and {@link #unpin}; {@link
 * Volume} has the lock.
 */
final class Backing implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Backing.class);

    /** Stand for the two directories beside the tree, where files have their id as name. */
    static final FileId ORPHANS = new FileId(Long.MAX_VALUE);

    static final FileId LIMBO = new FileId(Long.MAX_VALUE - 1);

    /** Ids end here; the rest is reserved. */
    static final long MAX_FILE_ID = Long.MAX_VALUE - 16;

    private static final byte[] ID_XATTR = ascii("trusted.leasehold.id");
    private static final byte[] NEXT_ID_XATTR = ascii("trusted.leasehold.next-id");

    private static final int OPEN_FILES_MAX = 256;
    // Beyond these many, one syncfs(2) is cheaper than one fsync(2) for each.
    private static final int SINGLE_SYNCS_MAX = 32;
    private static final int STALE_TIMES_MAX = 4_096;
    private static final int DIRENTS_BYTES = 64 * 1024;

    /** Where a file is, and what it is. */
    static final class Node {
        final FileKind kind;
        final long backingInode;
        final List<Placement> names = new ArrayList<>(1);

        Node(FileKind kind, long backingInode) {
            this.kind = kind;
            this.backingInode = backingInode;
        }
    }

    /** A descriptor that stays open while somebody has it pinned. */
    static final class OpenFile {
        final FileId id;
        final int descriptor;
        private int pins;
        private boolean dropped;

        OpenFile(FileId id, int descriptor) {
            this.id = id;
            this.descriptor = descriptor;
        }
    }

    private final Path directory;
    private final int directoryDescriptor;
    private final int treeDescriptor;
    private final int orphansDescriptor;
    private final int limboDescriptor;

    private final Map<FileId, Node> nodes = new HashMap<>();
    private final LinkedHashMap<FileId, OpenFile> openFiles = new LinkedHashMap<>(64, 0.75f, true);
    private final Map<FileId, Long> staleTimes = new HashMap<>();
    private final Set<FileId> unsynced = new LinkedHashSet<>();
    private boolean unsyncedUncounted;
    private long nextId = FileId.ROOT.value() + 1;

    private Backing(Path directory, int directoryDescriptor, int tree, int orphans, int limbo) {
        this.directory = directory;
        this.directoryDescriptor = directoryDescriptor;
        this.treeDescriptor = tree;
        this.orphansDescriptor = orphans;
        this.limboDescriptor = limbo;
    }

    /**
     * Opens the directory, which is made an empty volume if it is empty.
     *
     * @throws DamagedVolumeException if what is there is no volume
     * @throws IOException if the file system below cannot hold one
     */
    static Backing open(Path directory) throws IOException {
        java.nio.file.Files.createDirectories(directory);
        int self = Linux.open(directory, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        int tree = openOrMake(self, "tree", 0755);
        int orphans = openOrMake(self, "orphans", 0700);
        int limbo = openOrMake(self, "limbo", 0700);
        var backing = new Backing(directory, self, tree, orphans, limbo);
        try {
            backing.scan();
        } catch (IOException e) {
            backing.close();
            throw e;
        }
        return backing;
    }

    private static int openOrMake(int parent, String name, int permissions) throws IOException {
        try {
            Linux.mkdirat(parent, ascii(name), permissions);
            int made =
                    Linux.openat(
                            parent,
                            ascii(name),
                            Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW,
                            0);
            Linux.fchmod(made, permissions);
            // The same on both nodes, whenever they were set up.
            Linux.futimens(made, 0, 0);
            return made;
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
            return Linux.openat(
                    parent, ascii(name), Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW, 0);
        }
    }

    // ---- What is there ----

    private void scan() throws IOException {
        try {
            nextId =
                    Math.max(
                            nextId,
                            ByteBuffer.wrap(Linux.fgetxattr(treeDescriptor, NEXT_ID_XATTR))
                                    .getLong());
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENODATA) {
                throw new IOException(
                        directory + " cannot hold a volume: it needs trusted.* attributes", e);
            }
            probe();
            Linux.fsetxattr(treeDescriptor, NEXT_ID_XATTR, idBytes(nextId));
        }
        nodes.put(FileId.ROOT, new Node(FileKind.DIRECTORY, Linux.statx(treeDescriptor).inode()));
        var pending = new ArrayList<FileId>(List.of(FileId.ROOT, ORPHANS, LIMBO));
        while (!pending.isEmpty()) {
            var parent = pending.removeLast();
            for (var name : list(directoryDescriptor(parent))) {
                var id = scanEntry(parent, name);
                if (id.isPresent() && node(id.get()).kind == FileKind.DIRECTORY) {
                    pending.add(id.get());
                }
            }
            trim();
        }
        for (var id : nodes.keySet()) {
            nextId = Math.max(nextId, id.value() + 1);
        }
    }

    private Optional<FileId> scanEntry(FileId parent, Name name) throws IOException {
        int parentDescriptor = directoryDescriptor(parent);
        var bytes = name.bytes().toArray();
        var status = Linux.statx(parentDescriptor, bytes);
        var kind = FileKind.ofTypeBits(status.type());
        Optional<FileId> id = readId(parentDescriptor, bytes);
        if (kind.isEmpty() || id.isEmpty() || !belongs(id.get(), kind.get(), status)) {
            setAside(parent, name);
            return Optional.empty();
        }
        var known = nodes.get(id.get());
        var node = known == null ? new Node(kind.get(), status.inode()) : known;
        node.names.add(new Placement(parent, name));
        nodes.put(id.get(), node);
        return id;
    }

    private static Optional<FileId> readId(int parentDescriptor, byte[] name) throws IOException {
        try {
            var value = Linux.lgetxattr(parentDescriptor, name, ID_XATTR);
            if (value.length != Long.BYTES) {
                return Optional.empty();
            }
            long id = ByteBuffer.wrap(value).getLong();
            return id < 2 || id > MAX_FILE_ID ? Optional.empty() : Optional.of(new FileId(id));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENODATA) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * A copy that somebody made with all attributes carries the id of its original: it is another
     * file all the same.
     */
    private boolean belongs(FileId id, FileKind kind, FileStatus status) {
        var known = nodes.get(id);
        return known == null
                || (known.kind == kind
                        && known.backingInode == status.inode()
                        && kind != FileKind.DIRECTORY);
    }

    /**
     * Moves what the volume did not make out of its way. In limbo it is a file that was never
     * finished: no loss.
     */
    private void setAside(FileId parent, Name name) throws IOException {
        var bytes = name.bytes().toArray();
        if (parent.equals(LIMBO)) {
            var type = Linux.statx(limboDescriptor, bytes).type();
            Linux.unlinkat(
                    limboDescriptor,
                    bytes,
                    type == FileStatus.TYPE_DIRECTORY ? Linux.AT_REMOVEDIR : 0);
            return;
        }
        int foreign = openOrMake(directoryDescriptor, "foreign", 0700);
        try {
            for (int attempt = 0; ; attempt++) {
                try {
                    Linux.renameat2(
                            directoryDescriptor(parent),
                            bytes,
                            foreign,
                            ascii("%d-%d".formatted(parent.value(), attempt)),
                            Linux.RENAME_NOREPLACE);
                    log.error(
                            "{}: \"{}\" in directory {} was not made through the volume; moved to {}/foreign/{}-{}."
                                    + " Files are created on the mount point of the primary only.",
                            directory,
                            name,
                            parent,
                            directory,
                            parent.value(),
                            attempt);
                    return;
                } catch (LinuxException e) {
                    if (e.errno() != Errno.EEXIST || attempt > 100_000) {
                        throw e;
                    }
                }
            }
        } finally {
            Linux.close(foreign);
        }
    }

    /** Refuses a file system that would fail later, in the middle of an operation. */
    private void probe() throws IOException {
        var name = ascii("probe");
        int file = -1;
        try {
            file = Linux.openat(limboDescriptor, name, Linux.O_RDWR | Linux.O_CREAT, 0600);
            Linux.pwriteFully(file, new byte[8192], 0);
            Linux.fallocate(file, Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE, 0, 4096);
            Linux.fallocate(file, Linux.FALLOC_FL_ZERO_RANGE, 4096, 8192);
            Linux.fsetxattr(file, ID_XATTR, new byte[8]);
        } catch (LinuxException e) {
            throw new IOException(directory + " cannot hold a volume: ext4 or xfs is needed", e);
        } finally {
            if (file >= 0) {
                Linux.close(file);
                Linux.unlinkat(limboDescriptor, name, 0);
            }
        }
        // As with fresh directories: the probe must not show in the times.
        Linux.futimens(treeDescriptor, 0, 0);
    }

    /** The names in a directory. */
    private static List<Name> list(int descriptor) throws IOException {
        var names = new ArrayList<Name>();
        Linux.lseek(descriptor, 0, Linux.SEEK_SET);
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(DIRENTS_BYTES, 8);
            for (long count; (count = Linux.getdents64(descriptor, memory, DIRENTS_BYTES)) > 0; ) {
                // struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name with NUL
                for (long at = 0;
                        at < count;
                        at += Short.toUnsignedInt(memory.get(ValueLayout.JAVA_SHORT, at + 16))) {
                    int length = 0;
                    while (memory.get(ValueLayout.JAVA_BYTE, at + 19 + length) != 0) {
                        length++;
                    }
                    var bytes = Bytes.copyOf(memory, at + 19, length);
                    if (Name.isValid(bytes)) {
                        names.add(new Name(bytes));
                    }
                }
            }
        }
        return names;
    }

    Map<FileId, Node> nodes() {
        return Collections.unmodifiableMap(nodes);
    }

    FileId nextId() {
        return new FileId(nextId);
    }

    void reserveIdsBelow(FileId next) {
        nextId = Math.max(nextId, next.value());
    }

    /** The next new file gets this id: those that had it or a higher one are gone. */
    void resetNextId(FileId next) {
        nextId = next.value();
    }

    boolean has(FileId id) {
        return nodes.containsKey(id);
    }

    /** Everything about a file but its content. */
    FileImage image(FileId id) throws IOException {
        var node = node(id);
        var status = status(id);
        var names = new ArrayList<Placement>();
        for (var place : node.names) {
            if (!place.directory().equals(ORPHANS)) {
                names.add(place);
            }
        }
        Collections.sort(names);
        var target =
                node.kind == FileKind.SYMLINK
                        ? Bytes.copyOf(Linux.readlinkat(parentOf(node), nameIn(node)))
                        : Bytes.EMPTY;
        return new FileImage(
                id,
                node.kind,
                new Access(status.permissions(), status.uid(), status.gid()),
                node.kind == FileKind.FILE ? status.sizeBytes() : 0,
                status.accessTimeNanos(),
                staleTimes.getOrDefault(id, status.modifyTimeNanos()),
                status.changeTimeNanos(),
                target,
                List.copyOf(names),
                Collections.unmodifiableSortedMap(xattrs(id)));
    }

    /** Those of the files that are there, and the directories in which they have their names. */
    SortedSet<FileId> withDirectories(Set<FileId> ids) {
        var found = new TreeSet<FileId>();
        var pending = new ArrayDeque<>(ids);
        while (!pending.isEmpty()) {
            var id = pending.remove();
            var node = nodes.get(id);
            if (node != null && found.add(id)) {
                for (var place : node.names) {
                    pending.add(place.directory());
                }
            }
        }
        return found;
    }

    private FileStatus status(FileId id) throws IOException {
        if (id.equals(FileId.ROOT)) {
            return Linux.statx(treeDescriptor);
        }
        var open = openFiles.get(id);
        if (open != null) {
            return Linux.statx(open.descriptor);
        }
        var node = node(id);
        return Linux.statx(parentOf(node), nameIn(node));
    }

    /** Units of 512 bytes that the file occupies. */
    long blocks(FileId id) throws IOException {
        return status(id).blocks();
    }

    SpaceStatus space() throws IOException {
        return Linux.fstatvfs(treeDescriptor);
    }

    private NavigableMap<Bytes, Bytes> xattrs(FileId id) throws IOException {
        var xattrs = new TreeMap<Bytes, Bytes>();
        int parent = id.equals(FileId.ROOT) ? directoryDescriptor : parentOf(node(id));
        var entry = id.equals(FileId.ROOT) ? ascii("tree") : nameIn(node(id));
        var names = Linux.llistxattr(parent, entry);
        for (int start = 0, end = 0; end < names.length; end++) {
            if (names[end] == 0) {
                var name = java.util.Arrays.copyOfRange(names, start, end);
                start = end + 1;
                if (XattrNamespace.isVisible(Bytes.copyOf(name))) {
                    xattrs.put(
                            Bytes.copyOf(name), Bytes.copyOf(Linux.lgetxattr(parent, entry, name)));
                }
            }
        }
        return xattrs;
    }

    // ---- Operations ----

    /** Carries out an operation. Everything that it names must be there as it says. */
    void apply(Operation operation) throws IOException {
        switch (operation) {
            case Create o -> {
                make(o);
                place(o.id(), o.parent(), o.name());
                touch(o.parent(), o.timeNanos());
            }
            case MakeDirectory o -> {
                make(o);
                place(o.id(), o.parent(), o.name());
                touch(o.parent(), o.timeNanos());
            }
            case SymbolicLink o -> {
                make(o);
                place(o.id(), o.parent(), o.name());
                touch(o.parent(), o.timeNanos());
            }
            case MakeNode o -> {
                make(o);
                place(o.id(), o.parent(), o.name());
                touch(o.parent(), o.timeNanos());
            }
            case Link o -> {
                addName(o.id(), o.parent(), o.name());
                touch(o.parent(), o.timeNanos());
            }
            case Unlink o -> {
                removeName(o.id(), o.parent(), o.name(), o.becomesOrphan());
                touch(o.parent(), o.timeNanos());
            }
            case RemoveDirectory o -> {
                removeName(o.id(), o.parent(), o.name(), false);
                touch(o.parent(), o.timeNanos());
            }
            case Rename o -> {
                rename(o);
                touch(o.parent(), o.timeNanos());
                touch(o.newParent(), o.timeNanos());
            }
            case Exchange o -> {
                exchange(o);
                touch(o.parent(), o.timeNanos());
                touch(o.otherParent(), o.timeNanos());
            }
            case Write _, SetAttributes _, SetXattr _, RemoveXattr _, Fallocate _ ->
                    applyToFile(operation);
            case Reap o -> {
                if (!node(o.id()).names.equals(List.of(idPlacement(ORPHANS, o.id())))) {
                    throw new DamagedVolumeException(
                            "file " + o.id() + " is to be reaped but has a name");
                }
                removeName(o.id(), ORPHANS, idName(o.id()), false);
            }
            case Barrier _ -> {}
        }
        trim();
    }

    /**
     * Carries out the part of an operation that concerns one file and no name. Doing it again
     * changes nothing.
     */
    void applyToFile(Operation operation) throws IOException {
        switch (operation) {
            case Create o -> setAccess(o.id(), o.access(), o.timeNanos());
            case MakeDirectory o -> setAccess(o.id(), o.access(), o.timeNanos());
            case MakeNode o -> setAccess(o.id(), o.access(), o.timeNanos());
            case SymbolicLink o -> {
                setOwner(o.id(), o.uid(), o.gid());
                touch(o.id(), o.timeNanos());
            }
            case Write o -> {
                Linux.pwriteFully(file(o.id()).descriptor, o.data().unsafeArray(), o.offsetBytes());
                touch(o.id(), o.timeNanos());
            }
            case SetAttributes o -> setAttributes(o);
            case SetXattr o -> setXattr(o.id(), o.name(), o.value());
            case RemoveXattr o -> removeXattr(o.id(), o.name());
            case Fallocate o -> {
                Linux.fallocate(
                        file(o.id()).descriptor, flags(o.mode()), o.offsetBytes(), o.lengthBytes());
                touch(o.id(), o.timeNanos());
            }
            case Link _, Unlink _, RemoveDirectory _, Rename _, Exchange _, Reap _, Barrier _ -> {}
        }
    }

    private static int flags(AllocationMode mode) {
        return switch (mode) {
            case ALLOCATE -> 0;
            case ALLOCATE_KEEP_SIZE -> Linux.FALLOC_FL_KEEP_SIZE;
            case PUNCH_HOLE -> Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE;
            case ZERO_RANGE -> Linux.FALLOC_FL_ZERO_RANGE;
            case ZERO_RANGE_KEEP_SIZE -> Linux.FALLOC_FL_ZERO_RANGE | Linux.FALLOC_FL_KEEP_SIZE;
        };
    }

    /** Makes the new file of a creating operation in limbo, with its id and attributes. */
    void make(Operation creation) throws IOException {
        switch (creation) {
            case Create o -> {
                make(o.id(), FileKind.FILE, Bytes.EMPTY);
                setAccess(o.id(), o.access(), o.timeNanos());
            }
            case MakeDirectory o -> {
                make(o.id(), FileKind.DIRECTORY, Bytes.EMPTY);
                setAccess(o.id(), o.access(), o.timeNanos());
            }
            case MakeNode o -> {
                make(o.id(), FileKind.of(o.kind()), Bytes.EMPTY);
                setAccess(o.id(), o.access(), o.timeNanos());
            }
            case SymbolicLink o -> {
                make(o.id(), FileKind.SYMLINK, o.target());
                setOwner(o.id(), o.uid(), o.gid());
                touch(o.id(), o.timeNanos());
            }
            case Link _,
                    Unlink _,
                    RemoveDirectory _,
                    Rename _,
                    Exchange _,
                    Write _,
                    SetAttributes _,
                    SetXattr _,
                    RemoveXattr _,
                    Fallocate _,
                    Reap _,
                    Barrier _ ->
                    throw new IllegalStateException("creates nothing: " + creation);
        }
    }

    void make(FileId id, FileKind kind, Bytes target) throws IOException {
        if (nodes.containsKey(id)) {
            throw new DamagedVolumeException("file " + id + " is there already");
        }
        if (id.value() > MAX_FILE_ID) {
            throw new DamagedVolumeException("file id " + id + " is reserved");
        }
        var name = idName(id).bytes().toArray();
        switch (kind) {
            case FILE -> {
                int descriptor =
                        Linux.openat(
                                limboDescriptor,
                                name,
                                Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL | Linux.O_NOATIME,
                                0600);
                openFiles.put(id, new OpenFile(id, descriptor));
                Linux.fsetxattr(descriptor, ID_XATTR, idBytes(id.value()));
            }
            case DIRECTORY -> {
                Linux.mkdirat(limboDescriptor, name, 0700);
                Linux.lsetxattr(limboDescriptor, name, ID_XATTR, idBytes(id.value()));
            }
            case SYMLINK -> {
                Linux.symlinkat(target.unsafeArray(), limboDescriptor, name);
                Linux.lsetxattr(limboDescriptor, name, ID_XATTR, idBytes(id.value()));
            }
            case FIFO, SOCKET -> {
                Linux.mknodat(limboDescriptor, name, kind.typeBits() | 0600);
                Linux.lsetxattr(limboDescriptor, name, ID_XATTR, idBytes(id.value()));
            }
        }
        var node = new Node(kind, Linux.statx(limboDescriptor, name).inode());
        node.names.add(new Placement(LIMBO, idName(id)));
        nodes.put(id, node);
        nextId = Math.max(nextId, id.value() + 1);
        changed(id);
    }

    /** Moves a file from limbo to its name, which must be free. */
    void place(FileId id, FileId parent, Name name) throws IOException {
        moveName(id, idPlacement(LIMBO, id), new Placement(parent, name));
    }

    /** Moves a file's only remaining name to limbo. */
    void moveToLimbo(FileId id, Placement from) throws IOException {
        moveName(id, from, idPlacement(LIMBO, id));
    }

    /** Moves a file from limbo to the orphans. */
    void makeOrphan(FileId id) throws IOException {
        moveName(id, idPlacement(LIMBO, id), idPlacement(ORPHANS, id));
    }

    private void moveName(FileId id, Placement from, Placement to) throws IOException {
        Linux.renameat2(
                directoryDescriptor(from.directory()),
                from.name().bytes().toArray(),
                directoryDescriptor(to.directory()),
                to.name().bytes().toArray(),
                Linux.RENAME_NOREPLACE);
        replaceName(node(id), from, to);
        changed(from.directory());
        changed(to.directory());
    }

    /** One more name for a file. */
    void addName(FileId id, FileId parent, Name name) throws IOException {
        var node = node(id);
        Linux.linkat(
                parentOf(node), nameIn(node), directoryDescriptor(parent), name.bytes().toArray());
        node.names.add(new Placement(parent, name));
        changed(parent);
    }

    /** Takes a name away; with the last one the file goes, unless it becomes an orphan. */
    void removeName(FileId id, FileId parent, Name name, boolean becomesOrphan) throws IOException {
        var node = node(id);
        var place = new Placement(parent, name);
        if (becomesOrphan) {
            moveName(id, place, idPlacement(ORPHANS, id));
            return;
        }
        Linux.unlinkat(
                directoryDescriptor(parent),
                name.bytes().toArray(),
                node.kind == FileKind.DIRECTORY ? Linux.AT_REMOVEDIR : 0);
        changed(parent);
        loseName(id, node, place);
    }

    /** Removes a file, whatever it is called. What is in a directory goes to limbo. */
    void discard(FileId id) throws IOException {
        var node = node(id);
        if (node.kind == FileKind.DIRECTORY) {
            for (var entry : List.copyOf(nodes.entrySet())) {
                takeOut(entry.getKey(), entry.getValue(), id);
            }
        }
        for (var place : List.copyOf(node.names)) {
            removeName(id, place.directory(), place.name(), false);
        }
    }

    private void takeOut(FileId id, Node node, FileId directory) throws IOException {
        for (var place : List.copyOf(node.names)) {
            if (place.directory().equals(directory)) {
                if (node.names.size() > 1) {
                    removeName(id, directory, place.name(), false);
                } else {
                    moveToLimbo(id, place);
                }
            }
        }
    }

    private void rename(Rename o) throws IOException {
        var from = new Placement(o.parent(), o.name());
        var to = new Placement(o.newParent(), o.newName());
        if (o.replaced().isPresent() && o.replaced().get().becomesOrphan()) {
            // Its second name first: at no moment may the file have none.
            var orphan = o.replaced().get().id();
            Linux.linkat(
                    directoryDescriptor(to.directory()),
                    to.name().bytes().toArray(),
                    orphansDescriptor,
                    idName(orphan).bytes().toArray());
            node(orphan).names.add(idPlacement(ORPHANS, orphan));
            unsyncedUncounted = true;
        }
        Linux.renameat2(
                directoryDescriptor(from.directory()),
                from.name().bytes().toArray(),
                directoryDescriptor(to.directory()),
                to.name().bytes().toArray(),
                o.replaced().isPresent() ? 0 : Linux.RENAME_NOREPLACE);
        if (o.replaced().isPresent()) {
            var replaced = o.replaced().get().id();
            loseName(replaced, node(replaced), to);
        }
        replaceName(node(o.id()), from, to);
        changed(from.directory());
        changed(to.directory());
    }

    private void exchange(Exchange o) throws IOException {
        var one = new Placement(o.parent(), o.name());
        var other = new Placement(o.otherParent(), o.otherName());
        Linux.renameat2(
                directoryDescriptor(one.directory()),
                one.name().bytes().toArray(),
                directoryDescriptor(other.directory()),
                other.name().bytes().toArray(),
                Linux.RENAME_EXCHANGE);
        replaceName(node(o.id()), one, other);
        replaceName(node(o.otherId()), other, one);
        changed(one.directory());
        changed(other.directory());
    }

    private static void replaceName(Node node, Placement from, Placement to) throws IOException {
        int at = node.names.indexOf(from);
        if (at < 0) {
            throw new DamagedVolumeException("a file is not called " + from);
        }
        node.names.set(at, to);
    }

    private void loseName(FileId id, Node node, Placement place) throws IOException {
        if (!node.names.remove(place)) {
            throw new DamagedVolumeException("file " + id + " is not called " + place);
        }
        if (node.names.isEmpty()) {
            nodes.remove(id);
            staleTimes.remove(id);
            unsynced.remove(id);
            drop(id);
        }
    }

    private void setAccess(FileId id, Access access, long timeNanos) throws IOException {
        setOwner(id, access.uid(), access.gid());
        // After chown(2), which clears the set-uid bit.
        setPermissions(id, access.permissions());
        touch(id, timeNanos);
    }

    void setOwner(FileId id, int uid, int gid) throws IOException {
        switch (node(id).kind) {
            case FILE, DIRECTORY -> Linux.fchown(descriptor(id), uid, gid);
            case SYMLINK, FIFO, SOCKET ->
                    Linux.fchownat(parentOf(node(id)), nameIn(node(id)), uid, gid);
        }
        changed(id);
    }

    void setPermissions(FileId id, int permissions) throws IOException {
        switch (node(id).kind) {
            case FILE, DIRECTORY -> Linux.fchmod(descriptor(id), permissions);
            case FIFO, SOCKET -> Linux.fchmodat(parentOf(node(id)), nameIn(node(id)), permissions);
            case SYMLINK -> {}
        }
        changed(id);
    }

    /**
     * Makes owner, permissions, times and extended attributes those of the image, and no others.
     */
    void setAllAttributes(FileImage image) throws IOException {
        var id = image.id();
        setOwner(id, image.access().uid(), image.access().gid());
        // After chown(2), which clears the set-uid bit.
        setPermissions(id, image.access().permissions());
        for (var name : xattrs(id).keySet()) {
            if (!image.xattrs().containsKey(name)) {
                removeXattr(id, name);
            }
        }
        for (var xattr : image.xattrs().entrySet()) {
            setXattr(id, xattr.getKey(), xattr.getValue());
        }
        setTimes(id, image.accessTimeNanos(), Linux.TIME_OMIT);
        touch(id, image.modifyTimeNanos());
    }

    void truncate(FileId id, long sizeBytes) throws IOException {
        Linux.ftruncate(file(id).descriptor, sizeBytes);
        changed(id);
    }

    private void setAttributes(SetAttributes o) throws IOException {
        if (o.sizeBytes().isPresent()) {
            truncate(o.id(), o.sizeBytes().getAsLong());
        }
        if (o.uid().isPresent() || o.gid().isPresent()) {
            int before = o.permissions().isPresent() ? 0 : status(o.id()).permissions();
            setOwner(o.id(), o.uid().orElse(-1), o.gid().orElse(-1));
            if (o.permissions().isEmpty() && (before & 06000) != 0) {
                setPermissions(o.id(), before);
            }
        }
        if (o.permissions().isPresent()) {
            setPermissions(o.id(), o.permissions().getAsInt());
        }
        if (o.accessTimeNanos().isPresent()) {
            setTimes(o.id(), o.accessTimeNanos().getAsLong(), Linux.TIME_OMIT);
        }
        o.modifyTimeNanos().ifPresent(time -> touch(o.id(), time));
        changed(o.id());
    }

    void setXattr(FileId id, Bytes name, Bytes value) throws IOException {
        switch (node(id).kind) {
            case FILE, DIRECTORY ->
                    Linux.fsetxattr(descriptor(id), name.unsafeArray(), value.unsafeArray());
            case SYMLINK, FIFO, SOCKET ->
                    Linux.lsetxattr(
                            parentOf(node(id)),
                            nameIn(node(id)),
                            name.unsafeArray(),
                            value.unsafeArray());
        }
        changed(id);
    }

    void removeXattr(FileId id, Bytes name) throws IOException {
        try {
            switch (node(id).kind) {
                case FILE, DIRECTORY -> Linux.fremovexattr(descriptor(id), name.unsafeArray());
                case SYMLINK, FIFO, SOCKET ->
                        Linux.lremovexattr(
                                parentOf(node(id)), nameIn(node(id)), name.unsafeArray());
            }
        } catch (LinuxException e) {
            // Done before: this is redo.
            if (e.errno() != Errno.ENODATA) {
                throw e;
            }
        }
        changed(id);
    }

    void writeContent(FileId id, byte[] data, long offsetBytes) throws IOException {
        Linux.pwriteFully(file(id).descriptor, data, offsetBytes);
        changed(id);
    }

    /** The same from native memory. */
    void writeContent(FileId id, MemorySegment data, long offsetBytes) throws IOException {
        Linux.pwriteFully(file(id).descriptor, data, data.byteSize(), offsetBytes);
        changed(id);
    }

    /** Sets a file's mtime, some time before the next {@link #sync}. */
    void touch(FileId id, long modifyTimeNanos) {
        staleTimes.put(id, modifyTimeNanos);
        changed(id);
    }

    void setTimes(FileId id, long accessTimeNanos, long modifyTimeNanos) throws IOException {
        if (id.equals(FileId.ROOT)) {
            Linux.futimens(treeDescriptor, accessTimeNanos, modifyTimeNanos);
            return;
        }
        var open = openFiles.get(id);
        if (open != null) {
            Linux.futimens(open.descriptor, accessTimeNanos, modifyTimeNanos);
        } else {
            var node = node(id);
            Linux.utimensat(parentOf(node), nameIn(node), accessTimeNanos, modifyTimeNanos);
        }
        changed(id);
    }

    /** Sets the times that {@link #touch} has put off. */
    void flushTimes() throws IOException {
        for (var stale : staleTimes.entrySet()) {
            if (nodes.containsKey(stale.getKey())) {
                setTimes(stale.getKey(), Linux.TIME_OMIT, stale.getValue());
            }
        }
        staleTimes.clear();
    }

    // ---- Durability ----

    /**
     * What must be synced for everything up to now to be durable; new changes count for the next
     * one.
     */
    record Unsynced(List<OpenFile> files, boolean everything) {

        Unsynced withEverything() {
            return new Unsynced(files, true);
        }
    }

    /**
     * Sets all times and takes the list of what is unsynced. Quick; {@link #sync} then works
     * without a lock.
     */
    Unsynced beginSync() throws IOException {
        flushTimes();
        Linux.fsetxattr(treeDescriptor, NEXT_ID_XATTR, idBytes(nextId));
        unsynced.add(FileId.ROOT);
        boolean everything = unsyncedUncounted || unsynced.size() > SINGLE_SYNCS_MAX;
        var files = new ArrayList<OpenFile>();
        for (var id : everything ? List.<FileId>of() : unsynced) {
            if (id.equals(FileId.ROOT)) {
                files.add(new OpenFile(id, treeDescriptor));
            } else if (nodes.containsKey(id)) {
                files.add(pin(id));
            }
        }
        unsynced.clear();
        unsyncedUncounted = false;
        return new Unsynced(List.copyOf(files), everything);
    }

    /** Flushes to the disk. An error means that the disk is gone: never call it again (R32). */
    void sync(Unsynced what) throws IOException {
        if (what.everything()) {
            Linux.syncfs(treeDescriptor);
        } else {
            for (var file : what.files()) {
                Linux.fsync(file.descriptor);
            }
        }
    }

    void endSync(Unsynced what) {
        for (var file : what.files()) {
            if (!file.id.equals(FileId.ROOT)) {
                unpin(file);
            }
        }
    }

    private void changed(FileId id) {
        if (id.equals(ORPHANS) || id.equals(LIMBO)) {
            // Every change there has its counterpart in the tree, and any file's fsync commits
            // both.
            unsyncedUncounted = true;
            return;
        }
        var node = nodes.get(id);
        if (unsyncedUncounted || node == null) {
            return;
        }
        if (node.kind != FileKind.FILE && node.kind != FileKind.DIRECTORY) {
            // There is no descriptor to sync.
            unsyncedUncounted = true;
        } else if (unsynced.size() <= SINGLE_SYNCS_MAX) {
            unsynced.add(id);
        }
    }

    // ---- Descriptors ----

    /** A file's descriptor that stays open until {@link #unpin}. */
    OpenFile pin(FileId id) throws IOException {
        var file = file(id);
        file.pins++;
        return file;
    }

    void unpin(OpenFile file) {
        file.pins--;
        if (file.pins == 0 && file.dropped) {
            Linux.close(file.descriptor);
        }
    }

    private int descriptor(FileId id) throws IOException {
        return id.equals(FileId.ROOT) ? treeDescriptor : file(id).descriptor;
    }

    /** The open regular file or directory. */
    private OpenFile file(FileId id) throws IOException {
        var open = openFiles.get(id);
        if (open != null) {
            return open;
        }
        var node = node(id);
        int flags =
                node.kind == FileKind.DIRECTORY ? Linux.O_RDONLY | Linux.O_DIRECTORY : Linux.O_RDWR;
        int descriptor =
                Linux.openat(
                        parentOf(node),
                        nameIn(node),
                        flags | Linux.O_NOFOLLOW | Linux.O_NOATIME,
                        0);
        var file = new OpenFile(id, descriptor);
        openFiles.put(id, file);
        return file;
    }

    private int directoryDescriptor(FileId id) throws IOException {
        if (id.equals(FileId.ROOT)) {
            return treeDescriptor;
        }
        if (id.equals(ORPHANS)) {
            return orphansDescriptor;
        }
        if (id.equals(LIMBO)) {
            return limboDescriptor;
        }
        return file(id).descriptor;
    }

    private int parentOf(Node node) throws IOException {
        return directoryDescriptor(node.names.getFirst().directory());
    }

    private static byte[] nameIn(Node node) {
        return node.names.getFirst().name().bytes().toArray();
    }

    private Node node(FileId id) throws IOException {
        var node = nodes.get(id);
        if (node == null) {
            throw new DamagedVolumeException("file " + id + " is missing in " + directory);
        }
        return node;
    }

    private void drop(FileId id) {
        var file = openFiles.remove(id);
        if (file != null) {
            file.dropped = true;
            if (file.pins == 0) {
                Linux.close(file.descriptor);
            }
        }
    }

    /**
     * Closes what was not used for the longest time. Only between operations, whose descriptors
     * must stay.
     */
    void trim() throws IOException {
        if (openFiles.size() > OPEN_FILES_MAX) {
            for (var files = openFiles.values().iterator();
                    files.hasNext() && openFiles.size() > OPEN_FILES_MAX; ) {
                var file = files.next();
                if (file.pins == 0) {
                    files.remove();
                    Linux.close(file.descriptor);
                }
            }
        }
        if (staleTimes.size() > STALE_TIMES_MAX) {
            flushTimes();
        }
    }

    @Override
    public void close() {
        for (var file : openFiles.values()) {
            file.dropped = true;
            if (file.pins == 0) {
                Linux.close(file.descriptor);
            }
        }
        openFiles.clear();
        for (int descriptor :
                new int[] {
                    treeDescriptor, orphansDescriptor, limboDescriptor, directoryDescriptor
                }) {
            Linux.close(descriptor);
        }
    }

    // ---- Names of ids ----

    static Placement idPlacement(FileId directory, FileId id) {
        return new Placement(directory, idName(id));
    }

    private static Name idName(FileId id) {
        return Name.of(Long.toString(id.value()));
    }

    private static byte[] idBytes(long id) {
        return ByteBuffer.allocate(Long.BYTES).putLong(id).array();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Copies content to native memory; 0 at the end of the file. */
    static long read(OpenFile file, MemorySegment memory, long sizeBytes, long offsetBytes)
            throws IOException {
        long doneBytes = 0;
        while (doneBytes < sizeBytes) {
            long count =
                    Linux.pread(
                            file.descriptor,
                            memory.asSlice(doneBytes),
                            sizeBytes - doneBytes,
                            offsetBytes + doneBytes);
            if (count == 0) {
                break;
            }
            doneBytes += count;
        }
        return doneBytes;
    }
}
