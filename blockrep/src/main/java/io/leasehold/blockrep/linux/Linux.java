package io.leasehold.blockrep.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
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

    private static final Libc OPENAT = new Libc("openat");
    private static final Libc CLOSE = new Libc("close");
    private static final Libc READ = new Libc("read");
    private static final Libc WRITE = new Libc("write");
    private static final Libc PREAD = new Libc("pread");
    private static final Libc PWRITE = new Libc("pwrite");
    private static final Libc FSYNC = new Libc("fsync");
    private static final Libc FDATASYNC = new Libc("fdatasync");
    private static final Libc SYNCFS = new Libc("syncfs");
    private static final Libc FTRUNCATE = new Libc("ftruncate");
    private static final Libc FALLOCATE = new Libc("fallocate");
    private static final Libc LSEEK = new Libc("lseek");
    private static final Libc GETDENTS64 = new Libc("getdents64");
    private static final Libc STATX = new Libc("statx");
    private static final Libc FSTATVFS = new Libc("fstatvfs");
    private static final Libc MKNODAT = new Libc("mknodat");
    private static final Libc MKDIRAT = new Libc("mkdirat");
    private static final Libc SYMLINKAT = new Libc("symlinkat");
    private static final Libc READLINKAT = new Libc("readlinkat");
    private static final Libc LINKAT = new Libc("linkat");
    private static final Libc UNLINKAT = new Libc("unlinkat");
    private static final Libc RENAMEAT2 = new Libc("renameat2");
    private static final Libc FCHOWNAT = new Libc("fchownat");
    private static final Libc FCHMODAT = new Libc("fchmodat");
    private static final Libc FCHMOD = new Libc("fchmod");
    private static final Libc FCHOWN = new Libc("fchown");
    private static final Libc UTIMENSAT = new Libc("utimensat");
    private static final Libc FUTIMENS = new Libc("futimens");
    private static final Libc FSETXATTR = new Libc("fsetxattr");
    private static final Libc FGETXATTR = new Libc("fgetxattr");
    private static final Libc FREMOVEXATTR = new Libc("fremovexattr");
    private static final Libc LSETXATTR = new Libc("lsetxattr");
    private static final Libc LGETXATTR = new Libc("lgetxattr");
    private static final Libc LLISTXATTR = new Libc("llistxattr");
    private static final Libc LREMOVEXATTR = new Libc("lremovexattr");
    private static final Libc MOUNT = new Libc("mount");
    private static final Libc UMOUNT2 = new Libc("umount2");
    private static final Libc POLL = new Libc("poll");
    private static final Libc PIDFD_OPEN = new Libc("pidfd_open");
    private static final Libc PIDFD_GETFD = new Libc("pidfd_getfd");

    private Linux() {}

    private static boolean isArm() {
        return System.getProperty("os.arch").equals("aarch64");
    }

    /** {@code openat(2)}; O_CLOEXEC is always set. */
    public static int openat(int directory, byte[] path, int flags, int mode)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        return OPENAT.toInt(directory, scratch.first(path).address(), flags | O_CLOEXEC, mode);
    }

    /** {@code open(2)}; O_CLOEXEC is always set. */
    public static int open(Path path, int flags, int mode) throws LinuxException {
        var scratch = Scratch.ofThread();
        return OPENAT.toInt(AT_FDCWD, scratch.first(path).address(), flags | O_CLOEXEC, mode);
    }

    /**
     * {@code close(2)}. Nothing can be done about its errors: what must be durable was synced
     * before.
     */
    public static void close(int descriptor) {
        var unused = CLOSE.orErrno(descriptor);
    }

    /**
     * {@code read(2)} into memory; the number of bytes, or the negated errno: a device's errors are
     * ordinary.
     */
    public static long read(int descriptor, MemorySegment memory, long sizeBytes) {
        try {
            return READ.orErrno(descriptor, memory.address(), sizeBytes);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /**
     * {@code write(2)} from memory; the number of bytes, or the negated errno: a device's errors
     * are ordinary.
     */
    public static long write(int descriptor, MemorySegment memory, long sizeBytes) {
        try {
            return WRITE.orErrno(descriptor, memory.address(), sizeBytes);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /** {@code pread(2)}: the number of bytes, 0 at the end of the file. */
    public static long pread(int descriptor, MemorySegment memory, long sizeBytes, long offsetBytes)
            throws LinuxException {
        try {
            return PREAD.toLong(descriptor, memory.address(), sizeBytes, offsetBytes);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /** {@code pwrite(2)}, repeated until all bytes are written. */
    public static void pwriteFully(
            int descriptor, MemorySegment memory, long sizeBytes, long offsetBytes)
            throws LinuxException {
        long doneBytes = 0;
        try {
            while (doneBytes < sizeBytes) {
                doneBytes +=
                        PWRITE.toLong(
                                descriptor,
                                memory.address() + doneBytes,
                                sizeBytes - doneBytes,
                                offsetBytes + doneBytes);
            }
        } finally {
            Reference.reachabilityFence(memory);
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
        FSYNC.toInt(descriptor);
    }

    /** {@code fdatasync(2)}. */
    public static void fdatasync(int descriptor) throws LinuxException {
        FDATASYNC.toInt(descriptor);
    }

    /** {@code syncfs(2)}: the whole file system that the descriptor is on. */
    public static void syncfs(int descriptor) throws LinuxException {
        SYNCFS.toInt(descriptor);
    }

    /** {@code ftruncate(2)}. */
    public static void ftruncate(int descriptor, long sizeBytes) throws LinuxException {
        FTRUNCATE.toInt(descriptor, sizeBytes);
    }

    /** {@code fallocate(2)}. */
    public static void fallocate(int descriptor, int mode, long offsetBytes, long lengthBytes)
            throws LinuxException {
        FALLOCATE.toInt(descriptor, mode, offsetBytes, lengthBytes);
    }

    /** {@code lseek(2)}. */
    public static long lseek(int descriptor, long offsetBytes, int whence) throws LinuxException {
        return LSEEK.toLong(descriptor, offsetBytes, whence);
    }

    /** {@code getdents64(2)}: the number of bytes of struct linux_dirent64, 0 at the end. */
    public static long getdents64(int descriptor, MemorySegment memory, long sizeBytes)
            throws LinuxException {
        try {
            return GETDENTS64.toLong(descriptor, memory.address(), sizeBytes);
        } finally {
            Reference.reachabilityFence(memory);
        }
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
        STATX.toInt(directory, path.address(), flags, STATX_BASIC_STATS, scratch.result.address());
    }

    /** {@code fstatvfs(3)}. */
    public static SpaceStatus fstatvfs(int descriptor) throws LinuxException {
        var scratch = Scratch.ofThread();
        FSTATVFS.toInt(descriptor, scratch.result.address());
        return SpaceStatus.of(scratch.result);
    }

    /** {@code mknodat(2)}; the umask applies. */
    public static void mknodat(int directory, byte[] name, int mode) throws LinuxException {
        var scratch = Scratch.ofThread();
        MKNODAT.toInt(directory, scratch.first(name).address(), mode, 0);
    }

    /** {@code mkdirat(2)}; the umask applies. */
    public static void mkdirat(int directory, byte[] name, int mode) throws LinuxException {
        var scratch = Scratch.ofThread();
        MKDIRAT.toInt(directory, scratch.first(name).address(), mode);
    }

    /** {@code symlinkat(2)}. */
    public static void symlinkat(byte[] target, int directory, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        SYMLINKAT.toInt(scratch.first(target).address(), directory, scratch.second(name).address());
    }

    /** {@code readlinkat(2)}. */
    public static byte[] readlinkat(int directory, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(4_096);
        long result =
                READLINKAT.toLong(
                        directory, scratch.first(name).address(), memory.address(), 4_096L);
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code linkat(2)}; a symbolic link is not followed. */
    public static void linkat(int directory, byte[] name, int newDirectory, byte[] newName)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        LINKAT.toInt(
                directory,
                scratch.first(name).address(),
                newDirectory,
                scratch.second(newName).address(),
                0);
    }

    /** {@code unlinkat(2)}. */
    public static void unlinkat(int directory, byte[] name, int flags) throws LinuxException {
        var scratch = Scratch.ofThread();
        UNLINKAT.toInt(directory, scratch.first(name).address(), flags);
    }

    /** {@code renameat2(2)}. */
    public static void renameat2(
            int directory, byte[] name, int newDirectory, byte[] newName, int flags)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        RENAMEAT2.toInt(
                directory,
                scratch.first(name).address(),
                newDirectory,
                scratch.second(newName).address(),
                flags);
    }

    /**
     * {@code fchownat(2)} of a directory entry; a symbolic link is not followed. -1 leaves an id as
     * it is.
     */
    public static void fchownat(int directory, byte[] name, int uid, int gid)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        FCHOWNAT.toInt(directory, scratch.first(name).address(), uid, gid, AT_SYMLINK_NOFOLLOW);
    }

    /** {@code fchmodat(2)}; the entry must not be a symbolic link. */
    public static void fchmodat(int directory, byte[] name, int permissions) throws LinuxException {
        var scratch = Scratch.ofThread();
        FCHMODAT.toInt(directory, scratch.first(name).address(), permissions, 0);
    }

    /** {@code fchmod(2)}. */
    public static void fchmod(int descriptor, int permissions) throws LinuxException {
        FCHMOD.toInt(descriptor, permissions);
    }

    /** {@code fchown(2)}. -1 leaves an id as it is. */
    public static void fchown(int descriptor, int uid, int gid) throws LinuxException {
        FCHOWN.toInt(descriptor, uid, gid);
    }

    /** {@code utimensat(2)} of a directory entry; a symbolic link is not followed. */
    public static void utimensat(
            int directory, byte[] name, long accessTimeNanos, long modifyTimeNanos)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        timespec(scratch.result, 0, accessTimeNanos);
        timespec(scratch.result, 16, modifyTimeNanos);
        UTIMENSAT.toInt(
                directory,
                scratch.first(name).address(),
                scratch.result.address(),
                AT_SYMLINK_NOFOLLOW);
    }

    /** {@code futimens(3)}. */
    public static void futimens(int descriptor, long accessTimeNanos, long modifyTimeNanos)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        timespec(scratch.result, 0, accessTimeNanos);
        timespec(scratch.result, 16, modifyTimeNanos);
        FUTIMENS.toInt(descriptor, scratch.result.address());
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
        FSETXATTR.toInt(
                descriptor, scratch.first(name).address(), memory.address(), value.length, 0);
    }

    /** {@code fgetxattr(2)}. */
    public static byte[] fgetxattr(int descriptor, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(XATTR_BYTES);
        long result =
                FGETXATTR.toLong(
                        descriptor, scratch.first(name).address(), memory.address(), XATTR_BYTES);
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code lsetxattr(2)} of a directory entry, whether the attribute was there or not. */
    public static void lsetxattr(int directory, byte[] entry, byte[] name, byte[] value)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(Math.max(value.length, 1));
        MemorySegment.copy(value, 0, memory, ValueLayout.JAVA_BYTE, 0, value.length);
        LSETXATTR.toInt(
                scratch.firstBelow(directory, entry).address(),
                scratch.second(name).address(),
                memory.address(),
                value.length,
                0);
    }

    /** {@code lgetxattr(2)} of a directory entry. */
    public static byte[] lgetxattr(int directory, byte[] entry, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(XATTR_BYTES);
        long result =
                LGETXATTR.toLong(
                        scratch.firstBelow(directory, entry).address(),
                        scratch.second(name).address(),
                        memory.address(),
                        XATTR_BYTES);
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code llistxattr(2)} of a directory entry: names, each with a NUL behind it. */
    public static byte[] llistxattr(int directory, byte[] entry) throws LinuxException {
        var scratch = Scratch.ofThread();
        var memory = scratch.data(XATTR_BYTES);
        long result =
                LLISTXATTR.toLong(
                        scratch.firstBelow(directory, entry).address(),
                        memory.address(),
                        XATTR_BYTES);
        return memory.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
    }

    /** {@code fremovexattr(2)}. */
    public static void fremovexattr(int descriptor, byte[] name) throws LinuxException {
        var scratch = Scratch.ofThread();
        FREMOVEXATTR.toInt(descriptor, scratch.first(name).address());
    }

    /** {@code lremovexattr(2)} of a directory entry. */
    public static void lremovexattr(int directory, byte[] entry, byte[] name)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        LREMOVEXATTR.toInt(
                scratch.firstBelow(directory, entry).address(), scratch.second(name).address());
    }

    /** {@code mount(2)}. */
    public static void mount(String source, Path target, String type, long flags, String options)
            throws LinuxException {
        var scratch = Scratch.ofThread();
        try (var arena = Arena.ofConfined()) {
            MOUNT.toInt(
                    arena.allocateFrom(source).address(),
                    scratch.first(target).address(),
                    arena.allocateFrom(type).address(),
                    flags,
                    arena.allocateFrom(options).address());
        }
    }

    /** {@code umount2(2)}. */
    public static void umount2(Path target, int flags) throws LinuxException {
        var scratch = Scratch.ofThread();
        UMOUNT2.toInt(scratch.first(target).address(), flags);
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
        POLL.toInt(scratch.result.address(), 1, timeoutMillis);
        return scratch.result.get(ValueLayout.JAVA_SHORT, 6);
    }

    /**
     * A copy of another process's descriptor ({@code pidfd_open(2)}, {@code pidfd_getfd(2)}): the
     * same open file. Needs ptrace permission over that process.
     */
    public static int duplicateDescriptorOf(long pid, int descriptor) throws LinuxException {
        int process = PIDFD_OPEN.toInt(pid, 0);
        try {
            return PIDFD_GETFD.toInt(process, descriptor, 0);
        } finally {
            close(process);
        }
    }
}
