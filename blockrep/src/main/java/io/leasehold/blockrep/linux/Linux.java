package io.leasehold.blockrep.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The system calls. Names, arguments and order are those of the manual pages; paths and attribute
 * names are bytes without a terminating NUL.
 *
 * <p>Any thread may call; descriptors belong to whoever opened them.
 */
public final class Linux {

    public static final int AT_FDCWD = -100;
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;
    public static final int AT_REMOVEDIR = 0x200;
    public static final int AT_EMPTY_PATH = 0x1000;

    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 01;
    public static final int O_RDWR = 02;
    public static final int O_CREAT = 0100;
    public static final int O_EXCL = 0200;
    public static final int O_NONBLOCK = 04000;
    public static final int O_DSYNC = 010000;
    public static final int O_NOATIME = 01000000;
    public static final int O_CLOEXEC = 02000000;
    public static final int O_PATH = 010000000;
    // These two differ between architectures, unlike all the others.
    public static final int O_DIRECTORY = isArm() ? 040000 : 0200000;
    public static final int O_NOFOLLOW = isArm() ? 0100000 : 0400000;

    public static final int RENAME_NOREPLACE = 1;
    public static final int RENAME_EXCHANGE = 2;

    public static final int FALLOC_FL_KEEP_SIZE = 0x01;
    public static final int FALLOC_FL_PUNCH_HOLE = 0x02;
    public static final int FALLOC_FL_ZERO_RANGE = 0x10;

    public static final int SEEK_SET = 0;
    public static final int SEEK_DATA = 3;
    public static final int SEEK_HOLE = 4;

    public static final int XATTR_CREATE = 1;
    public static final int XATTR_REPLACE = 2;

    public static final long MS_RDONLY = 1;
    public static final long MS_NOSUID = 2;
    public static final long MS_NODEV = 4;
    public static final long MS_NOEXEC = 8;
    public static final long MS_REMOUNT = 32;
    public static final long MS_NOATIME = 1024;

    public static final int MNT_FORCE = 1;
    public static final int MNT_DETACH = 2;

    public static final short POLLIN = 1;

    /** For {@link #utimensat}: leave this time as it is. */
    public static final long TIME_OMIT = Long.MIN_VALUE;

    private static final byte[] NO_BYTES = new byte[0];
    private static final int XATTR_BYTES = 65_536;
    private static final long UTIME_OMIT = (1L << 30) - 2;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    // STATX_BASIC_STATS; AT_STATX_SYNC_AS_STAT is 0.
    private static final int STATX_BASIC_STATS = 0x7ff;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");

    private static final MethodHandle OPENAT =
            variadic("openat", 3, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle READ =
            function("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE =
            function("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle PREAD =
            function("pread", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle PWRITE =
            function("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle FSYNC = function("fsync", JAVA_INT, JAVA_INT);
    private static final MethodHandle FDATASYNC = function("fdatasync", JAVA_INT, JAVA_INT);
    private static final MethodHandle SYNCFS = function("syncfs", JAVA_INT, JAVA_INT);
    private static final MethodHandle FTRUNCATE =
            function("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle FALLOCATE =
            function("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LSEEK =
            function("lseek", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle GETDENTS64 =
            function("getdents64", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle STATX =
            function("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle FSTATVFS = function("fstatvfs", JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle MKNODAT =
            function("mknodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MKDIRAT =
            function("mkdirat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SYMLINKAT =
            function("symlinkat", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle READLINKAT =
            function("readlinkat", JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle LINKAT =
            function("linkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle UNLINKAT =
            function("unlinkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle RENAMEAT2 =
            function("renameat2", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle FCHOWNAT =
            function("fchownat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCHMODAT =
            function("fchmodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCHMOD = function("fchmod", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCHOWN =
            function("fchown", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle UTIMENSAT =
            function("utimensat", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
    private static final MethodHandle FUTIMENS = function("futimens", JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle FSETXATTR =
            function("fsetxattr", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle FGETXATTR =
            function("fgetxattr", JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle FREMOVEXATTR =
            function("fremovexattr", JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle LSETXATTR =
            function("lsetxattr", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle LGETXATTR =
            function("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle LLISTXATTR =
            function("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle LREMOVEXATTR =
            function("lremovexattr", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle MOUNT =
            function("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle UMOUNT2 = function("umount2", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle POLL =
            function("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle PIDFD_SYSCALL =
            variadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    // The same on all architectures that came after 2011.
    private static final long SYS_PIDFD_OPEN = 434;
    private static final long SYS_PIDFD_GETFD = 438;

    private Linux() {}

    private static boolean isArm() {
        return System.getProperty("os.arch").equals("aarch64");
    }

    private static MethodHandle function(
            String name, MemoryLayout result, MemoryLayout... arguments) {
        return handle(name, FunctionDescriptor.of(result, arguments), ERRNO);
    }

    private static MethodHandle variadic(
            String name, int firstVariadic, MemoryLayout result, MemoryLayout... arguments) {
        return handle(
                name,
                FunctionDescriptor.of(result, arguments),
                ERRNO,
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    private static MethodHandle handle(
            String name, FunctionDescriptor descriptor, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
    }

    /** One downcall; its arguments were put into a {@link Scratch}, which gets errno. */
    @FunctionalInterface
    private interface Downcall {
        long make() throws Throwable;
    }

    /** The result of a call that must succeed. */
    private static long checked(String name, Scratch scratch, Downcall call) throws LinuxException {
        long result = made(call);
        if (result < 0) {
            throw new LinuxException(name, scratch.lastErrno());
        }
        return result;
    }

    /** The result of a call, or the negated errno. */
    private static long orErrno(Scratch scratch, Downcall call) {
        long result = made(call);
        return result < 0 ? -scratch.lastErrno() : result;
    }

    private static long made(Downcall call) {
        try {
            return call.make();
        } catch (Throwable t) {
            // A downcall itself throws nothing: if it did, a descriptor above is wrong.
            throw new IllegalStateException("system call is declared wrongly", t);
        }
    }

    /** {@code openat(2)}; O_CLOEXEC is always set. */
    public static int openat(int directory, byte[] path, int flags, int mode)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        return (int)
                checked(
                        "openat",
                        scratch,
                        () ->
                                (int)
                                        OPENAT.invokeExact(
                                                scratch.errno,
                                                directory,
                                                scratch.first(path),
                                                flags | O_CLOEXEC,
                                                mode));
    }

    /** {@code open(2)}; O_CLOEXEC is always set. */
    public static int open(Path path, int flags, int mode) throws LinuxException {
        var scratch = Scratch.ofThread();
        return (int)
                checked(
                        "open",
                        scratch,
                        () ->
                                (int)
                                        OPENAT.invokeExact(
                                                scratch.errno,
                                                AT_FDCWD,
                                                scratch.first(path),
                                                flags | O_CLOEXEC,
                                                mode));
    }

    /**
     * {@code close(2)}. Nothing can be done about its errors: what must be durable was synced
     * before.
     */
    public static void close(int descriptor) {
        var scratch = Scratch.ofThread();
        var unused = orErrno(scratch, () -> (int) CLOSE.invokeExact(scratch.errno, descriptor));
    }

    /**
     * {@code read(2)} into memory; the number of bytes, or the negated errno: a device's errors are
     * ordinary.
     */
    public static long read(int descriptor, MemorySegment memory, long sizeBytes) {
        var scratch = Scratch.ofThread();
        return orErrno(
                scratch,
                () -> (long) READ.invokeExact(scratch.errno, descriptor, memory, sizeBytes));
    }

    /**
     * {@code write(2)} from memory; the number of bytes, or the negated errno: a device's errors
     * are ordinary.
     */
    public static long write(int descriptor, MemorySegment memory, long sizeBytes) {
        var scratch = Scratch.ofThread();
        return orErrno(
                scratch,
                () -> (long) WRITE.invokeExact(scratch.errno, descriptor, memory, sizeBytes));
    }

    /** {@code pread(2)}: the number of bytes, 0 at the end of the file. */
    public static long pread(int descriptor, MemorySegment memory, long sizeBytes, long offsetBytes)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        return checked(
                "pread",
                scratch,
                () ->
                        (long)
                                PREAD.invokeExact(
                                        scratch.errno, descriptor, memory, sizeBytes, offsetBytes));
    }

    /** {@code pwrite(2)}, repeated until all bytes are written. */
    public static void pwriteFully(
            int descriptor, MemorySegment memory, long sizeBytes, long offsetBytes)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        long doneBytes = 0;
        while (doneBytes < sizeBytes) {
            var rest = doneBytes == 0 ? memory : memory.asSlice(doneBytes);
            long fromBytes = doneBytes;
            doneBytes +=
                    checked(
                            "pwrite",
                            scratch,
                            () ->
                                    (long)
                                            PWRITE.invokeExact(
                                                    scratch.errno,
                                                    descriptor,
                                                    rest,
                                                    sizeBytes - fromBytes,
                                                    offsetBytes + fromBytes));
        }
    }

    /** {@code pwrite(2)} of an array, through this thread's scratch memory. */
    public static void pwriteFully(int descriptor, byte[] data, long offsetBytes)
            throws LinuxException {
        var memory = Scratch.ofThread().data(Math.max(data.length, 1));
        MemorySegment.copy(data, 0, memory, ValueLayout.JAVA_BYTE, 0, data.length);
        pwriteFully(descriptor, memory, data.length, offsetBytes);
    }

    /** {@code pread(2)} into an array, through this thread's scratch memory. */
    public static int pread(int descriptor, byte[] data, int sizeBytes, long offsetBytes)
            throws LinuxException {
        var memory = Scratch.ofThread().data(Math.max(sizeBytes, 1));
        int count = (int) pread(descriptor, memory, sizeBytes, offsetBytes);
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, data, 0, count);
        return count;
    }

    /** {@code fsync(2)}. */
    public static void fsync(int descriptor) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked("fsync", scratch, () -> (int) FSYNC.invokeExact(scratch.errno, descriptor));
    }

    /** {@code fdatasync(2)}. */
    public static void fdatasync(int descriptor) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked("fdatasync", scratch, () -> (int) FDATASYNC.invokeExact(scratch.errno, descriptor));
    }

    /** {@code syncfs(2)}: the whole file system that the descriptor is on. */
    public static void syncfs(int descriptor) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked("syncfs", scratch, () -> (int) SYNCFS.invokeExact(scratch.errno, descriptor));
    }

    /** {@code ftruncate(2)}. */
    public static void ftruncate(int descriptor, long sizeBytes) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "ftruncate",
                scratch,
                () -> (int) FTRUNCATE.invokeExact(scratch.errno, descriptor, sizeBytes));
    }

    /** {@code fallocate(2)}. */
    public static void fallocate(int descriptor, int mode, long offsetBytes, long lengthBytes)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fallocate",
                scratch,
                () ->
                        (int)
                                FALLOCATE.invokeExact(
                                        scratch.errno, descriptor, mode, offsetBytes, lengthBytes));
    }

    /** {@code lseek(2)}. */
    public static long lseek(int descriptor, long offsetBytes, int whence) throws LinuxException {
        var scratch = Scratch.ofThread();
        return checked(
                "lseek",
                scratch,
                () -> (long) LSEEK.invokeExact(scratch.errno, descriptor, offsetBytes, whence));
    }

    /** {@code getdents64(2)}: the number of bytes of struct linux_dirent64, 0 at the end. */
    public static long getdents64(int descriptor, MemorySegment memory, long sizeBytes)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        return checked(
                "getdents64",
                scratch,
                () -> (long) GETDENTS64.invokeExact(scratch.errno, descriptor, memory, sizeBytes));
    }

    /** {@code statx(2)} of a directory entry; a symbolic link is not followed. */
    public static FileStatus statx(int directory, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        statx(scratch, directory, scratch.first(name), AT_SYMLINK_NOFOLLOW);
        return FileStatus.of(scratch.result);
    }

    /** {@code statx(2)} of an open file. */
    public static FileStatus statx(int descriptor) throws LinuxException {
        var scratch = Scratch.ofThread();
        statx(scratch, descriptor, scratch.first(NO_BYTES), AT_EMPTY_PATH);
        return FileStatus.of(scratch.result);
    }

    private static void statx(Scratch scratch, int directory, MemorySegment path, int flags)
            throws LinuxException {
        checked(
                "statx",
                scratch,
                () ->
                        (int)
                                STATX.invokeExact(
                                        scratch.errno,
                                        directory,
                                        path,
                                        flags,
                                        STATX_BASIC_STATS,
                                        scratch.result));
    }

    /** {@code fstatvfs(3)}. */
    public static SpaceStatus fstatvfs(int descriptor) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fstatvfs",
                scratch,
                () -> (int) FSTATVFS.invokeExact(scratch.errno, descriptor, scratch.result));
        return SpaceStatus.of(scratch.result);
    }

    /** {@code mknodat(2)}; the umask applies. */
    public static void mknodat(int directory, byte[] name, int mode) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "mknodat",
                scratch,
                () ->
                        (int)
                                MKNODAT.invokeExact(
                                        scratch.errno, directory, scratch.first(name), mode, 0L));
    }

    /** {@code mkdirat(2)}; the umask applies. */
    public static void mkdirat(int directory, byte[] name, int mode) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "mkdirat",
                scratch,
                () ->
                        (int)
                                MKDIRAT.invokeExact(
                                        scratch.errno, directory, scratch.first(name), mode));
    }

    /** {@code symlinkat(2)}. */
    public static void symlinkat(byte[] target, int directory, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "symlinkat",
                scratch,
                () ->
                        (int)
                                SYMLINKAT.invokeExact(
                                        scratch.errno,
                                        scratch.first(target),
                                        directory,
                                        scratch.second(name)));
    }

    /** {@code readlinkat(2)}. */
    public static byte[] readlinkat(int directory, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(4_096);
        long result =
                checked(
                        "readlinkat",
                        scratch,
                        () ->
                                (long)
                                        READLINKAT.invokeExact(
                                                scratch.errno,
                                                directory,
                                                scratch.first(name),
                                                memory,
                                                4_096L));
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code linkat(2)}; a symbolic link is not followed. */
    public static void linkat(int directory, byte[] name, int newDirectory, byte[] newName)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "linkat",
                scratch,
                () ->
                        (int)
                                LINKAT.invokeExact(
                                        scratch.errno,
                                        directory,
                                        scratch.first(name),
                                        newDirectory,
                                        scratch.second(newName),
                                        0));
    }

    /** {@code unlinkat(2)}. */
    public static void unlinkat(int directory, byte[] name, int flags) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "unlinkat",
                scratch,
                () ->
                        (int)
                                UNLINKAT.invokeExact(
                                        scratch.errno, directory, scratch.first(name), flags));
    }

    /** {@code renameat2(2)}. */
    public static void renameat2(
            int directory, byte[] name, int newDirectory, byte[] newName, int flags)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "renameat2",
                scratch,
                () ->
                        (int)
                                RENAMEAT2.invokeExact(
                                        scratch.errno,
                                        directory,
                                        scratch.first(name),
                                        newDirectory,
                                        scratch.second(newName),
                                        flags));
    }

    /**
     * {@code fchownat(2)} of a directory entry; a symbolic link is not followed. -1 leaves an id as
     * it is.
     */
    public static void fchownat(int directory, byte[] name, int uid, int gid)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fchownat",
                scratch,
                () ->
                        (int)
                                FCHOWNAT.invokeExact(
                                        scratch.errno,
                                        directory,
                                        scratch.first(name),
                                        uid,
                                        gid,
                                        AT_SYMLINK_NOFOLLOW));
    }

    /** {@code fchmodat(2)}; the entry must not be a symbolic link. */
    public static void fchmodat(int directory, byte[] name, int permissions) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fchmodat",
                scratch,
                () ->
                        (int)
                                FCHMODAT.invokeExact(
                                        scratch.errno,
                                        directory,
                                        scratch.first(name),
                                        permissions,
                                        0));
    }

    /** {@code fchmod(2)}. */
    public static void fchmod(int descriptor, int permissions) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fchmod",
                scratch,
                () -> (int) FCHMOD.invokeExact(scratch.errno, descriptor, permissions));
    }

    /** {@code fchown(2)}. -1 leaves an id as it is. */
    public static void fchown(int descriptor, int uid, int gid) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fchown",
                scratch,
                () -> (int) FCHOWN.invokeExact(scratch.errno, descriptor, uid, gid));
    }

    /** {@code utimensat(2)} of a directory entry; a symbolic link is not followed. */
    public static void utimensat(
            int directory, byte[] name, long accessTimeNanos, long modifyTimeNanos)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        timespec(scratch.result, 0, accessTimeNanos);
        timespec(scratch.result, 16, modifyTimeNanos);
        checked(
                "utimensat",
                scratch,
                () ->
                        (int)
                                UTIMENSAT.invokeExact(
                                        scratch.errno,
                                        directory,
                                        scratch.first(name),
                                        scratch.result,
                                        AT_SYMLINK_NOFOLLOW));
    }

    /** {@code futimens(3)}. */
    public static void futimens(int descriptor, long accessTimeNanos, long modifyTimeNanos)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        timespec(scratch.result, 0, accessTimeNanos);
        timespec(scratch.result, 16, modifyTimeNanos);
        checked(
                "futimens",
                scratch,
                () -> (int) FUTIMENS.invokeExact(scratch.errno, descriptor, scratch.result));
    }

    private static void timespec(MemorySegment memory, long offset, long timeNanos) {
        boolean omit = timeNanos == TIME_OMIT;
        memory.set(JAVA_LONG, offset, omit ? 0 : Math.floorDiv(timeNanos, NANOS_PER_SECOND));
        memory.set(
                JAVA_LONG,
                offset + 8,
                omit ? UTIME_OMIT : Math.floorMod(timeNanos, NANOS_PER_SECOND));
    }

    /** {@code fsetxattr(2)}, whether the attribute was there or not. */
    public static void fsetxattr(int descriptor, byte[] name, byte[] value) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(Math.max(value.length, 1));
        MemorySegment.copy(value, 0, memory, ValueLayout.JAVA_BYTE, 0, value.length);
        checked(
                "fsetxattr",
                scratch,
                () ->
                        (int)
                                FSETXATTR.invokeExact(
                                        scratch.errno,
                                        descriptor,
                                        scratch.first(name),
                                        memory,
                                        (long) value.length,
                                        0));
    }

    /** {@code fgetxattr(2)}. */
    public static byte[] fgetxattr(int descriptor, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(XATTR_BYTES);
        long result =
                checked(
                        "fgetxattr",
                        scratch,
                        () ->
                                (long)
                                        FGETXATTR.invokeExact(
                                                scratch.errno,
                                                descriptor,
                                                scratch.first(name),
                                                memory,
                                                (long) XATTR_BYTES));
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code lsetxattr(2)} of a directory entry, whether the attribute was there or not. */
    public static void lsetxattr(int directory, byte[] entry, byte[] name, byte[] value)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(Math.max(value.length, 1));
        MemorySegment.copy(value, 0, memory, ValueLayout.JAVA_BYTE, 0, value.length);
        checked(
                "lsetxattr",
                scratch,
                () ->
                        (int)
                                LSETXATTR.invokeExact(
                                        scratch.errno,
                                        scratch.firstBelow(directory, entry),
                                        scratch.second(name),
                                        memory,
                                        (long) value.length,
                                        0));
    }

    /** {@code lgetxattr(2)} of a directory entry. */
    public static byte[] lgetxattr(int directory, byte[] entry, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(XATTR_BYTES);
        long result =
                checked(
                        "lgetxattr",
                        scratch,
                        () ->
                                (long)
                                        LGETXATTR.invokeExact(
                                                scratch.errno,
                                                scratch.firstBelow(directory, entry),
                                                scratch.second(name),
                                                memory,
                                                (long) XATTR_BYTES));
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code llistxattr(2)} of a directory entry: names, each with a NUL behind it. */
    public static byte[] llistxattr(int directory, byte[] entry) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(XATTR_BYTES);
        long result =
                checked(
                        "llistxattr",
                        scratch,
                        () ->
                                (long)
                                        LLISTXATTR.invokeExact(
                                                scratch.errno,
                                                scratch.firstBelow(directory, entry),
                                                memory,
                                                (long) XATTR_BYTES));
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code fremovexattr(2)}. */
    public static void fremovexattr(int descriptor, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "fremovexattr",
                scratch,
                () ->
                        (int)
                                FREMOVEXATTR.invokeExact(
                                        scratch.errno, descriptor, scratch.first(name)));
    }

    /** {@code lremovexattr(2)} of a directory entry. */
    public static void lremovexattr(int directory, byte[] entry, byte[] name)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "lremovexattr",
                scratch,
                () ->
                        (int)
                                LREMOVEXATTR.invokeExact(
                                        scratch.errno,
                                        scratch.firstBelow(directory, entry),
                                        scratch.second(name)));
    }

    /** {@code mount(2)}. */
    public static void mount(String source, Path target, String type, long flags, String options)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        try (var arena = Arena.ofConfined()) {
            var sourceText = arena.allocateFrom(source);
            var typeText = arena.allocateFrom(type);
            var optionsText = arena.allocateFrom(options);
            checked(
                    "mount",
                    scratch,
                    () ->
                            (int)
                                    MOUNT.invokeExact(
                                            scratch.errno,
                                            sourceText,
                                            scratch.first(target),
                                            typeText,
                                            flags,
                                            optionsText));
        }
    }

    /** {@code umount2(2)}. */
    public static void umount2(Path target, int flags) throws LinuxException {
        var scratch = Scratch.ofThread();
        checked(
                "umount2",
                scratch,
                () -> (int) UMOUNT2.invokeExact(scratch.errno, scratch.first(target), flags));
    }

    /**
     * {@code poll(2)} for input on one descriptor.
     *
     * @return what happened ({@link #POLLIN} and the error bits), 0 when the time was over
     */
    public static short poll(int descriptor, int timeoutMillis) throws LinuxException {
        var scratch = Scratch.ofThread();
        scratch.result.set(JAVA_INT, 0, descriptor);
        scratch.result.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
        scratch.result.set(ValueLayout.JAVA_SHORT, 6, (short) 0);
        checked(
                "poll",
                scratch,
                () -> (int) POLL.invokeExact(scratch.errno, scratch.result, 1L, timeoutMillis));
        return scratch.result.get(ValueLayout.JAVA_SHORT, 6);
    }

    /**
     * A copy of another process's descriptor ({@code pidfd_open(2)}, {@code pidfd_getfd(2)}): the
     * same open file. Needs ptrace permission over that process.
     */
    public static int duplicateDescriptorOf(long pid, int descriptor) throws LinuxException {
        int process = (int) syscall("pidfd_open", SYS_PIDFD_OPEN, pid, 0, 0);
        try {
            return (int) syscall("pidfd_getfd", SYS_PIDFD_GETFD, process, descriptor, 0);
        } finally {
            close(process);
        }
    }

    private static long syscall(String name, long number, long first, long second, long third)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        return checked(
                name,
                scratch,
                () ->
                        (long)
                                PIDFD_SYSCALL.invokeExact(
                                        scratch.errno, number, first, second, third));
    }
}
