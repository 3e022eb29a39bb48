package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A file system of one file, "f", that takes writes and forgets them, and that reads an fsync
 * without ever answering it. Enough to see what becomes of a process that waits for it.
 */
public final class ToyFuse {
    private static final MemorySegment MOUNT = Libc.function("mount");
    private static final MemorySegment READ = Libc.function("read");
    private static final MemorySegment WRITE = Libc.function("write");

    // linux/fuse.h
    private static final int LOOKUP = 1;
    private static final int FORGET = 2;
    private static final int GETATTR = 3;
    private static final int OPEN = 14;
    private static final int WRITE_DATA = 16;
    private static final int FSYNC = 20;
    private static final int INIT = 26;
    private static final int ENOSYS = 38;
    private static final int HEADER_BYTES = 40;
    private static final int REQUEST_BYTES_MAX = 1 << 20;
    private static final int MODE_DIRECTORY = 0040755;
    private static final int MODE_FILE = 0100644;

    private final int descriptor;
    private final Runnable fsyncArrived;
    private final MemorySegment buffer = Arena.ofAuto().allocate(REQUEST_BYTES_MAX);

    private ToyFuse(int descriptor, Runnable fsyncArrived) {
        this.descriptor = descriptor;
        this.fsyncArrived = fsyncArrived;
    }

    /** Mounts the descriptor there and serves until it fails. */
    public static void serve(int descriptor, Path mountPoint, Runnable fsyncArrived)
            throws IOException {
        try (var arena = Arena.ofConfined()) {
            String options = "fd=" + descriptor + ",rootmode=40000,user_id=0,group_id=0";
            Libc.call(
                    "mount",
                    MOUNT,
                    arena.allocateFrom("toy").address(),
                    arena.allocateFrom(mountPoint.toString()).address(),
                    arena.allocateFrom("fuse.toy").address(),
                    0,
                    arena.allocateFrom(options).address());
        }
        var toy = new ToyFuse(descriptor, fsyncArrived);
        while (true) {
            toy.serveOne();
        }
    }

    private void serveOne() throws IOException {
        int length = Libc.call("read", READ, descriptor, buffer.address(), buffer.byteSize());
        var request = ByteBuffer.wrap(buffer.asSlice(0, length).toArray(JAVA_BYTE));
        request.order(ByteOrder.nativeOrder());
        long unique = request.getLong(8);
        long node = request.getLong(16);
        switch (request.getInt(4)) {
            case INIT ->
                    answer(
                            unique,
                            body(64).putInt(7)
                                    .putInt(31)
                                    .putInt(65_536)
                                    .putInt(0)
                                    .putShort((short) 12)
                                    .putShort((short) 10)
                                    .putInt(131_072)
                                    .putInt(1));
            case LOOKUP -> {
                var entry = body(128).putLong(2).putLong(0).putLong(3_600).putLong(3_600);
                answer(unique, attributes(entry.putLong(0), 2));
            }
            case GETATTR -> answer(unique, attributes(body(104).putLong(3_600).putLong(0), node));
            case OPEN -> answer(unique, body(16).putLong(1));
            case WRITE_DATA -> answer(unique, body(8).putInt(request.getInt(HEADER_BYTES + 16)));
            case FSYNC -> fsyncArrived.run();
            case FORGET -> {}
            default -> refuse(unique);
        }
    }

    private static ByteBuffer body(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    /** {@code struct fuse_attr} at the buffer's position. */
    private static ByteBuffer attributes(ByteBuffer body, long node) {
        int start = body.position();
        body.putLong(start, node);
        body.putInt(start + 60, node == 1 ? MODE_DIRECTORY : MODE_FILE);
        body.putInt(start + 64, 1);
        body.putInt(start + 80, 4_096);
        return body;
    }

    private void answer(long unique, ByteBuffer body) throws IOException {
        send(unique, 0, body.clear());
    }

    private void refuse(long unique) throws IOException {
        send(unique, -ENOSYS, body(0));
    }

    private void send(long unique, int error, ByteBuffer body) throws IOException {
        byte[] whole =
                ByteBuffer.allocate(16 + body.limit())
                        .order(ByteOrder.nativeOrder())
                        .putInt(16 + body.limit())
                        .putInt(error)
                        .putLong(unique)
                        .put(body)
                        .array();
        try (var arena = Arena.ofConfined()) {
            var segment = arena.allocateFrom(JAVA_BYTE, whole);
            Libc.call("write", WRITE, descriptor, segment.address(), whole.length);
        }
    }
}
