package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The simplest log that keeps the promises of {@link OperationLog} on one node: records in one
 * file, fdatasync for those who wait. It lives through kill -9. The room it writes to can be filled
 * with zeros before, as the real journal's.
 */
public final class FileLog implements OperationLog, AutoCloseable {

    private static final int HEADER_BYTES = 24;

    private final int descriptor;
    private final MemorySegment memory;
    private final ByteBuffer buffer;
    private final List<Operation> operations = new ArrayList<>();
    private final Map<RequestId, Operation> resolved = new HashMap<>();
    private final Object syncing = new Object();
    private long endBytes;
    private volatile long appended;
    private volatile long durable;
    private final boolean keep;

    private FileLog(int descriptor, boolean keep) {
        this.descriptor = descriptor;
        this.keep = keep;
        this.memory = Arena.ofAuto().allocate(OperationCodec.MAX_ENCODED_BYTES + HEADER_BYTES, 8);
        this.buffer = memory.asByteBuffer();
    }

    /** Opens or makes the log; a new one has {@code zeroedBytes} of zeros to write over. */
    public static FileLog open(Path file, long zeroedBytes) throws IOException {
        int descriptor = Linux.open(file, Linux.O_RDWR | Linux.O_CREAT, 0600);
        boolean fresh = Linux.statx(descriptor).sizeBytes() == 0;
        if (fresh) {
            for (long at = 0; at < zeroedBytes; at += 1 << 20) {
                Linux.pwriteFully(descriptor, new byte[1 << 20], at);
            }
            Linux.fsync(descriptor);
        }
        var log = new FileLog(descriptor, zeroedBytes == 0);
        if (!fresh) {
            log.recover();
        }
        return log;
    }

    private void recover() throws IOException {
        try {
            while (Linux.pread(descriptor, memory, HEADER_BYTES, endBytes) == HEADER_BYTES
                    && buffer.getInt(0) != 0) {
                int lengthBytes = buffer.getInt(0);
                var request = new RequestId(buffer.getLong(8), buffer.getLong(16));
                Linux.pread(descriptor, memory, lengthBytes, endBytes + HEADER_BYTES);
                var operation = OperationCodec.decode(buffer.slice(0, lengthBytes));
                operations.add(operation);
                resolved.put(request, operation);
                endBytes += HEADER_BYTES + lengthBytes;
            }
        } catch (MalformedOperationException e) {
            throw new IOException(e);
        }
        appended = operations.size();
        Linux.fdatasync(descriptor);
        durable = appended;
    }

    /** All operations, those from before a restart included. */
    public History history() {
        return visitor -> {
            for (int i = 0; i < operations.size(); i++) {
                visitor.visit(new Seq(i + 1), operations.get(i));
            }
        };
    }

    @Override
    public void awaitRoom(int payloadBytes) {}

    @Override
    public Seq append(Operation operation, RequestId request) {
        int lengthBytes = OperationCodec.encodedBytes(operation);
        buffer.clear();
        buffer.putInt(lengthBytes)
                .putInt(0)
                .putLong(request.mountIncarnation())
                .putLong(request.unique());
        OperationCodec.encode(operation, buffer);
        try {
            Linux.pwriteFully(descriptor, memory, HEADER_BYTES + lengthBytes, endBytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        endBytes += HEADER_BYTES + lengthBytes;
        if (keep) {
            operations.add(operation);
        }
        long seq = appended + 1;
        appended = seq;
        return new Seq(seq);
    }

    @Override
    public void whenDurable(Seq upTo, Runnable completion) {
        sync(upTo.value());
        completion.run();
    }

    @Override
    public void commitAhead(Seq upTo) {
        sync(upTo.value());
    }

    @Override
    public Seq locallyDurable() {
        return new Seq(durable);
    }

    @Override
    public void syncLocally() {
        sync(appended);
    }

    private void sync(long upTo) {
        if (durable >= upTo) {
            return;
        }
        synchronized (syncing) {
            if (durable >= upTo) {
                return;
            }
            long reached = appended;
            try {
                Linux.fdatasync(descriptor);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            durable = reached;
        }
    }

    @Override
    public Optional<Operation> resolved(RequestId request) {
        return Optional.ofNullable(resolved.get(request));
    }

    public long appended() {
        return appended;
    }

    @Override
    public void close() {
        Linux.close(descriptor);
    }
}
