package io.leasehold.blockrep.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What {@code statx(2)} says of a file.
 *
 * @param mode type and permissions, as st_mode
 * @param blocks units of 512 bytes
 */
public record FileStatus(
        int mode,
        int links,
        int uid,
        int gid,
        long inode,
        long sizeBytes,
        long blocks,
        long accessTimeNanos,
        long modifyTimeNanos,
        long changeTimeNanos) {

    public static final int TYPE_MASK = 0170000;
    public static final int TYPE_FIFO = 0010000;
    public static final int TYPE_DIRECTORY = 0040000;
    public static final int TYPE_FILE = 0100000;
    public static final int TYPE_SYMLINK = 0120000;
    public static final int TYPE_SOCKET = 0140000;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    public int type() {
        return mode & TYPE_MASK;
    }

    public int permissions() {
        return mode & 07777;
    }

    /** Reads struct statx (include/uapi/linux/stat.h), which is the same on every architecture. */
    static FileStatus of(MemorySegment statx) {
        return new FileStatus(
                Short.toUnsignedInt(statx.get(ValueLayout.JAVA_SHORT, 28)),
                statx.get(ValueLayout.JAVA_INT, 16),
                statx.get(ValueLayout.JAVA_INT, 20),
                statx.get(ValueLayout.JAVA_INT, 24),
                statx.get(ValueLayout.JAVA_LONG, 32),
                statx.get(ValueLayout.JAVA_LONG, 40),
                statx.get(ValueLayout.JAVA_LONG, 48),
                time(statx, 64),
                time(statx, 112),
                time(statx, 96));
    }

    private static long time(MemorySegment statx, long offset) {
        return statx.get(ValueLayout.JAVA_LONG, offset) * NANOS_PER_SECOND
                + statx.get(ValueLayout.JAVA_INT, offset + 8);
    }
}
