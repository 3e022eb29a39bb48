package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.volume.Operation.Access;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A file as the primary's programs see it, and what their kernel holds of it. Guarded by the
 * volume's lock.
 */
final class Inode {

    final FileId id;
    final FileKind kind;
    final Bytes target;

    int permissions;
    int uid;
    int gid;
    long sizeBytes;
    long accessTimeNanos;
    long modifyTimeNanos;
    long changeTimeNanos;
    final NavigableMap<Bytes, Bytes> xattrs = new TreeMap<>();
    int xattrBytes;

    /** How many names the file has; 0 for an orphan and for what is gone. Directories have one. */
    int names;

    /** Whether the file has lost its last name, but lives on until its {@link Operation.Reap}. */
    boolean orphan;

    /** Of a directory: the one above it. */
    FileId parent = FileId.ROOT;

    /**
     * Of a directory: its entries in the order in which they are listed. Always empty for other
     * kinds.
     */
    final NavigableMap<EntryKey, Inode> entries;

    int subdirectories;

    /** How often the kernel was told of the file, less how often it forgot that. */
    long lookups;

    /** How many open descriptions of this daemon's time there are. */
    int openHandles;

    /** Whether the kernel may hold open descriptions from before a restart of the daemon. */
    boolean heldFromBefore;

    /** Operations on this file that are not in the backing directory yet. */
    int pendingOperations;

    /** Content in them: so much may be allocated for it. */
    long pendingContentBytes;

    /**
     * What the file occupied when the disk was last asked with nothing pending, in units of 512
     * bytes; a new file begins with nothing. Empty after a restart.
     */
    OptionalLong seenBlocks = OptionalLong.empty();

    /** Content that came since then. */
    long contentBytesSinceSeen;

    Inode(FileId id, FileKind kind, Access access, Bytes target, long timeNanos) {
        this.id = id;
        this.kind = kind;
        this.target = target;
        this.permissions = access.permissions();
        this.uid = access.uid();
        this.gid = access.gid();
        this.accessTimeNanos = timeNanos;
        this.modifyTimeNanos = timeNanos;
        this.changeTimeNanos = timeNanos;
        this.entries =
                kind == FileKind.DIRECTORY ? new TreeMap<>() : Collections.emptyNavigableMap();
    }

    boolean isDirectory() {
        return kind == FileKind.DIRECTORY;
    }

    boolean mayBeOpen() {
        return openHandles > 0 || heldFromBefore;
    }

    int links() {
        return isDirectory() && names > 0 ? 2 + subdirectories : names;
    }

    void touch(long timeNanos) {
        modifyTimeNanos = timeNanos;
        changeTimeNanos = timeNanos;
    }
}
