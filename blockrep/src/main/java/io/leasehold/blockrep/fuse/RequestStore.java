package io.leasehold.blockrep.fuse;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * What outlives the process that serves a mount, as a mapped file on a tmpfs. The readers have the
 * kernel put requests right into it, so that keeping them costs nothing: a request is in its buffer
 * until it is answered.
 *
 * <pre>
 *       0  magic "LHFUSE01"
 *       8  mount incarnation
 *      16  number of buffers, 4 bytes      20  bytes of a reader's buffer, 4 bytes
 *    4096  unique ids of FSYNC requests that wait, 8 bytes each, 0 = free
 *   12288  the readers' buffers; one whose first 4 bytes (the request's length) are 0 holds no request
 * </pre>
 *
 * <p>In the byte order of the machine, on which it stays.
 */
final class RequestStore implements AutoCloseable {

    private static final long MAGIC = 0x3130_4553_5546_484cL;
    private static final int SYNCS_OFFSET = 4_096;
    private static final int SYNCS_MAX = 1_024;
    private static final int BUFFERS_OFFSET = SYNCS_OFFSET + SYNCS_MAX * Long.BYTES;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

    private final Arena arena;
    private final MemorySegment memory;
    private int nextSync;

    private RequestStore(Arena arena, MemorySegment memory) {
        this.arena = arena;
        this.memory = memory;
    }

    /** A new file; one that is there is replaced. */
    static RequestStore create(Path file, long incarnation, int readers, int bufferBytes)
            throws IOException {
        Files.deleteIfExists(file);
        var store =
                map(
                        file,
                        BUFFERS_OFFSET + (long) readers * bufferBytes,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        store.memory.set(ValueLayout.JAVA_LONG, 8, incarnation);
        store.memory.set(ValueLayout.JAVA_INT, 16, readers);
        store.memory.set(ValueLayout.JAVA_INT, 20, bufferBytes);
        LONG.setRelease(store.memory, 0L, MAGIC);
        return store;
    }

    /** The file of a predecessor. */
    static RequestStore open(Path file) throws IOException {
        long sizeBytes = Files.size(file);
        if (sizeBytes < BUFFERS_OFFSET) {
            throw new IOException(
                    file + " has " + sizeBytes + " bytes: it is not the state of a mount");
        }
        var store = map(file, sizeBytes, StandardOpenOption.READ, StandardOpenOption.WRITE);
        long expectedBytes = BUFFERS_OFFSET + (long) store.readers() * store.bufferBytes();
        if (store.memory.get(ValueLayout.JAVA_LONG, 0) != MAGIC || sizeBytes != expectedBytes) {
            store.close();
            throw new IOException(file + " is not the state of a mount");
        }
        return store;
    }

    private static RequestStore map(Path file, long sizeBytes, StandardOpenOption... options)
            throws IOException {
        var arena = Arena.ofShared();
        try (var channel = FileChannel.open(file, options)) {
            return new RequestStore(
                    arena, channel.map(FileChannel.MapMode.READ_WRITE, 0, sizeBytes, arena));
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    long incarnation() {
        return memory.get(ValueLayout.JAVA_LONG, 8);
    }

    int readers() {
        return memory.get(ValueLayout.JAVA_INT, 16);
    }

    int bufferBytes() {
        return memory.get(ValueLayout.JAVA_INT, 20);
    }

    MemorySegment buffer(int reader) {
        return memory.asSlice(BUFFERS_OFFSET + (long) reader * bufferBytes(), bufferBytes());
    }

    /** Copies of the requests that were being served, each with its length in the first 4 bytes. */
    List<MemorySegment> leftOver() {
        var requests = new ArrayList<MemorySegment>();
        for (int reader = 0; reader < readers(); reader++) {
            var buffer = buffer(reader);
            int lengthBytes = buffer.get(ValueLayout.JAVA_INT, 0);
            if (lengthBytes >= FuseProtocol.IN_HEADER_BYTES && lengthBytes <= buffer.byteSize()) {
                requests.add(
                        Arena.ofAuto()
                                .allocate(lengthBytes, 8)
                                .copyFrom(buffer.asSlice(0, lengthBytes)));
            }
        }
        return requests;
    }

    /** An FSYNC request that waited. */
    record WaitingSync(long unique, int slot) {}

    List<WaitingSync> waitingSyncs() {
        var waiting = new ArrayList<WaitingSync>();
        for (int slot = 0; slot < SYNCS_MAX; slot++) {
            long unique = sync(slot);
            if (unique != 0) {
                waiting.add(new WaitingSync(unique, slot));
            }
        }
        return waiting;
    }

    void clearSyncs() {
        memory.asSlice(SYNCS_OFFSET, (long) SYNCS_MAX * Long.BYTES).fill((byte) 0);
    }

    void clearBuffers() {
        for (int reader = 0; reader < readers(); reader++) {
            buffer(reader).set(ValueLayout.JAVA_INT, 0, 0);
        }
    }

    /**
     * Notes that an FSYNC waits. Answers its slot, for {@link #syncAnswered}; -1 if there are too
     * many.
     */
    synchronized int syncWaits(long unique) {
        for (int tried = 0; tried < SYNCS_MAX; tried++) {
            int slot = nextSync;
            nextSync = (nextSync + 1) % SYNCS_MAX;
            if (sync(slot) == 0) {
                LONG.setRelease(memory, SYNCS_OFFSET + (long) slot * Long.BYTES, unique);
                return slot;
            }
        }
        return -1;
    }

    void syncAnswered(int slot) {
        if (slot >= 0) {
            LONG.setRelease(memory, SYNCS_OFFSET + (long) slot * Long.BYTES, 0L);
        }
    }

    private long sync(int slot) {
        return (long) LONG.getAcquire(memory, SYNCS_OFFSET + (long) slot * Long.BYTES);
    }

    @Override
    public void close() {
        arena.close();
    }
}
