package io.leasehold.blockrep.volume;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One change of a volume, decided on the primary and applied on both nodes in the same order.
 *
 * <p>An operation is a fact, not a wish: it was validated before it got its place, so applying it
 * cannot be refused. It says everything itself: new ids, times and the files that go away are in
 * it, nothing is looked up or read from a clock when it is applied. Files are named by id, entries
 * by directory id and name. All of this makes redo possible over a directory that already has the
 * effects of later operations.
 *
 * <p>Times are nanoseconds since 1970 on the primary's wall clock. A change of an entry gives its
 * time to the mtime of the directory.
 */
public sealed interface Operation {

    /** Largest payload of one {@link Write}. */
    int MAX_WRITE_BYTES = 1 << 20;

    /** Largest target of a symbolic link (PATH_MAX without its NUL). */
    int MAX_TARGET_BYTES = 4095;

    /** Largest name of an extended attribute (XATTR_NAME_MAX). */
    int MAX_XATTR_NAME_BYTES = 255;

    /**
     * Largest value of an extended attribute (XATTR_SIZE_MAX); what a file can hold in total is
     * less.
     */
    int MAX_XATTR_VALUE_BYTES = 65_536;

    /**
     * Owner and permissions.
     *
     * @param permissions the low 12 bits of st_mode: rwx of three classes, set-uid, set-gid, sticky
     */
    record Access(int permissions, int uid, int gid) {

        public static final int PERMISSIONS_MASK = 07777;

        public Access {
            if ((permissions & ~PERMISSIONS_MASK) != 0) {
                throw new IllegalArgumentException(
                        "permissions %o have more than 12 bits".formatted(permissions));
            }
        }
    }

    /** A new, empty regular file. */
    record Create(long timeNanos, FileId parent, Name name, FileId id, Access access)
            implements Operation {}

    /** A new, empty directory. */
    record MakeDirectory(long timeNanos, FileId parent, Name name, FileId id, Access access)
            implements Operation {}

    /** A new symbolic link; its permissions are always 0777. */
    record SymbolicLink(
            long timeNanos, FileId parent, Name name, FileId id, int uid, int gid, Bytes target)
            implements Operation {
        public SymbolicLink {
            if (target.lengthBytes() < 1 || target.lengthBytes() > MAX_TARGET_BYTES) {
                throw new IllegalArgumentException("target of " + target.lengthBytes() + " bytes");
            }
        }
    }

    /** A new special file. Devices are not among them: the mount is {@code nodev}. */
    record MakeNode(
            long timeNanos, FileId parent, Name name, FileId id, Access access, NodeKind kind)
            implements Operation {}

    /** Kinds of special files. */
    enum NodeKind {
        FIFO,
        SOCKET
    }

    /**
     * One more name for a file that is no directory. An orphan with a new name is none any more.
     */
    record Link(long timeNanos, FileId parent, Name name, FileId id) implements Operation {}

    /**
     * Takes a name away from a file that is no directory.
     *
     * @param becomesOrphan whether this was the last name of a file that is open: it lives on until
     *     {@link Reap}
     */
    record Unlink(long timeNanos, FileId parent, Name name, FileId id, boolean becomesOrphan)
            implements Operation {}

    /** Removes an empty directory. */
    record RemoveDirectory(long timeNanos, FileId parent, Name name, FileId id)
            implements Operation {}

    /** Moves an entry; what had the new name before, loses it. */
    record Rename(
            long timeNanos,
            FileId parent,
            Name name,
            FileId newParent,
            Name newName,
            FileId id,
            Optional<Replaced> replaced)
            implements Operation {}

    /**
     * What had the new name of a rename before.
     *
     * @param becomesOrphan as in {@link Unlink}
     */
    record Replaced(FileId id, boolean becomesOrphan) {}

    /** Two entries change places (RENAME_EXCHANGE). */
    record Exchange(
            long timeNanos,
            FileId parent,
            Name name,
            FileId id,
            FileId otherParent,
            Name otherName,
            FileId otherId)
            implements Operation {}

    /** Bytes at an offset; the file grows if they reach beyond its end. */
    record Write(long timeNanos, FileId id, long offsetBytes, Bytes data) implements Operation {
        public Write {
            if (offsetBytes < 0 || offsetBytes > Long.MAX_VALUE - MAX_WRITE_BYTES) {
                throw new IllegalArgumentException("write at offset " + offsetBytes);
            }
            if (data.lengthBytes() > MAX_WRITE_BYTES) {
                throw new IllegalArgumentException("write of " + data.lengthBytes() + " bytes");
            }
        }
    }

    /**
     * New values for those attributes that are present. With a size: truncate or extend by a hole.
     */
    record SetAttributes(
            long timeNanos,
            FileId id,
            OptionalInt permissions,
            OptionalInt uid,
            OptionalInt gid,
            OptionalLong sizeBytes,
            OptionalLong accessTimeNanos,
            OptionalLong modifyTimeNanos)
            implements Operation {
        public SetAttributes {
            if ((permissions.orElse(0) & ~Access.PERMISSIONS_MASK) != 0) {
                throw new IllegalArgumentException("permissions have more than 12 bits");
            }
            if (sizeBytes.orElse(0) < 0) {
                throw new IllegalArgumentException("size " + sizeBytes);
            }
        }
    }

    /** Sets an extended attribute. The name is whole, with its namespace ({@code user.note}). */
    record SetXattr(long timeNanos, FileId id, Bytes name, Bytes value) implements Operation {
        public SetXattr {
            checkXattrName(name);
            if (value.lengthBytes() > MAX_XATTR_VALUE_BYTES) {
                throw new IllegalArgumentException(
                        "attribute of " + value.lengthBytes() + " bytes");
            }
        }
    }

    /** Removes an extended attribute. */
    record RemoveXattr(long timeNanos, FileId id, Bytes name) implements Operation {
        public RemoveXattr {
            checkXattrName(name);
        }
    }

    /** Allocates, zeroes or frees the space of a range. */
    record Fallocate(
            long timeNanos, FileId id, AllocationMode mode, long offsetBytes, long lengthBytes)
            implements Operation {
        public Fallocate {
            if (offsetBytes < 0 || lengthBytes < 1 || offsetBytes > Long.MAX_VALUE - lengthBytes) {
                throw new IllegalArgumentException(
                        "range of " + lengthBytes + " bytes at " + offsetBytes);
            }
        }
    }

    /** What {@link Fallocate} does with its range. */
    enum AllocationMode {
        ALLOCATE,
        ALLOCATE_KEEP_SIZE,
        PUNCH_HOLE,
        ZERO_RANGE,
        ZERO_RANGE_KEEP_SIZE
    }

    /** An orphan goes away for good: nobody has it open any more. */
    record Reap(FileId id) implements Operation {}

    /** Changes nothing: a place in the order to point at. */
    record Barrier() implements Operation {}

    private static void checkXattrName(Bytes name) {
        if (name.lengthBytes() < 1 || name.lengthBytes() > MAX_XATTR_NAME_BYTES) {
            throw new IllegalArgumentException(
                    "attribute name of " + name.lengthBytes() + " bytes");
        }
    }
}
