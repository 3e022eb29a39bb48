package io.leasehold.blockrep.link;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.FrameCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What is to be sent, in order. Putting frames in never blocks on the network; {@link #flush} sends
 * what is there by the calling thread, as few TLS records as possible. If another thread is sending
 * already, it sends this too and the caller goes on: at most one thread ever waits for the socket.
 *
 * <p>Bounded: {@link #hasRoom} turns false at {@value #SOFT_BYTES_MAX} bytes and whoever can wait
 * does; a session whose queue reaches {@value #HARD_BYTES_MAX} ends.
 */
public final class Outbox {
    static final int SOFT_BYTES_MAX = 4 << 20;
    static final int HARD_BYTES_MAX = 16 << 20;
    private static final int INITIAL_BYTES = 256 << 10;

    /** Many TLS records; with more, this end fills the queue while the other one has nothing. */
    private static final int BATCH_BYTES = INITIAL_BYTES;

    private final PeerSession session;

    /** Held by the one thread that writes to the socket. */
    private final ReentrantLock sending = new ReentrantLock();

    /** Guards everything below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition roomChanged = lock.newCondition();
    private ByteBuffer queue = ByteBuffer.allocate(INITIAL_BYTES);
    private ByteBuffer spare = ByteBuffer.allocate(INITIAL_BYTES);
    private boolean ended;

    Outbox(PeerSession session) {
        this.session = session;
    }

    /** Puts a frame behind the others. */
    public void put(long epoch, Seq seq, Frame frame) {
        lock.lock();
        try {
            if (reserve(FrameCodec.encodedBytesMax(frame))) {
                FrameCodec.encode(queue, epoch, seq, frame);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Puts an operation behind the others. */
    public void putOperation(
            boolean live,
            long epoch,
            Seq seq,
            RequestId request,
            Root root,
            long writerEpoch,
            ByteBuffer operation) {
        lock.lock();
        try {
            if (reserve(FrameCodec.operationFrameBytes(operation.remaining()))) {
                FrameCodec.encodeOperation(
                        queue, live, epoch, seq, request, root, writerEpoch, operation);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether a few more operations fit without risk; also true when the session has ended. */
    public boolean hasRoom() {
        lock.lock();
        try {
            return ended || queue.position() < SOFT_BYTES_MAX;
        } finally {
            lock.unlock();
        }
    }

    /** Whether anything waits to be sent. */
    public boolean isEmpty() {
        return waitingBytes() == 0;
    }

    private int waitingBytes() {
        lock.lock();
        try {
            return queue.position();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends what is enough for a batch, and until there is room; for threads that fill the queue
     * themselves.
     */
    public void makeRoom() throws InterruptedException {
        if (waitingBytes() >= BATCH_BYTES) {
            flush();
        }
        while (!hasRoom()) {
            flush();
            lock.lock();
            try {
                // Another thread is sending: it signals when it has taken the queue.
                if (!ended && queue.position() >= SOFT_BYTES_MAX) {
                    roomChanged.await();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Sends what is in the queue, or leaves it to the thread that is at it. An error ends the
     * session.
     */
    public void flush() {
        // Again after the unlock: whoever put something in meanwhile found the lock taken.
        while (!isEmpty() && sending.tryLock()) {
            try {
                sendAll();
            } finally {
                sending.unlock();
            }
        }
    }

    void ended() {
        lock.lock();
        try {
            ended = true;
            queue.clear();
            roomChanged.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void sendAll() {
        while (true) {
            ByteBuffer batch;
            lock.lock();
            try {
                if (ended || queue.position() == 0) {
                    return;
                }
                batch = queue;
                queue = spare.clear();
                roomChanged.signalAll();
            } finally {
                lock.unlock();
            }
            try {
                session.write(batch.array(), batch.arrayOffset(), batch.position());
            } catch (IOException e) {
                session.abort("sending failed: " + e.getMessage());
                return;
            } finally {
                lock.lock();
                try {
                    // A queue that grew in a burst is not kept for ever.
                    spare =
                            batch.capacity() > SOFT_BYTES_MAX
                                    ? ByteBuffer.allocate(INITIAL_BYTES)
                                    : batch;
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    /** Makes room in the queue; false if the session is over. */
    private boolean reserve(int bytes) {
        if (ended) {
            return false;
        }
        if (queue.remaining() >= bytes) {
            return true;
        }
        int needed = queue.position() + bytes;
        if (needed > HARD_BYTES_MAX) {
            session.abort(
                    "the peer does not take what is sent: " + queue.position() + " bytes wait");
            return false;
        }
        var larger =
                ByteBuffer.allocate(
                        Math.max(needed, Math.min(2 * queue.capacity(), HARD_BYTES_MAX)));
        queue = larger.put(queue.flip());
        return true;
    }
}
