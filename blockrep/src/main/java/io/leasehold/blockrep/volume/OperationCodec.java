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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * An operation as bytes, the same in the journal and on the wire. Integers are big-endian.
 *
 * <pre>
 *   0       1       2               4                               12
 *  +-------+-------+---------------+-------------------------------+----
 *  | kind  | flags | 0             | timeNanos (i64)               | body: the table below
 *  +-------+-------+---------------+-------------------------------+----
 *
 *  id, parent …  u64, at least 1      access    u16 permissions, u32 uid, u32 gid
 *  name          u8 length, bytes     xname     u8 length, bytes (name of an extended attribute)
 *  target        u16 length, bytes    value     u32 length, bytes
 *
 *  kind                 flags                    body
 *   1 Create            0                        id parent name access
 *   2 MakeDirectory     0                        id parent name access
 *   3 SymbolicLink      0                        id parent name u32 uid, u32 gid, target
 *   4 MakeNode          0 FIFO, 1 SOCKET         id parent name access
 *   5 Link              0                        id parent name
 *   6 Unlink            1 becomes orphan         id parent name
 *   7 RemoveDirectory   0                        id parent name
 *   8 Rename            1 replaces, 2 orphan     id parent name newParent newName [replaced id]
 *   9 Exchange          0                        id parent name otherId otherParent otherName
 *  10 Write             0                        id, u64 offset, value
 *  11 SetAttributes     1 permissions, 2 uid,    id [u16 permissions] [u32 uid] [u32 gid] [u64 size]
 *                       4 gid, 8 size, 16 atime, [i64 atime] [i64 mtime]
 *                       32 mtime
 *  12 SetXattr          0                        id xname value
 *  13 RemoveXattr       0                        id xname
 *  14 Fallocate         0 ALLOCATE,              id, u64 offset, u64 length
 *                       1 ALLOCATE_KEEP_SIZE, 2 PUNCH_HOLE,
 *                       3 ZERO_RANGE, 4 ZERO_RANGE_KEEP_SIZE
 *  15 Reap              0                        id                       (timeNanos is 0)
 *  16 Barrier           0                                                 (timeNanos is 0)
 * </pre>
 *
 * A kind's number is never used again for something else. Every operation has exactly one encoding,
 * so that both nodes compute the same rolling hash over it; a byte more or less than it needs is an
 * error.
 */
public final class OperationCodec {

    /** No operation is longer: a write of the largest size with all that goes with it. */
    public static final int MAX_ENCODED_BYTES = Operation.MAX_WRITE_BYTES + 64;

    static final int HEADER_BYTES = 12;

    private static final byte CREATE = 1;
    private static final byte MAKE_DIRECTORY = 2;
    private static final byte SYMBOLIC_LINK = 3;
    private static final byte MAKE_NODE = 4;
    private static final byte LINK = 5;
    private static final byte UNLINK = 6;
    private static final byte REMOVE_DIRECTORY = 7;
    private static final byte RENAME = 8;
    private static final byte EXCHANGE = 9;
    private static final byte WRITE = 10;
    private static final byte SET_ATTRIBUTES = 11;
    private static final byte SET_XATTR = 12;
    private static final byte REMOVE_XATTR = 13;
    private static final byte FALLOCATE = 14;
    private static final byte REAP = 15;
    private static final byte BARRIER = 16;

    private static final int UNLINK_ORPHAN = 1;
    private static final int RENAME_REPLACES = 1;
    private static final int RENAME_ORPHAN = 2;
    private static final int SET_PERMISSIONS = 1;
    private static final int SET_UID = 2;
    private static final int SET_GID = 4;
    private static final int SET_SIZE = 8;
    private static final int SET_ATIME = 16;
    private static final int SET_MTIME = 32;

    private OperationCodec() {}

    /** How many bytes {@link #encode} will put. */
    public static int encodedBytes(Operation operation) {
        return HEADER_BYTES
                + switch (operation) {
                    case Create o -> entryBytes(o.name()) + 10;
                    case MakeDirectory o -> entryBytes(o.name()) + 10;
                    case SymbolicLink o -> entryBytes(o.name()) + 8 + 2 + o.target().lengthBytes();
                    case MakeNode o -> entryBytes(o.name()) + 10;
                    case Link o -> entryBytes(o.name());
                    case Unlink o -> entryBytes(o.name());
                    case RemoveDirectory o -> entryBytes(o.name());
                    case Rename o ->
                            entryBytes(o.name())
                                    + 9
                                    + o.newName().bytes().lengthBytes()
                                    + (o.replaced().isPresent() ? 8 : 0);
                    case Exchange o -> entryBytes(o.name()) + entryBytes(o.otherName());
                    case Write o -> 8 + 8 + 4 + o.data().lengthBytes();
                    case SetAttributes o ->
                            8
                                    + (o.permissions().isPresent() ? 2 : 0)
                                    + (o.uid().isPresent() ? 4 : 0)
                                    + (o.gid().isPresent() ? 4 : 0)
                                    + (o.sizeBytes().isPresent() ? 8 : 0)
                                    + (o.accessTimeNanos().isPresent() ? 8 : 0)
                                    + (o.modifyTimeNanos().isPresent() ? 8 : 0);
                    case SetXattr o -> 8 + 1 + o.name().lengthBytes() + 4 + o.value().lengthBytes();
                    case RemoveXattr o -> 8 + 1 + o.name().lengthBytes();
                    case Fallocate _ -> 8 + 8 + 8;
                    case Reap _ -> 8;
                    case Barrier _ -> 0;
                };
    }

    /**
     * Puts an operation at the position of {@code buffer}, in big-endian order whatever the
     * buffer's is.
     *
     * @throws java.nio.BufferOverflowException if there is less room than {@link #encodedBytes}
     */
    public static void encode(Operation operation, ByteBuffer buffer) {
        var order = buffer.order();
        buffer.order(ByteOrder.BIG_ENDIAN);
        switch (operation) {
            case Create o -> {
                header(buffer, CREATE, 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
                access(buffer, o.access());
            }
            case MakeDirectory o -> {
                header(buffer, MAKE_DIRECTORY, 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
                access(buffer, o.access());
            }
            case SymbolicLink o -> {
                header(buffer, SYMBOLIC_LINK, 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
                buffer.putInt(o.uid()).putInt(o.gid());
                buffer.putShort((short) o.target().lengthBytes());
                o.target().putInto(buffer);
            }
            case MakeNode o -> {
                header(buffer, MAKE_NODE, code(o.kind()), o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
                access(buffer, o.access());
            }
            case Link o -> {
                header(buffer, LINK, 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
            }
            case Unlink o -> {
                header(buffer, UNLINK, o.becomesOrphan() ? UNLINK_ORPHAN : 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
            }
            case RemoveDirectory o -> {
                header(buffer, REMOVE_DIRECTORY, 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
            }
            case Rename o -> {
                int flags =
                        o.replaced().isEmpty()
                                ? 0
                                : RENAME_REPLACES
                                        | (o.replaced().get().becomesOrphan() ? RENAME_ORPHAN : 0);
                header(buffer, RENAME, flags, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
                buffer.putLong(o.newParent().value());
                name(buffer, o.newName().bytes());
                o.replaced().ifPresent(replaced -> buffer.putLong(replaced.id().value()));
            }
            case Exchange o -> {
                header(buffer, EXCHANGE, 0, o.timeNanos());
                entry(buffer, o.id(), o.parent(), o.name());
                entry(buffer, o.otherId(), o.otherParent(), o.otherName());
            }
            case Write o -> {
                header(buffer, WRITE, 0, o.timeNanos());
                buffer.putLong(o.id().value()).putLong(o.offsetBytes());
                value(buffer, o.data());
            }
            case SetAttributes o -> {
                int flags =
                        (o.permissions().isPresent() ? SET_PERMISSIONS : 0)
                                | (o.uid().isPresent() ? SET_UID : 0)
                                | (o.gid().isPresent() ? SET_GID : 0)
                                | (o.sizeBytes().isPresent() ? SET_SIZE : 0)
                                | (o.accessTimeNanos().isPresent() ? SET_ATIME : 0)
                                | (o.modifyTimeNanos().isPresent() ? SET_MTIME : 0);
                header(buffer, SET_ATTRIBUTES, flags, o.timeNanos());
                buffer.putLong(o.id().value());
                o.permissions().ifPresent(permissions -> buffer.putShort((short) permissions));
                o.uid().ifPresent(buffer::putInt);
                o.gid().ifPresent(buffer::putInt);
                o.sizeBytes().ifPresent(buffer::putLong);
                o.accessTimeNanos().ifPresent(buffer::putLong);
                o.modifyTimeNanos().ifPresent(buffer::putLong);
            }
            case SetXattr o -> {
                header(buffer, SET_XATTR, 0, o.timeNanos());
                buffer.putLong(o.id().value());
                name(buffer, o.name());
                value(buffer, o.value());
            }
            case RemoveXattr o -> {
                header(buffer, REMOVE_XATTR, 0, o.timeNanos());
                buffer.putLong(o.id().value());
                name(buffer, o.name());
            }
            case Fallocate o -> {
                header(buffer, FALLOCATE, code(o.mode()), o.timeNanos());
                buffer.putLong(o.id().value()).putLong(o.offsetBytes()).putLong(o.lengthBytes());
            }
            case Reap o -> {
                header(buffer, REAP, 0, 0);
                buffer.putLong(o.id().value());
            }
            case Barrier _ -> header(buffer, BARRIER, 0, 0);
        }
        buffer.order(order);
    }

    /** The bytes of an operation, in an array of their own. */
    public static byte[] encode(Operation operation) {
        var buffer = ByteBuffer.allocate(encodedBytes(operation));
        encode(operation, buffer);
        return buffer.array();
    }

    /**
     * Reads the one operation that the remaining bytes of {@code buffer} are.
     *
     * @throws MalformedOperationException if they are anything else; nothing is allocated for a
     *     length that is not there
     */
    public static Operation decode(ByteBuffer buffer) throws MalformedOperationException {
        return new Decoder(buffer).operation();
    }

    private static int entryBytes(Name name) {
        return 8 + 8 + 1 + name.bytes().lengthBytes();
    }

    private static int code(NodeKind kind) {
        return switch (kind) {
            case FIFO -> 0;
            case SOCKET -> 1;
        };
    }

    private static int code(AllocationMode mode) {
        return switch (mode) {
            case ALLOCATE -> 0;
            case ALLOCATE_KEEP_SIZE -> 1;
            case PUNCH_HOLE -> 2;
            case ZERO_RANGE -> 3;
            case ZERO_RANGE_KEEP_SIZE -> 4;
        };
    }

    private static void header(ByteBuffer buffer, byte kind, int flags, long timeNanos) {
        buffer.put(kind).put((byte) flags).putShort((short) 0).putLong(timeNanos);
    }

    private static void entry(ByteBuffer buffer, FileId id, FileId parent, Name name) {
        buffer.putLong(id.value()).putLong(parent.value());
        name(buffer, name.bytes());
    }

    private static void access(ByteBuffer buffer, Access access) {
        buffer.putShort((short) access.permissions()).putInt(access.uid()).putInt(access.gid());
    }

    private static void name(ByteBuffer buffer, Bytes name) {
        buffer.put((byte) name.lengthBytes());
        name.putInto(buffer);
    }

    private static void value(ByteBuffer buffer, Bytes value) {
        buffer.putInt(value.lengthBytes());
        value.putInto(buffer);
    }

    /**
     * Reads field by field; every field checks that its bytes are there and say something possible.
     */
    private static final class Decoder {

        private final ByteBuffer in;
        private final int startBytes;

        Decoder(ByteBuffer buffer) {
            this.in = buffer.duplicate().order(ByteOrder.BIG_ENDIAN);
            this.startBytes = buffer.position();
        }

        Operation operation() throws MalformedOperationException {
            need(HEADER_BYTES, "header");
            byte kind = in.get();
            int flags = in.get() & 0xff;
            if (in.getShort() != 0) {
                throw malformed("reserved bytes are not 0");
            }
            long timeNanos = in.getLong();
            var operation = body(kind, flags, timeNanos);
            if (in.hasRemaining()) {
                throw malformed(in.remaining() + " bytes too many");
            }
            return operation;
        }

        private Operation body(byte kind, int flags, long time) throws MalformedOperationException {
            // Java evaluates arguments from left to right, but the wire has the id first: hence the
            // local names.
            switch (kind) {
                case CREATE, MAKE_DIRECTORY, MAKE_NODE -> {
                    if (kind != MAKE_NODE) {
                        onlyFlags(flags, 0);
                    }
                    var id = id();
                    var parent = id();
                    var name = name();
                    var access = access();
                    return switch (kind) {
                        case CREATE -> new Create(time, parent, name, id, access);
                        case MAKE_DIRECTORY -> new MakeDirectory(time, parent, name, id, access);
                        default -> new MakeNode(time, parent, name, id, access, nodeKind(flags));
                    };
                }
                case SYMBOLIC_LINK -> {
                    onlyFlags(flags, 0);
                    var id = id();
                    var parent = id();
                    var name = name();
                    need(10, "owner and length of target");
                    int uid = in.getInt();
                    int gid = in.getInt();
                    return new SymbolicLink(
                            time,
                            parent,
                            name,
                            id,
                            uid,
                            gid,
                            bytes(in.getShort(), 1, Operation.MAX_TARGET_BYTES));
                }
                case LINK -> {
                    onlyFlags(flags, 0);
                    var id = id();
                    return new Link(time, id(), name(), id);
                }
                case UNLINK -> {
                    onlyFlags(flags, UNLINK_ORPHAN);
                    var id = id();
                    return new Unlink(time, id(), name(), id, flags != 0);
                }
                case REMOVE_DIRECTORY -> {
                    onlyFlags(flags, 0);
                    var id = id();
                    return new RemoveDirectory(time, id(), name(), id);
                }
                case RENAME -> {
                    onlyFlags(flags, RENAME_REPLACES | RENAME_ORPHAN);
                    if (flags == RENAME_ORPHAN) {
                        throw malformed("rename makes an orphan but replaces nothing");
                    }
                    var id = id();
                    var parent = id();
                    var name = name();
                    var newParent = id();
                    var newName = name();
                    Optional<Replaced> replaced =
                            flags == 0
                                    ? Optional.empty()
                                    : Optional.of(new Replaced(id(), flags != RENAME_REPLACES));
                    return new Rename(time, parent, name, newParent, newName, id, replaced);
                }
                case EXCHANGE -> {
                    onlyFlags(flags, 0);
                    var id = id();
                    var parent = id();
                    var name = name();
                    var otherId = id();
                    return new Exchange(time, parent, name, id, id(), name(), otherId);
                }
                case WRITE -> {
                    onlyFlags(flags, 0);
                    var id = id();
                    need(12, "offset and length");
                    long offsetBytes = in.getLong();
                    if (offsetBytes < 0
                            || offsetBytes > Long.MAX_VALUE - Operation.MAX_WRITE_BYTES) {
                        throw malformed("offset " + offsetBytes);
                    }
                    return new Write(
                            time,
                            id,
                            offsetBytes,
                            bytes(in.getInt(), 0, Operation.MAX_WRITE_BYTES));
                }
                case SET_ATTRIBUTES -> {
                    onlyFlags(
                            flags,
                            SET_PERMISSIONS | SET_UID | SET_GID | SET_SIZE | SET_ATIME | SET_MTIME);
                    return setAttributes(flags, time);
                }
                case SET_XATTR -> {
                    onlyFlags(flags, 0);
                    var id = id();
                    var name = xattrName();
                    need(4, "length");
                    return new SetXattr(
                            time, id, name, bytes(in.getInt(), 0, Operation.MAX_XATTR_VALUE_BYTES));
                }
                case REMOVE_XATTR -> {
                    onlyFlags(flags, 0);
                    return new RemoveXattr(time, id(), xattrName());
                }
                case FALLOCATE -> {
                    var mode = allocationMode(flags);
                    var id = id();
                    need(16, "range");
                    long offsetBytes = in.getLong();
                    long lengthBytes = in.getLong();
                    if (offsetBytes < 0
                            || lengthBytes < 1
                            || offsetBytes > Long.MAX_VALUE - lengthBytes) {
                        throw malformed("range of " + lengthBytes + " bytes at " + offsetBytes);
                    }
                    return new Fallocate(time, id, mode, offsetBytes, lengthBytes);
                }
                case REAP -> {
                    onlyFlags(flags, 0);
                    noTime(time);
                    return new Reap(id());
                }
                case BARRIER -> {
                    onlyFlags(flags, 0);
                    noTime(time);
                    return new Barrier();
                }
                default -> throw malformed("unknown kind " + kind);
            }
        }

        private SetAttributes setAttributes(int flags, long time)
                throws MalformedOperationException {
            var id = id();
            var permissions = OptionalInt.empty();
            if ((flags & SET_PERMISSIONS) != 0) {
                need(2, "permissions");
                permissions = OptionalInt.of(permissions(in.getShort()));
            }
            var uid = (flags & SET_UID) == 0 ? OptionalInt.empty() : OptionalInt.of(u32("uid"));
            var gid = (flags & SET_GID) == 0 ? OptionalInt.empty() : OptionalInt.of(u32("gid"));
            var size =
                    (flags & SET_SIZE) == 0 ? OptionalLong.empty() : OptionalLong.of(i64("size"));
            if (size.orElse(0) < 0) {
                throw malformed("size " + size.orElse(0));
            }
            var atime =
                    (flags & SET_ATIME) == 0 ? OptionalLong.empty() : OptionalLong.of(i64("atime"));
            var mtime =
                    (flags & SET_MTIME) == 0 ? OptionalLong.empty() : OptionalLong.of(i64("mtime"));
            return new SetAttributes(time, id, permissions, uid, gid, size, atime, mtime);
        }

        private NodeKind nodeKind(int code) throws MalformedOperationException {
            return switch (code) {
                case 0 -> NodeKind.FIFO;
                case 1 -> NodeKind.SOCKET;
                default -> throw malformed("unknown kind of node " + code);
            };
        }

        private AllocationMode allocationMode(int code) throws MalformedOperationException {
            return switch (code) {
                case 0 -> AllocationMode.ALLOCATE;
                case 1 -> AllocationMode.ALLOCATE_KEEP_SIZE;
                case 2 -> AllocationMode.PUNCH_HOLE;
                case 3 -> AllocationMode.ZERO_RANGE;
                case 4 -> AllocationMode.ZERO_RANGE_KEEP_SIZE;
                default -> throw malformed("unknown mode " + code);
            };
        }

        private FileId id() throws MalformedOperationException {
            long value = i64("file id");
            if (value < 1) {
                throw malformed("file id " + value);
            }
            return new FileId(value);
        }

        private Name name() throws MalformedOperationException {
            need(1, "length of name");
            var bytes = bytes(in.get() & 0xff, 1, Name.MAX_BYTES);
            if (!Name.isValid(bytes)) {
                throw malformed("not a file name: \"" + bytes + "\"");
            }
            return new Name(bytes);
        }

        private Bytes xattrName() throws MalformedOperationException {
            need(1, "length of attribute name");
            return bytes(in.get() & 0xff, 1, Operation.MAX_XATTR_NAME_BYTES);
        }

        private Access access() throws MalformedOperationException {
            need(10, "access");
            int permissions = permissions(in.getShort());
            int uid = in.getInt();
            return new Access(permissions, uid, in.getInt());
        }

        private int permissions(short value) throws MalformedOperationException {
            if ((value & ~Access.PERMISSIONS_MASK) != 0) {
                throw malformed("permissions %x".formatted(value));
            }
            return value;
        }

        private int u32(String what) throws MalformedOperationException {
            need(4, what);
            return in.getInt();
        }

        private long i64(String what) throws MalformedOperationException {
            need(8, what);
            return in.getLong();
        }

        private Bytes bytes(int lengthBytes, int min, int max) throws MalformedOperationException {
            if (lengthBytes < min || lengthBytes > max) {
                throw malformed("length " + lengthBytes + " is not in " + min + ".." + max);
            }
            need(lengthBytes, "as many bytes as the length says");
            return Bytes.take(in, lengthBytes);
        }

        private void onlyFlags(int flags, int known) throws MalformedOperationException {
            if ((flags & ~known) != 0) {
                throw malformed("unknown flags " + flags);
            }
        }

        private void noTime(long timeNanos) throws MalformedOperationException {
            if (timeNanos != 0) {
                throw malformed("a time where none belongs");
            }
        }

        private void need(int countBytes, String what) throws MalformedOperationException {
            if (in.remaining() < countBytes) {
                throw malformed(
                        "%s expected (%d bytes), %d bytes left"
                                .formatted(what, countBytes, in.remaining()));
            }
        }

        private MalformedOperationException malformed(String what) {
            return new MalformedOperationException(in.position() - startBytes, what);
        }
    }
}
