package io.leasehold.blockrep.link;

import io.leasehold.blockrep.wire.Frame.Envelope;
import io.leasehold.blockrep.wire.FrameCodec;
import io.leasehold.blockrep.wire.ProtocolException;
import io.leasehold.blockrep.wire.ProtocolVersion;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One authenticated connection to the peer. One thread reads; writes go through the {@link Outbox}.
 * {@link #abort} may come from any thread and frees both, whatever they are blocked in.
 */
public final class PeerSession {
    private static final Logger log = LoggerFactory.getLogger(PeerSession.class);
    private static final int READ_BUFFER_BYTES = 64 << 10;

    private final Socket transport;
    private final InputStream transportIn;
    private final InputStream in;
    private final OutputStream out;
    private final ProtocolVersion version;
    private final Outbox outbox;
    private volatile boolean refused;
    private final AtomicReference<Optional<String>> endReason =
            new AtomicReference<>(Optional.empty());
    private final AtomicLong bytesReceived = new AtomicLong();
    private final AtomicLong bytesSent = new AtomicLong();

    /**
     * {@link System#nanoTime} when the reader began to wait; {@link Long#MIN_VALUE} while it does
     * not.
     */
    private volatile long waitingSinceNanos = Long.MIN_VALUE;

    private ByteBuffer buffer = ByteBuffer.allocate(READ_BUFFER_BYTES).limit(0);

    PeerSession(Socket transport, Socket tls, ProtocolVersion version) throws IOException {
        this.transport = transport;
        this.transportIn = transport.getInputStream();
        this.in = tls.getInputStream();
        this.out = tls.getOutputStream();
        this.version = version;
        this.outbox = new Outbox(this);
    }

    public ProtocolVersion version() {
        return version;
    }

    /** Where frames for the peer are put. */
    public Outbox outbox() {
        return outbox;
    }

    /**
     * The next frame; blocks. For the reader's thread only.
     *
     * @throws ProtocolException the bytes are no frame: end the session
     * @throws IOException the session has ended; {@link #endReason} says why, if it was this node
     */
    public Envelope read() throws IOException {
        need(4);
        int length = FrameCodec.bodyLength(buffer.getInt(buffer.position()));
        need(4 + length);
        buffer.getInt();
        var frame = buffer.slice().limit(length);
        buffer.position(buffer.position() + length);
        return FrameCodec.decode(frame);
    }

    /**
     * Whether more has arrived already: {@link #read} would not wait for the peer, or not for long.
     */
    public boolean moreIsHere() throws IOException {
        return buffer.remaining() >= 4 || transportIn.available() > 0;
    }

    /**
     * For how long the reader has been waiting for a byte; empty while it is busy with something
     * else.
     */
    public OptionalLong silentForNanos(long nowNanos) {
        long since = waitingSinceNanos;
        return since == Long.MIN_VALUE ? OptionalLong.empty() : OptionalLong.of(nowNanos - since);
    }

    public long bytesReceived() {
        return bytesReceived.get();
    }

    public long bytesSent() {
        return bytesSent.get();
    }

    /** Ends the session at once: blocked readers and writers return. The first reason stays. */
    public void abort(String reason) {
        endReason.getAndUpdate(first -> first.isPresent() ? first : Optional.of(reason));
        try {
            // The transport, not TLS: closing TLS waits for a writer that is blocked in it.
            transport.close();
        } catch (IOException e) {
            log.debug("closing the connection to the peer: {}", e.getMessage());
        }
        outbox.ended();
    }

    /**
     * Ends it like {@link #abort}, because one of the two does not accept the other or cannot go
     * on: the next sessions are tried less and less often, if this node is the one that dials.
     */
    public void refuse(String reason) {
        refused = true;
        abort(reason);
    }

    /** Whether that was said. */
    public boolean wasRefused() {
        return refused;
    }

    /** Why this node ended the session; empty if it did not. */
    public Optional<String> endReason() {
        return endReason.get();
    }

    /** One caller at a time: the outbox. */
    void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        out.flush();
        bytesSent.addAndGet(length);
    }

    private void need(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return;
        }
        if (bytes > buffer.capacity()) {
            buffer = ByteBuffer.allocate(bytes + READ_BUFFER_BYTES).put(buffer).flip();
        } else if (buffer.position() + bytes > buffer.capacity()) {
            buffer.compact().flip();
        }
        while (buffer.remaining() < bytes) {
            waitingSinceNanos = System.nanoTime();
            int count;
            try {
                count = in.read(buffer.array(), buffer.limit(), buffer.capacity() - buffer.limit());
            } finally {
                waitingSinceNanos = Long.MIN_VALUE;
            }
            if (count < 0) {
                throw new EOFException("the peer closed the session");
            }
            bytesReceived.addAndGet(count);
            buffer.limit(buffer.limit() + count);
        }
    }
}
