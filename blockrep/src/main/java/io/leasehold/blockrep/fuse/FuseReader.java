package io.leasehold.blockrep.fuse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.FileStatus;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.volume.AttributeChange;
import io.leasehold.blockrep.volume.AttributeChange.Time;
import io.leasehold.blockrep.volume.Attributes;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Caller;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.FileSystem;
import io.leasehold.blockrep.volume.FileSystem.XattrCondition;
import io.leasehold.blockrep.volume.Name;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.Operation.AllocationMode;
import io.leasehold.blockrep.volume.Operation.NodeKind;
import io.leasehold.blockrep.volume.Refusal;
import io.leasehold.blockrep.volume.RefusedException;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.VolumeFailedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread's loop: read a request, do it, answer it. The answer is built in this reader's own
 * memory; a WRITE allocates its data and its operation, nothing else.
 *
 * <p>Not thread-safe: one thread each.
 */
final class FuseReader implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(FuseReader.class);

    /** Largest payload of a WRITE and of a READ. */
    static final int PAYLOAD_BYTES_MAX = 256 * 1024;

    private static final int PAGE_BYTES = 4_096;

    /** The kernel wants room for the largest WRITE; names and attributes are shorter. */
    static final int BUFFER_BYTES = PAYLOAD_BYTES_MAX + PAGE_BYTES;

    // Nobody else changes a mounted volume; the kernel itself drops what its own calls change.
    private static final long CACHE_SECONDS = 86_400 * 365L;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private static final long WANTED_FLAGS =
            FuseProtocol.ASYNC_READ
                    | FuseProtocol.BIG_WRITES
                    | FuseProtocol.DO_READDIRPLUS
                    | FuseProtocol.READDIRPLUS_AUTO
                    | FuseProtocol.PARALLEL_DIROPS
                    | FuseProtocol.ABORT_ERROR
                    | FuseProtocol.MAX_PAGES
                    | FuseProtocol.CACHE_SYMLINKS
                    | FuseProtocol.EXPLICIT_INVAL_DATA
                    | FuseProtocol.HANDLE_KILLPRIV_V2
                    | FuseProtocol.INIT_EXT
                    | FuseProtocol.HAS_RESEND;

    private final FuseConnection connection;
    private final FileSystem files;
    private final int daemonId;
    private final Runnable onGone;
    private final MemorySegment in = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    private final MemorySegment out = Arena.ofAuto().allocate(BUFFER_BYTES, 8);

    // Of the request under way, which begins at the start of `in`.
    private int inBytes;
    private long unique;
    private boolean answered;

    /** Whether the request under way is a WRITE whose FSYNC will probably follow. */
    private boolean syncIsLikely;

    /**
     * @param daemonId tells file handles of this process from those of a predecessor
     * @param onGone is run when the mount is no more
     */
    FuseReader(FuseConnection connection, int daemonId, Runnable onGone) {
        this.connection = connection;
        this.files = connection.files;
        this.daemonId = daemonId;
        this.onGone = onGone;
    }

    @Override
    public void run() {
        while (true) {
            long result = Linux.read(connection.device, in, BUFFER_BYTES);
            if (result >= 0) {
                serve((int) result);
                commitAhead();
                continue;
            }
            switch ((int) -result) {
                // The request was interrupted before it could be read.
                case Errno.ENOENT, Errno.EINTR, Errno.EAGAIN -> {}
                case Errno.ENODEV, Errno.ECONNABORTED -> {
                    onGone.run();
                    return;
                }
                default -> {
                    log.error("Reading from /dev/fuse failed: {}", Errno.nameOf((int) -result));
                    onGone.run();
                    return;
                }
            }
        }
    }

    private void serve(int lengthBytes) {
        inBytes = lengthBytes;
        unique = in.get(JAVA_LONG, 8);
        answered = false;
        connection.requests.increment();
        try {
            dispatch(in.get(JAVA_INT, 4));
        } catch (RefusedException e) {
            error(Errnos.of(e.refusal()));
        } catch (VolumeFailedException e) {
            // Told once, where it happened. No answer, on purpose.
            connection.unanswered.increment();
        } catch (RuntimeException e) {
            connection.unanswered.increment();
            log.error("Request {} (opcode {}) is left unanswered", unique, in.get(JAVA_INT, 4), e);
        }
    }

    /**
     * While the writer takes its answer and comes back with its FSYNC, both disks are at work
     * already.
     */
    private void commitAhead() {
        if (!syncIsLikely) {
            return;
        }
        syncIsLikely = false;
        try {
            files.commitAhead();
        } catch (RuntimeException e) {
            // Nobody waits for it; the FSYNC that comes meets the same, and is left unanswered.
            log.error("What request {} wrote could not be committed ahead", unique, e);
        }
    }

    private void dispatch(int opcode) throws RefusedException, VolumeFailedException {
        if (isResent()) {
            connection.resent.increment();
            var done = files.resolved(request());
            if (done.isPresent()) {
                connection.answeredFromJournal.increment();
                answerDone(opcode, done.get());
                return;
            }
        }
        switch (opcode) {
            case FuseProtocol.WRITE -> write();
            case FuseProtocol.FSYNC, FuseProtocol.FSYNCDIR, FuseProtocol.SYNCFS -> sync();
            case FuseProtocol.READ -> read();
            case FuseProtocol.LOOKUP -> lookup();
            case FuseProtocol.FORGET -> files.forget(node(), u64(0));
            case FuseProtocol.BATCH_FORGET -> batchForget();
            case FuseProtocol.GETATTR -> attributes(files.attributes(node()));
            case FuseProtocol.SETATTR -> setAttributes();
            case FuseProtocol.READLINK -> bytes(files.readLink(node()));
            case FuseProtocol.SYMLINK -> symlink();
            case FuseProtocol.MKNOD -> makeNode();
            case FuseProtocol.MKDIR -> makeDirectory();
            case FuseProtocol.UNLINK -> {
                files.unlink(caller(), node(), string(0), request());
                ok();
            }
            case FuseProtocol.RMDIR -> {
                files.removeDirectory(caller(), node(), string(0), request());
                ok();
            }
            case FuseProtocol.RENAME -> rename(8, 0);
            case FuseProtocol.RENAME2 -> rename(16, u32(8));
            case FuseProtocol.LINK ->
                    entry(files.link(caller(), new FileId(u64(0)), node(), string(8), request()));
            case FuseProtocol.OPEN -> {
                files.open(node());
                open(handle(), 0);
            }
            case FuseProtocol.CREATE -> create();
            case FuseProtocol.RELEASE -> {
                // A handle of a predecessor was never counted here.
                if (u64(0) == handle()) {
                    files.release(node());
                }
                ok();
            }
            case FuseProtocol.OPENDIR -> open(handle(), 0);
            case FuseProtocol.RELEASEDIR -> ok();
            case FuseProtocol.READDIR -> list(false);
            case FuseProtocol.READDIRPLUS -> list(true);
            case FuseProtocol.STATFS -> space();
            case FuseProtocol.SETXATTR -> setXattr();
            case FuseProtocol.GETXATTR -> sized(files.xattr(node(), string(8)));
            case FuseProtocol.LISTXATTR -> listXattrs();
            case FuseProtocol.REMOVEXATTR -> {
                files.removeXattr(caller(), node(), string(0), request());
                ok();
            }
            case FuseProtocol.FALLOCATE -> allocate();
            case FuseProtocol.LSEEK -> seek();
            case FuseProtocol.INIT -> init();
            case FuseProtocol.DESTROY -> ok();
            // No call waits for anything that could be given up; the answer to the request itself
            // is under way.
            case FuseProtocol.INTERRUPT -> answered = true;
            // FLUSH, ACCESS, POLL, IOCTL, COPY_FILE_RANGE, TMPFILE, STATX, …: the kernel has its
            // own answer to this one,
            // and does not ask again.
            default -> error(Errno.ENOSYS);
        }
    }

    // ---- The request's fields; offsets count from behind the header ----

    private int u32(int offset) {
        need(offset + 4);
        return in.get(JAVA_INT, FuseProtocol.IN_HEADER_BYTES + offset);
    }

    private long u64(int offset) {
        need(offset + 8);
        return in.get(JAVA_LONG, FuseProtocol.IN_HEADER_BYTES + offset);
    }

    /** The string at an offset, up to its NUL. */
    private Bytes string(int offset) {
        int start = FuseProtocol.IN_HEADER_BYTES + offset;
        int end = start;
        while (end < inBytes && in.get(JAVA_BYTE, end) != 0) {
            end++;
        }
        return Bytes.copyOf(in, start, end - start);
    }

    private void need(int bodyBytes) {
        if (inBytes < FuseProtocol.IN_HEADER_BYTES + bodyBytes) {
            throw new IllegalStateException(
                    "request of opcode %d has only %d bytes"
                            .formatted(in.get(JAVA_INT, 4), inBytes));
        }
    }

    private FileId node() {
        return new FileId(in.get(JAVA_LONG, 16));
    }

    private Caller caller() {
        return new Caller(in.get(JAVA_INT, 24), in.get(JAVA_INT, 28), in.get(JAVA_INT, 32));
    }

    private RequestId request() {
        return new RequestId(connection.incarnation, unique & ~FuseProtocol.UNIQUE_RESEND);
    }

    private boolean isResent() {
        return (unique & FuseProtocol.UNIQUE_RESEND) != 0;
    }

    /** File handles carry no state, they only say whose they are. */
    private long handle() {
        return Integer.toUnsignedLong(daemonId);
    }

    // ---- Answers; offsets count from behind the header ----

    private void send(int bodyBytes) {
        int lengthBytes = FuseProtocol.OUT_HEADER_BYTES + bodyBytes;
        out.set(JAVA_INT, 0, lengthBytes);
        out.set(JAVA_INT, 4, 0);
        out.set(JAVA_LONG, 8, unique);
        answered = true;
        connection.send(out, lengthBytes);
    }

    private void ok() {
        send(0);
    }

    private void error(int errno) {
        if (!answered) {
            answered = true;
            connection.reply(unique, errno);
        }
    }

    private void put32(int offset, int value) {
        out.set(JAVA_INT, FuseProtocol.OUT_HEADER_BYTES + offset, value);
    }

    private void put64(int offset, long value) {
        out.set(JAVA_LONG, FuseProtocol.OUT_HEADER_BYTES + offset, value);
    }

    private void bytes(Bytes value) {
        value.copyTo(out, FuseProtocol.OUT_HEADER_BYTES);
        send(value.lengthBytes());
    }

    /** struct fuse_attr. */
    private void putAttr(int offset, Attributes a) {
        put64(offset, a.id().value());
        put64(offset + 8, a.sizeBytes());
        put64(offset + 16, a.blocks());
        put64(offset + 24, Math.floorDiv(a.accessTimeNanos(), NANOS_PER_SECOND));
        put64(offset + 32, Math.floorDiv(a.modifyTimeNanos(), NANOS_PER_SECOND));
        put64(offset + 40, Math.floorDiv(a.changeTimeNanos(), NANOS_PER_SECOND));
        put32(offset + 48, (int) Math.floorMod(a.accessTimeNanos(), NANOS_PER_SECOND));
        put32(offset + 52, (int) Math.floorMod(a.modifyTimeNanos(), NANOS_PER_SECOND));
        put32(offset + 56, (int) Math.floorMod(a.changeTimeNanos(), NANOS_PER_SECOND));
        put32(offset + 60, a.kind().typeBits() | a.permissions());
        put32(offset + 64, a.links());
        put32(offset + 68, a.uid());
        put32(offset + 72, a.gid());
        put32(offset + 76, 0);
        put32(offset + 80, PAGE_BYTES);
        put32(offset + 84, 0);
    }

    /** struct fuse_entry_out. The generation is always 0: an id is never used again. */
    private void putEntry(int offset, Attributes a) {
        put64(offset, a.id().value());
        put64(offset + 8, 0);
        put64(offset + 16, CACHE_SECONDS);
        put64(offset + 24, a.exact() ? CACHE_SECONDS : 0);
        put64(offset + 32, 0);
        putAttr(offset + 40, a);
    }

    private void entry(Attributes a) {
        putEntry(0, a);
        send(FuseProtocol.ENTRY_OUT_BYTES);
    }

    private void attributes(Attributes a) {
        put64(0, a.exact() ? CACHE_SECONDS : 0);
        put64(8, 0);
        putAttr(16, a);
        send(FuseProtocol.ATTR_OUT_BYTES);
    }

    private void open(long handle, int offset) {
        put64(offset, handle);
        put32(offset + 8, FuseProtocol.FOPEN_KEEP_CACHE | FuseProtocol.FOPEN_NOFLUSH);
        put32(offset + 12, 0);
        send(offset + FuseProtocol.OPEN_OUT_BYTES);
    }

    // ---- Requests ----

    private void init() {
        int major = u32(0);
        int minor = u32(4);
        if (major != FuseProtocol.MAJOR || minor < FuseProtocol.MINOR_MIN) {
            log.error(
                    "This kernel speaks FUSE {}.{}; at least {}.{} is needed (Linux 5.11).",
                    major,
                    minor,
                    FuseProtocol.MAJOR,
                    FuseProtocol.MINOR_MIN);
            error(Errno.EPROTO);
            return;
        }
        long offered = Integer.toUnsignedLong(u32(12));
        if ((offered & FuseProtocol.INIT_EXT) != 0) {
            offered |= Integer.toUnsignedLong(u32(16)) << 32;
        }
        long agreed = offered & WANTED_FLAGS;
        out.asSlice(FuseProtocol.OUT_HEADER_BYTES, FuseProtocol.INIT_OUT_BYTES).fill((byte) 0);
        put32(0, FuseProtocol.MAJOR);
        put32(4, FuseProtocol.MINOR);
        put32(8, u32(8));
        put32(12, (int) agreed);
        // Background requests: reads ahead and writes of mapped pages.
        putShort(16, 64);
        putShort(18, 48);
        put32(20, PAYLOAD_BYTES_MAX);
        put32(24, 1);
        putShort(28, PAYLOAD_BYTES_MAX / PAGE_BYTES);
        put32(32, (int) (agreed >>> 32));
        send(FuseProtocol.INIT_OUT_BYTES);
    }

    private void putShort(int offset, int value) {
        out.set(JAVA_SHORT, FuseProtocol.OUT_HEADER_BYTES + offset, (short) value);
    }

    private void lookup() throws RefusedException, VolumeFailedException {
        Attributes found;
        try {
            found = files.lookup(node(), string(0));
        } catch (RefusedException e) {
            if (e.refusal() == Refusal.NO_ENTRY) {
                // That there is no such name may be remembered too: node id 0, valid for long.
                out.asSlice(FuseProtocol.OUT_HEADER_BYTES, FuseProtocol.ENTRY_OUT_BYTES)
                        .fill((byte) 0);
                put64(16, CACHE_SECONDS);
                send(FuseProtocol.ENTRY_OUT_BYTES);
                return;
            }
            throw e;
        }
        entry(found);
    }

    private void batchForget() {
        int count = u32(0);
        need(8 + count * 16);
        for (int i = 0; i < count; i++) {
            files.forget(new FileId(u64(8 + i * 16)), u64(16 + i * 16));
        }
    }

    private void setAttributes() throws RefusedException, VolumeFailedException {
        int valid = u32(0);
        var change =
                new AttributeChange(
                        (valid & FuseProtocol.FATTR_MODE) != 0
                                ? OptionalInt.of(permissions(u32(68)))
                                : OptionalInt.empty(),
                        (valid & FuseProtocol.FATTR_UID) != 0
                                ? OptionalInt.of(u32(76))
                                : OptionalInt.empty(),
                        (valid & FuseProtocol.FATTR_GID) != 0
                                ? OptionalInt.of(u32(80))
                                : OptionalInt.empty(),
                        (valid & FuseProtocol.FATTR_SIZE) != 0
                                ? OptionalLong.of(u64(16))
                                : OptionalLong.empty(),
                        time(valid, FuseProtocol.FATTR_ATIME, FuseProtocol.FATTR_ATIME_NOW, 32, 56),
                        time(valid, FuseProtocol.FATTR_MTIME, FuseProtocol.FATTR_MTIME_NOW, 40, 60),
                        (valid & FuseProtocol.FATTR_KILL_SUIDGID) != 0);
        attributes(files.change(caller(), node(), change, request()));
    }

    private Time time(int valid, int flag, int nowFlag, int secondsOffset, int nanosOffset) {
        if ((valid & nowFlag) != 0) {
            return new Time.Now();
        }
        if ((valid & flag) == 0) {
            return new Time.Keep();
        }
        long nanos;
        try {
            nanos =
                    Math.addExact(
                            Math.multiplyExact(u64(secondsOffset), NANOS_PER_SECOND),
                            u32(nanosOffset));
        } catch (ArithmeticException e) {
            nanos = u64(secondsOffset) < 0 ? Long.MIN_VALUE + 1 : Long.MAX_VALUE;
        }
        return new Time.At(nanos);
    }

    private static int permissions(int mode) {
        return mode & Operation.Access.PERMISSIONS_MASK;
    }

    private void symlink() throws RefusedException, VolumeFailedException {
        var name = string(0);
        var target = string(name.lengthBytes() + 1);
        entry(files.symbolicLink(caller(), node(), name, target, request()));
    }

    private void makeNode() throws RefusedException, VolumeFailedException {
        int mode = u32(0);
        var name = string(16);
        switch (mode & FileStatus.TYPE_MASK) {
            case FileStatus.TYPE_FILE, 0 ->
                    entry(files.create(caller(), node(), name, permissions(mode), request()));
            case FileStatus.TYPE_FIFO ->
                    entry(
                            files.makeNode(
                                    caller(),
                                    node(),
                                    name,
                                    NodeKind.FIFO,
                                    permissions(mode),
                                    request()));
            case FileStatus.TYPE_SOCKET ->
                    entry(
                            files.makeNode(
                                    caller(),
                                    node(),
                                    name,
                                    NodeKind.SOCKET,
                                    permissions(mode),
                                    request()));
            default -> error(Errno.EPERM);
        }
    }

    private void makeDirectory() throws RefusedException, VolumeFailedException {
        entry(files.makeDirectory(caller(), node(), string(8), permissions(u32(0)), request()));
    }

    private void create() throws RefusedException, VolumeFailedException {
        created(files.create(caller(), node(), string(16), permissions(u32(4)), request()));
    }

    private void created(Attributes a) throws RefusedException {
        files.open(a.id());
        putEntry(0, a);
        open(handle(), FuseProtocol.ENTRY_OUT_BYTES);
    }

    private void rename(int namesOffset, int flags) throws RefusedException, VolumeFailedException {
        var newParent = new FileId(u64(0));
        var name = string(namesOffset);
        var newName = string(namesOffset + name.lengthBytes() + 1);
        switch (flags) {
            case 0, Linux.RENAME_NOREPLACE ->
                    files.rename(caller(), node(), name, newParent, newName, flags == 0, request());
            case Linux.RENAME_EXCHANGE ->
                    files.exchange(caller(), node(), name, newParent, newName, request());
            default -> {
                error(Errno.EINVAL);
                return;
            }
        }
        ok();
    }

    private void write() throws RefusedException, VolumeFailedException {
        connection.writes.increment();
        int sizeBytes = u32(16);
        need(FuseProtocol.WRITE_IN_BYTES + sizeBytes);
        var data =
                Bytes.copyOf(
                        in, FuseProtocol.IN_HEADER_BYTES + FuseProtocol.WRITE_IN_BYTES, sizeBytes);
        boolean clearSetId = (u32(20) & FuseProtocol.WRITE_KILL_SUIDGID) != 0;
        files.write(caller(), node(), u64(8), data, clearSetId, request());
        syncIsLikely = connection.forecast.written(node().value(), u64(8) + sizeBytes);
        written(sizeBytes);
    }

    private void sync() {
        connection.forecast.synced(node().value());
        connection.sync(unique);
    }

    private void written(int sizeBytes) {
        put32(0, sizeBytes);
        put32(4, 0);
        send(8);
    }

    private void read() throws RefusedException, VolumeFailedException {
        int sizeBytes = Math.min(u32(16), PAYLOAD_BYTES_MAX);
        send(files.read(node(), out.asSlice(FuseProtocol.OUT_HEADER_BYTES), sizeBytes, u64(8)));
    }

    private void allocate() throws RefusedException, VolumeFailedException {
        var mode = allocationMode(u32(24));
        if (mode.isEmpty()) {
            error(Errno.EOPNOTSUPP);
            return;
        }
        files.allocate(caller(), node(), mode.get(), u64(8), u64(16), request());
        ok();
    }

    private static Optional<AllocationMode> allocationMode(int mode) {
        return switch (mode) {
            case 0 -> Optional.of(AllocationMode.ALLOCATE);
            case Linux.FALLOC_FL_KEEP_SIZE -> Optional.of(AllocationMode.ALLOCATE_KEEP_SIZE);
            case Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE ->
                    Optional.of(AllocationMode.PUNCH_HOLE);
            case Linux.FALLOC_FL_ZERO_RANGE -> Optional.of(AllocationMode.ZERO_RANGE);
            case Linux.FALLOC_FL_ZERO_RANGE | Linux.FALLOC_FL_KEEP_SIZE ->
                    Optional.of(AllocationMode.ZERO_RANGE_KEEP_SIZE);
            default -> Optional.empty();
        };
    }

    private void seek() throws RefusedException, VolumeFailedException {
        int whence = u32(16);
        if (whence != Linux.SEEK_DATA && whence != Linux.SEEK_HOLE) {
            error(Errno.EINVAL);
            return;
        }
        put64(0, files.seek(node(), u64(8), whence == Linux.SEEK_DATA));
        send(8);
    }

    private void setXattr() throws RefusedException, VolumeFailedException {
        int sizeBytes = u32(0);
        var name = string(8);
        int valueOffset = 8 + name.lengthBytes() + 1;
        need(valueOffset + sizeBytes);
        var value = Bytes.copyOf(in, FuseProtocol.IN_HEADER_BYTES + valueOffset, sizeBytes);
        var condition =
                switch (u32(4)) {
                    case Linux.XATTR_CREATE -> XattrCondition.CREATE;
                    case Linux.XATTR_REPLACE -> XattrCondition.REPLACE;
                    default -> XattrCondition.NONE;
                };
        files.setXattr(caller(), node(), name, value, condition, request());
        ok();
    }

    private void listXattrs() throws RefusedException {
        var names = files.xattrs(caller(), node());
        int sizeBytes = names.stream().mapToInt(name -> name.lengthBytes() + 1).sum();
        var list = new byte[sizeBytes];
        int at = 0;
        for (var name : names) {
            System.arraycopy(name.toArray(), 0, list, at, name.lengthBytes());
            at += name.lengthBytes() + 1;
        }
        sized(Bytes.copyOf(list));
    }

    /**
     * As getxattr(2): the size if asked for with size 0, ERANGE if there is too little room, else
     * the bytes.
     */
    private void sized(Bytes value) {
        int roomBytes = u32(0);
        if (roomBytes == 0) {
            put32(0, value.lengthBytes());
            put32(4, 0);
            send(8);
        } else if (roomBytes < value.lengthBytes()) {
            error(Errno.ERANGE);
        } else {
            bytes(value);
        }
    }

    private void space() throws VolumeFailedException {
        var space = files.space();
        out.asSlice(FuseProtocol.OUT_HEADER_BYTES, FuseProtocol.STATFS_OUT_BYTES).fill((byte) 0);
        put64(0, space.blocks());
        put64(8, space.freeBlocks());
        put64(16, space.availableBlocks());
        put64(24, space.files());
        put64(32, space.freeFiles());
        put32(40, (int) space.blockBytes());
        put32(44, Name.MAX_BYTES);
        put32(48, (int) space.fragmentBytes());
        send(FuseProtocol.STATFS_OUT_BYTES);
    }

    private record Listed(long nextPosition, Bytes name, FileId id, FileKind kind) {}

    private void list(boolean withAttributes) throws RefusedException, VolumeFailedException {
        int roomBytes = Math.min(u32(16), PAYLOAD_BYTES_MAX);
        int fixedBytes =
                FuseProtocol.DIRENT_BYTES + (withAttributes ? FuseProtocol.ENTRY_OUT_BYTES : 0);
        // First what fits, under the volume's lock; then the attributes, which may need a look at
        // the disk.
        var listed = new ArrayList<Listed>();
        var usedBytes = new int[1];
        files.list(
                node(),
                u64(8),
                (nextPosition, name, id, kind) -> {
                    int entryBytes = align(fixedBytes + name.lengthBytes());
                    if (usedBytes[0] + entryBytes > roomBytes) {
                        return false;
                    }
                    usedBytes[0] += entryBytes;
                    listed.add(new Listed(nextPosition, name, id, kind));
                    return true;
                });
        int at = 0;
        for (var entry : listed) {
            if (withAttributes) {
                putListedEntry(at, entry);
                at += FuseProtocol.ENTRY_OUT_BYTES;
            }
            put64(at, entry.id().value());
            put64(at + 8, entry.nextPosition());
            put32(at + 16, entry.name().lengthBytes());
            put32(at + 20, entry.kind().typeBits() >> 12);
            entry.name()
                    .copyTo(out, FuseProtocol.OUT_HEADER_BYTES + at + FuseProtocol.DIRENT_BYTES);
            at = align(at + FuseProtocol.DIRENT_BYTES + entry.name().lengthBytes());
        }
        send(usedBytes[0]);
    }

    /**
     * Node id 0 tells the kernel that this entry is no look-up: so for dot, dot-dot, and what is
     * gone meanwhile.
     */
    private void putListedEntry(int at, Listed entry) throws VolumeFailedException {
        var found =
                entry.nextPosition() <= 2
                        ? Optional.<Attributes>empty()
                        : files.lookupListed(entry.id());
        if (found.isPresent()) {
            putEntry(at, found.get());
        } else {
            out.asSlice(FuseProtocol.OUT_HEADER_BYTES + at, FuseProtocol.ENTRY_OUT_BYTES)
                    .fill((byte) 0);
        }
    }

    private static int align(int bytes) {
        return (bytes + 7) & ~7;
    }

    // ---- Answers to requests that a predecessor carried out ----

    private void answerDone(int opcode, Operation done)
            throws RefusedException, VolumeFailedException {
        switch (done) {
            case Operation.Create o -> {
                if (opcode == FuseProtocol.CREATE) {
                    created(counted(o.id()));
                } else {
                    entry(counted(o.id()));
                }
            }
            case Operation.MakeDirectory o -> entry(counted(o.id()));
            case Operation.SymbolicLink o -> entry(counted(o.id()));
            case Operation.MakeNode o -> entry(counted(o.id()));
            case Operation.Link o -> entry(counted(o.id()));
            case Operation.Write o -> written(o.data().lengthBytes());
            case Operation.SetAttributes o -> attributes(files.attributes(o.id()));
            case Operation.Unlink _,
                    Operation.RemoveDirectory _,
                    Operation.Rename _,
                    Operation.Exchange _,
                    Operation.SetXattr _,
                    Operation.RemoveXattr _,
                    Operation.Fallocate _ ->
                    ok();
            case Operation.Reap _, Operation.Barrier _ ->
                    throw new IllegalStateException("no request causes " + done);
        }
    }

    /**
     * A file that the request made; it may be gone again by now, but its maker has to learn that by
     * itself.
     */
    private Attributes counted(FileId id) throws RefusedException, VolumeFailedException {
        var found = files.lookupListed(id);
        return found.isPresent() ? found.get() : files.attributes(id);
    }
}
