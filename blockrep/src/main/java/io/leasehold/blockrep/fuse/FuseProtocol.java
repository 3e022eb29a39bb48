package io.leasehold.blockrep.fuse;

/**
 * Numbers of the kernel's FUSE protocol (include/uapi/linux/fuse.h, 7.45). Offsets into structures
 * are from their start; integers are in the machine's byte order.
 */
final class FuseProtocol {

    static final int MAJOR = 7;
    // The newest that is understood here; the kernel takes the lower one of the two.
    static final int MINOR = 40;

    /** FUSE_HANDLE_KILLPRIV_V2 came with it. */
    static final int MINOR_MIN = 33;

    static final int ROOT_ID = 1;

    /**
     * struct fuse_in_header: u32 len, u32 opcode, u64 unique, u64 nodeid, u32 uid, u32 gid, u32
     * pid, u16, u16.
     */
    static final int IN_HEADER_BYTES = 40;

    /** struct fuse_out_header: u32 len, s32 error, u64 unique. */
    static final int OUT_HEADER_BYTES = 16;

    static final int ATTR_BYTES = 88;
    static final int ENTRY_OUT_BYTES = 40 + ATTR_BYTES;
    static final int ATTR_OUT_BYTES = 16 + ATTR_BYTES;
    static final int OPEN_OUT_BYTES = 16;
    static final int WRITE_IN_BYTES = 40;
    static final int DIRENT_BYTES = 24;
    static final int STATFS_OUT_BYTES = 80;
    static final int INIT_OUT_BYTES = 64;

    static final int LOOKUP = 1;
    static final int FORGET = 2;
    static final int GETATTR = 3;
    static final int SETATTR = 4;
    static final int READLINK = 5;
    static final int SYMLINK = 6;
    static final int MKNOD = 8;
    static final int MKDIR = 9;
    static final int UNLINK = 10;
    static final int RMDIR = 11;
    static final int RENAME = 12;
    static final int LINK = 13;
    static final int OPEN = 14;
    static final int READ = 15;
    static final int WRITE = 16;
    static final int STATFS = 17;
    static final int RELEASE = 18;
    static final int FSYNC = 20;
    static final int SETXATTR = 21;
    static final int GETXATTR = 22;
    static final int LISTXATTR = 23;
    static final int REMOVEXATTR = 24;
    static final int INIT = 26;
    static final int OPENDIR = 27;
    static final int READDIR = 28;
    static final int RELEASEDIR = 29;
    static final int FSYNCDIR = 30;
    static final int CREATE = 35;
    static final int INTERRUPT = 36;
    static final int DESTROY = 38;
    static final int BATCH_FORGET = 42;
    static final int FALLOCATE = 43;
    static final int READDIRPLUS = 44;
    static final int RENAME2 = 45;
    static final int LSEEK = 46;
    static final int SYNCFS = 50;

    // INIT flags; those from bit 32 on travel in a second word.
    static final long ASYNC_READ = 1L;
    static final long BIG_WRITES = 1L << 5;
    static final long DO_READDIRPLUS = 1L << 13;
    static final long READDIRPLUS_AUTO = 1L << 14;
    static final long PARALLEL_DIROPS = 1L << 18;
    static final long ABORT_ERROR = 1L << 21;
    static final long MAX_PAGES = 1L << 22;
    static final long CACHE_SYMLINKS = 1L << 23;
    static final long EXPLICIT_INVAL_DATA = 1L << 25;
    static final long HANDLE_KILLPRIV_V2 = 1L << 28;
    static final long INIT_EXT = 1L << 30;
    static final long HAS_RESEND = 1L << 39;

    static final int FATTR_MODE = 1;
    static final int FATTR_UID = 1 << 1;
    static final int FATTR_GID = 1 << 2;
    static final int FATTR_SIZE = 1 << 3;
    static final int FATTR_ATIME = 1 << 4;
    static final int FATTR_MTIME = 1 << 5;
    static final int FATTR_ATIME_NOW = 1 << 7;
    static final int FATTR_MTIME_NOW = 1 << 8;
    static final int FATTR_KILL_SUIDGID = 1 << 11;

    static final int FOPEN_KEEP_CACHE = 1 << 1;

    /** Closing sends no FLUSH: there is nothing to do at a close. */
    static final int FOPEN_NOFLUSH = 1 << 5;

    static final int WRITE_KILL_SUIDGID = 1 << 2;

    static final int NOTIFY_RESEND = 7;
    static final long UNIQUE_RESEND = 1L << 63;

    private FuseProtocol() {}
}
