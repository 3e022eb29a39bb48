package io.leasehold.heartbeat.keeper;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.Sockets;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Frames over a connected Unix socket, without ever waiting. What the other side does not read is
 * kept up to a bound.
 *
 * <p>One thread may read and another write.
 */
final class FrameSocket implements AutoCloseable {
    /** The other side may be behind by so much. */
    static final int PENDING_BYTES_MAX = 512 << 10;

    private static final int CHUNK_BYTES = 64 << 10;

    private final Descriptor socket;
    private final MemorySegment inChunk = Arena.ofAuto().allocate(CHUNK_BYTES);
    private final MemorySegment outChunk = Arena.ofAuto().allocate(CHUNK_BYTES);
    private ByteBuffer received = ByteBuffer.allocate(4 << 10);
    private ByteBuffer pending = ByteBuffer.allocate(4 << 10);

    FrameSocket(Descriptor socket) {
        this.socket = socket;
    }

    int number() throws IOException {
        return socket.number();
    }

    Descriptor descriptor() {
        return socket;
    }

    /** Whether bytes wait until the other side has room. */
    boolean isBehind() {
        return pending.position() > 0;
    }

    /** Whether a frame of that length would exceed the bound. */
    boolean hasRoomFor(byte[] frame) {
        return pending.position() + frame.length <= PENDING_BYTES_MAX;
    }

    /** Sends, or keeps for {@link #flush}. */
    void send(byte[] frame) throws IOException {
        if (!hasRoomFor(frame)) {
            throw new IOException("the other side does not read");
        }
        pending = withRoom(pending, frame.length).put(frame);
        flush();
    }

    /** Sends what was kept, as far as there is room. */
    void flush() throws IOException {
        pending.flip();
        while (pending.hasRemaining()) {
            int length = Math.min(pending.remaining(), CHUNK_BYTES);
            MemorySegment.copy(pending.array(), pending.position(), outChunk, JAVA_BYTE, 0, length);
            int taken = Sockets.send(socket, outChunk, length, MemorySegment.NULL);
            if (taken == Sockets.WOULD_BLOCK) {
                break;
            }
            pending.position(pending.position() + taken);
        }
        pending.compact();
    }

    /**
     * Takes what has come.
     *
     * @return false if nothing was there
     * @throws EOFException if the other side has closed
     */
    boolean fill() throws IOException {
        int length = Sockets.receive(socket, inChunk, MemorySegment.NULL);
        if (length == Sockets.WOULD_BLOCK) {
            return false;
        }
        if (length == 0) {
            throw new EOFException("closed by the other side");
        }
        received = withRoom(received, length);
        MemorySegment.copy(inChunk, JAVA_BYTE, 0, received.array(), received.position(), length);
        received.position(received.position() + length);
        return true;
    }

    /** The next whole frame without its length, of what was taken. */
    Optional<byte[]> next() throws ProtocolException {
        if (received.position() < KeeperCodec.LENGTH_BYTES) {
            return Optional.empty();
        }
        int length = received.getInt(0);
        if (length < 1 || length > KeeperCodec.FRAME_BYTES_MAX) {
            throw new ProtocolException("a frame of " + length + " bytes");
        }
        if (received.position() < KeeperCodec.LENGTH_BYTES + length) {
            return Optional.empty();
        }
        var frame = new byte[length];
        received.flip().position(KeeperCodec.LENGTH_BYTES);
        received.get(frame).compact();
        return Optional.of(frame);
    }

    private static ByteBuffer withRoom(ByteBuffer buffer, int bytes) {
        if (buffer.remaining() >= bytes) {
            return buffer;
        }
        int capacity = Math.max(2 * buffer.capacity(), buffer.position() + bytes);
        return ByteBuffer.allocate(capacity).put(buffer.flip());
    }

    @Override
    public void close() {
        socket.close();
    }
}
