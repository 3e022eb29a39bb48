package io.leasehold.blockrep.volume;

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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All names and attributes of a volume in memory, right after the last operation: what LOOKUP,
 * GETATTR and READDIR answer from, and what a new operation is validated against. The backing
 * directory may be some operations behind.
 *
 * <p>Guarded by the volume's lock.
 */
final class FileTree {

    private final Map<FileId, Inode> inodes = new HashMap<>();
    private final Inode root;
    private long nextId;

    private FileTree(Inode root, FileId nextId) {
        this.root = root;
        this.nextId = nextId.value();
        inodes.put(root.id, root);
    }

    /** The tree of files that were found in a backing directory. */
    static FileTree of(List<FileImage> files, FileId nextId) throws DamagedVolumeException {
        var byId = new HashMap<FileId, Inode>();
        for (var file : files) {
            byId.put(file.id(), inodeOf(file));
        }
        var root = byId.get(FileId.ROOT);
        if (root == null) {
            throw new DamagedVolumeException("no root directory");
        }
        root.names = 1;
        var tree = new FileTree(root, nextId);
        tree.inodes.putAll(byId);
        for (var file : files) {
            for (var place : file.names()) {
                var parent = byId.get(place.directory());
                if (parent == null || !parent.isDirectory()) {
                    throw new DamagedVolumeException(
                            "file " + file.id() + " is in no directory: " + place);
                }
                tree.attach(parent, place.name(), tree.get(file.id()));
            }
        }
        return tree;
    }

    private static Inode inodeOf(FileImage file) {
        var inode =
                new Inode(
                        file.id(),
                        file.kind(),
                        file.access(),
                        file.target(),
                        file.modifyTimeNanos());
        inode.sizeBytes = file.sizeBytes();
        inode.accessTimeNanos = file.accessTimeNanos();
        inode.changeTimeNanos = file.changeTimeNanos();
        inode.orphan = file.isOrphan();
        file.xattrs().forEach((name, value) -> putXattr(inode, name, value));
        return inode;
    }

    Inode root() {
        return root;
    }

    Optional<Inode> find(FileId id) {
        return Optional.ofNullable(inodes.get(id));
    }

    Inode get(FileId id) {
        var inode = inodes.get(id);
        if (inode == null) {
            throw new IllegalStateException(
                    "an operation names file " + id + ", which is not there");
        }
        return inode;
    }

    Optional<Inode> lookup(Inode directory, Name name) {
        return Optional.ofNullable(directory.entries.get(EntryKey.of(name)));
    }

    /** An id that no file has or had. */
    FileId nextId() {
        return new FileId(nextId);
    }

    int fileCount() {
        return inodes.size();
    }

    /** Files without a name that wait for their {@link Reap}. */
    List<FileId> orphans() {
        var orphans = new ArrayList<FileId>();
        for (var inode : inodes.values()) {
            if (inode.orphan) {
                orphans.add(inode.id);
            }
        }
        return orphans;
    }

    /** Drops a file that is gone and that the kernel has forgotten. */
    void forget(Inode inode) {
        if (inode.names == 0 && !inode.orphan) {
            inodes.remove(inode.id);
        }
    }

    /**
     * A new mount begins: its kernel knows nothing yet.
     *
     * @param resumed it is not new, but was served by another process until now
     */
    void beginMount(boolean resumed) {
        inodes.values().removeIf(inode -> inode.names == 0 && !inode.orphan);
        for (var inode : inodes.values()) {
            inode.lookups = 0;
            inode.openHandles = 0;
            inode.heldFromBefore = resumed && inode.kind == FileKind.FILE;
        }
    }

    void apply(Operation operation) {
        switch (operation) {
            case Create o ->
                    add(
                            o.parent(),
                            o.name(),
                            inode(o.id(), FileKind.FILE, o.access(), o.timeNanos()));
            case MakeDirectory o ->
                    add(
                            o.parent(),
                            o.name(),
                            inode(o.id(), FileKind.DIRECTORY, o.access(), o.timeNanos()));
            case MakeNode o ->
                    add(
                            o.parent(),
                            o.name(),
                            inode(o.id(), FileKind.of(o.kind()), o.access(), o.timeNanos()));
            case SymbolicLink o ->
                    add(
                            o.parent(),
                            o.name(),
                            new Inode(
                                    o.id(),
                                    FileKind.SYMLINK,
                                    new Access(0777, o.uid(), o.gid()),
                                    o.target(),
                                    o.timeNanos()));
            case Link o -> {
                var inode = get(o.id());
                attach(get(o.parent()), o.name(), inode);
                inode.changeTimeNanos = o.timeNanos();
                get(o.parent()).touch(o.timeNanos());
            }
            case Unlink o -> remove(o.parent(), o.name(), o.becomesOrphan(), o.timeNanos());
            case RemoveDirectory o -> remove(o.parent(), o.name(), false, o.timeNanos());
            case Rename o -> {
                if (o.replaced().isPresent()) {
                    remove(
                            o.newParent(),
                            o.newName(),
                            o.replaced().get().becomesOrphan(),
                            o.timeNanos());
                }
                var inode = detach(get(o.parent()), o.name());
                attach(get(o.newParent()), o.newName(), inode);
                inode.changeTimeNanos = o.timeNanos();
                get(o.parent()).touch(o.timeNanos());
                get(o.newParent()).touch(o.timeNanos());
            }
            case Exchange o -> {
                var one = detach(get(o.parent()), o.name());
                var other = detach(get(o.otherParent()), o.otherName());
                attach(get(o.otherParent()), o.otherName(), one);
                attach(get(o.parent()), o.name(), other);
                one.changeTimeNanos = o.timeNanos();
                other.changeTimeNanos = o.timeNanos();
                get(o.parent()).touch(o.timeNanos());
                get(o.otherParent()).touch(o.timeNanos());
            }
            case Write o -> {
                var inode = get(o.id());
                if (o.data().lengthBytes() > 0) {
                    inode.sizeBytes =
                            Math.max(inode.sizeBytes, o.offsetBytes() + o.data().lengthBytes());
                }
                inode.touch(o.timeNanos());
            }
            case SetAttributes o -> setAttributes(get(o.id()), o);
            case SetXattr o -> {
                putXattr(get(o.id()), o.name(), o.value());
                get(o.id()).changeTimeNanos = o.timeNanos();
            }
            case RemoveXattr o -> {
                var inode = get(o.id());
                var value = inode.xattrs.remove(o.name());
                if (value != null) {
                    inode.xattrBytes -= xattrBytes(o.name(), value);
                }
                inode.changeTimeNanos = o.timeNanos();
            }
            case Fallocate o -> {
                var inode = get(o.id());
                if (o.mode() == AllocationMode.ALLOCATE || o.mode() == AllocationMode.ZERO_RANGE) {
                    inode.sizeBytes = Math.max(inode.sizeBytes, o.offsetBytes() + o.lengthBytes());
                }
                inode.touch(o.timeNanos());
            }
            case Reap o -> inodes.remove(o.id());
            case Barrier _ -> {}
        }
    }

    private static Inode inode(FileId id, FileKind kind, Access access, long timeNanos) {
        return new Inode(id, kind, access, Bytes.EMPTY, timeNanos);
    }

    private void add(FileId parent, Name name, Inode inode) {
        inodes.put(inode.id, inode);
        nextId = Math.max(nextId, inode.id.value() + 1);
        attach(get(parent), name, inode);
        get(parent).touch(inode.modifyTimeNanos);
    }

    private void remove(FileId parentId, Name name, boolean becomesOrphan, long timeNanos) {
        var parent = get(parentId);
        var inode = detach(parent, name);
        inode.changeTimeNanos = timeNanos;
        parent.touch(timeNanos);
        inode.orphan = becomesOrphan;
        // What the kernel still knows, it may still ask about.
        if (inode.names == 0 && !becomesOrphan && inode.lookups == 0) {
            inodes.remove(inode.id);
        }
    }

    private void attach(Inode directory, Name name, Inode inode) {
        if (directory.entries.putIfAbsent(EntryKey.of(name), inode) != null) {
            throw new IllegalStateException("\"" + name + "\" is there already in " + directory.id);
        }
        inode.names++;
        if (inode.isDirectory()) {
            inode.parent = directory.id;
            directory.subdirectories++;
        }
    }

    private static Inode detach(Inode directory, Name name) {
        var inode = directory.entries.remove(EntryKey.of(name));
        if (inode == null) {
            throw new IllegalStateException("no \"" + name + "\" in " + directory.id);
        }
        inode.names--;
        if (inode.isDirectory()) {
            directory.subdirectories--;
        }
        return inode;
    }

    /** Changes a file that has no place in the volume any more, for those who still hold it. */
    void applyToRemoved(Inode inode, SetAttributes change) {
        setAttributes(inode, change);
    }

    private static void setAttributes(Inode inode, SetAttributes o) {
        o.permissions().ifPresent(permissions -> inode.permissions = permissions);
        o.uid().ifPresent(uid -> inode.uid = uid);
        o.gid().ifPresent(gid -> inode.gid = gid);
        o.sizeBytes().ifPresent(size -> inode.sizeBytes = size);
        o.accessTimeNanos().ifPresent(time -> inode.accessTimeNanos = time);
        o.modifyTimeNanos().ifPresent(time -> inode.modifyTimeNanos = time);
        inode.changeTimeNanos = o.timeNanos();
    }

    private static void putXattr(Inode inode, Bytes name, Bytes value) {
        var before = inode.xattrs.put(name, value);
        if (before != null) {
            inode.xattrBytes -= xattrBytes(name, before);
        }
        inode.xattrBytes += xattrBytes(name, value);
    }

    /**
     * What an attribute takes in ext4's one block: an entry of 16 bytes, name and value rounded up
     * to 4.
     */
    static int xattrBytes(Bytes name, Bytes value) {
        return 16 + (name.lengthBytes() + 3) / 4 * 4 + (value.lengthBytes() + 3) / 4 * 4;
    }
}
