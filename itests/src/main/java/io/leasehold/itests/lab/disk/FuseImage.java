package io.leasehold.itests.lab.disk;

import io.leasehold.itests.lab.linux.Linux;
import io.leasehold.itests.lab.linux.LinuxException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A FUSE file system whose root is one regular file. Speaks as much of the kernel's protocol
 * (include/uapi/linux/fuse.h) as a loop device needs.
 */
final class FuseImage {
    /** What the file does; each may fail with an errno. */
    interface Handler {
        void read(long offset, ByteBuffer into) throws IOException;

        void write(long offset, ByteBuffer from) throws IOException;

        void flush() throws IOException;
    }

    /** An answer that is an error on purpose. */
    static final class DiskError extends IOException {
        private static final long serialVersionUID = 1L;

        private final int errno;

        DiskError(int errno) {
            super("errno " + errno);
            this.errno = errno;
        }
    }

    private static final int GETATTR = 3;
    private static final int SETATTR = 4;
    private static final int FORGET = 2;
    private static final int OPEN = 14;
    private static final int READ = 15;
    private static final int WRITE = 16;
    private static final int STATFS = 17;
    private static final int RELEASE = 18;
    private static final int FSYNC = 20;
    private static final int FLUSH = 25;
    private static final int INIT = 26;
    private static final int ACCESS = 34;
    private static final int INTERRUPT = 36;
    private static final int DESTROY = 38;
    private static final int BATCH_FORGET = 42;

    private static final int IN_HEADER_BYTES = 40;
    private static final int WRITE_IN_BYTES = 40;
    private static final int OUT_HEADER_BYTES = 16;
    private static final int INIT_OUT_BYTES = 64;
    private static final int ATTR_OUT_BYTES = 104;
    private static final int OPEN_OUT_BYTES = 16;
    private static final int STATFS_OUT_BYTES = 80;

    private static final int PROTOCOL_MAJOR = 7;
    private static final int PROTOCOL_MINOR = 31;
    private static final int FUSE_BIG_WRITES = 1 << 5;

    /** No copy in the page cache: what is lost here must not be found there. */
    private static final int FOPEN_DIRECT_IO = 1;

    private static final int WRITE_BYTES_MAX = 128 << 10;
    private static final int MODE_REGULAR_0600 = 0100600;
    private static final long ATTRIBUTES_VALID_SECONDS = 3600;

    private static final int EIO = 5;
    private static final int ENOSYS = 38;

    private static final long MS_NOSUID = 2;
    private static final long MS_NODEV = 4;

    private final int descriptor;
    private final long sizeBytes;
    private final Handler handler;
    private final MemorySegment inSegment;
    private final MemorySegment outSegment;
    private final ByteBuffer in;
    private final ByteBuffer out;

    private FuseImage(int descriptor, long sizeBytes, Handler handler) {
        this.descriptor = descriptor;
        this.sizeBytes = sizeBytes;
        this.handler = handler;
        var arena = Arena.ofShared();
        inSegment = arena.allocate(WRITE_BYTES_MAX + 8192L, Long.BYTES);
        outSegment = arena.allocate(WRITE_BYTES_MAX + 8192L, Long.BYTES);
        in = inSegment.asByteBuffer().order(ByteOrder.nativeOrder());
        out = outSegment.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /** Mounts the file over an existing empty one, in the calling process's mount namespace. */
    static FuseImage mount(Path file, long sizeBytes, Handler handler) throws LinuxException {
        int descriptor = Linux.open(Path.of("/dev/fuse"), Linux.O_RDWR | Linux.O_CLOEXEC);
        Linux.mount(
                "faulty-disk",
                file,
                "fuse",
                MS_NOSUID | MS_NODEV,
                "fd=%d,rootmode=%o,user_id=0,group_id=0".formatted(descriptor, MODE_REGULAR_0600));
        return new FuseImage(descriptor, sizeBytes, handler);
    }

    /** Answers requests until the file system is unmounted. */
    void serve() throws LinuxException {
        while (true) {
            int length;
            try {
                length = Linux.read(descriptor, inSegment);
            } catch (LinuxException e) {
                switch (e.errno()) {
                    case LinuxException.EINTR -> {
                        continue;
                    }
                    case LinuxException.ENODEV -> {
                        return; // unmounted
                    }
                    default -> throw e;
                }
            }
            in.clear().limit(length);
            int opcode = in.getInt(4);
            if (opcode == FORGET || opcode == BATCH_FORGET || opcode == INTERRUPT) {
                continue; // nobody waits for an answer
            }
            answer(opcode, in.getLong(8));
        }
    }

    private void answer(int opcode, long unique) throws LinuxException {
        out.clear().position(OUT_HEADER_BYTES);
        int errno = 0;
        try {
            errno = handle(opcode);
        } catch (DiskError e) {
            errno = e.errno;
        } catch (IOException _) {
            errno = EIO;
        }
        int length = errno == 0 ? out.position() : OUT_HEADER_BYTES;
        out.putInt(0, length).putInt(4, -errno).putLong(8, unique);
        Linux.write(descriptor, outSegment.asSlice(0, length));
    }

    /** Appends the answer's body to {@link #out}; returns an errno or 0. */
    private int handle(int opcode) throws IOException {
        switch (opcode) {
            case INIT -> putInit();
            case GETATTR, SETATTR -> putAttributes();
            case OPEN -> {
                putZeros(OPEN_OUT_BYTES);
                out.putInt(OUT_HEADER_BYTES + 8, FOPEN_DIRECT_IO);
            }
            case READ -> {
                long offset = in.getLong(IN_HEADER_BYTES + 8);
                int size = in.getInt(IN_HEADER_BYTES + 16);
                int length = (int) Math.max(0, Math.min(size, sizeBytes - offset));
                out.limit(OUT_HEADER_BYTES + length);
                handler.read(offset, out);
            }
            case WRITE -> {
                long offset = in.getLong(IN_HEADER_BYTES + 8);
                int size = in.getInt(IN_HEADER_BYTES + 16);
                handler.write(offset, in.slice(IN_HEADER_BYTES + WRITE_IN_BYTES, size));
                out.putInt(size).putInt(0);
            }
            case FSYNC -> handler.flush();
            case STATFS -> putZeros(STATFS_OUT_BYTES);
            case FLUSH, RELEASE, ACCESS, DESTROY -> {
                // Nothing to do: only FSYNC makes anything durable.
            }
            default -> {
                return ENOSYS;
            }
        }
        return 0;
    }

    private void putInit() {
        putZeros(INIT_OUT_BYTES);
        int at = OUT_HEADER_BYTES;
        out.putInt(at, PROTOCOL_MAJOR);
        out.putInt(at + 4, PROTOCOL_MINOR);
        out.putInt(at + 8, in.getInt(IN_HEADER_BYTES + 8)); // max_readahead as offered
        out.putInt(at + 12, FUSE_BIG_WRITES);
        out.putShort(at + 16, (short) 64); // max_background
        out.putShort(at + 18, (short) 48); // congestion_threshold
        out.putInt(at + 20, WRITE_BYTES_MAX);
        out.putInt(at + 24, 1); // time_gran
    }

    private void putAttributes() {
        putZeros(ATTR_OUT_BYTES);
        int at = OUT_HEADER_BYTES;
        out.putLong(at, ATTRIBUTES_VALID_SECONDS);
        int attributes = at + 16;
        out.putLong(attributes, 1); // ino
        out.putLong(attributes + 8, sizeBytes);
        out.putLong(attributes + 16, sizeBytes / 512);
        out.putInt(attributes + 60, MODE_REGULAR_0600);
        out.putInt(attributes + 64, 1); // nlink
        out.putInt(attributes + 80, BlockStore.BLOCK_BYTES);
    }

    private void putZeros(int count) {
        for (int i = 0; i < count; i++) {
            out.put((byte) 0);
        }
    }
}
