package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.volume.FileSystem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the readers of one mount share: the descriptor, the file system behind it, and the counters.
 *
 * <p>The descriptor is closed by whoever uses it last: the mount, or the answer to a sync that the
 * peer kept waiting until after a forced unmount. Closed any sooner, its number could be another
 * file's when that answer is written.
 */
final class FuseConnection {

    private static final Logger log = LoggerFactory.getLogger(FuseConnection.class);

    private static final ThreadLocal<MemorySegment> EMPTY_REPLY =
            ThreadLocal.withInitial(
                    () -> Arena.ofAuto().allocate(FuseProtocol.OUT_HEADER_BYTES, 8));

    final int device;
    final FileSystem files;
    final SyncForecast forecast = new SyncForecast();

    /** Of the mount: with it, the number of a request is one that no other mount has. */
    final long incarnation;

    final LongAdder requests = new LongAdder();
    final LongAdder writes = new LongAdder();
    final LongAdder syncs = new LongAdder();
    final LongAdder resent = new LongAdder();
    final LongAdder answeredFromJournal = new LongAdder();
    final LongAdder unanswered = new LongAdder();

    /** The mount itself, and each sync that is not answered yet. */
    private final AtomicInteger users = new AtomicInteger(1);

    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * @param device becomes this connection's own
     */
    FuseConnection(int device, FileSystem files, long incarnation) {
        this.device = device;
        this.files = files;
        this.incarnation = incarnation;
    }

    /** Answers with nothing but success or an error, from any thread. */
    void reply(long unique, int errno) {
        var reply = EMPTY_REPLY.get();
        reply.set(ValueLayout.JAVA_INT, 0, FuseProtocol.OUT_HEADER_BYTES);
        reply.set(ValueLayout.JAVA_INT, 4, -errno);
        reply.set(ValueLayout.JAVA_LONG, 8, unique);
        send(reply, FuseProtocol.OUT_HEADER_BYTES);
    }

    /** Sends a whole reply in one write(2), as the protocol wants it. */
    void send(MemorySegment reply, int lengthBytes) {
        long result = Linux.write(device, reply, lengthBytes);
        // ENOENT: the caller was killed meanwhile and waits no more. ENODEV: unmounted.
        if (result < 0 && result != -Errno.ENOENT && result != -Errno.ENODEV) {
            log.error(
                    "The kernel refused the answer ({} bytes) to request {}: {}",
                    lengthBytes,
                    reply.get(ValueLayout.JAVA_LONG, 8),
                    Errno.nameOf((int) -result));
        }
    }

    /**
     * Has the kernel send all requests again that were read and not answered. False if it is older
     * than Linux 6.9.
     */
    boolean askForResend() {
        var notification = EMPTY_REPLY.get();
        notification.set(ValueLayout.JAVA_INT, 0, FuseProtocol.OUT_HEADER_BYTES);
        // In a notification, which has unique 0, this field is the code.
        notification.set(ValueLayout.JAVA_INT, 4, FuseProtocol.NOTIFY_RESEND);
        notification.set(ValueLayout.JAVA_LONG, 8, 0L);
        return Linux.write(device, notification, FuseProtocol.OUT_HEADER_BYTES) >= 0;
    }

    /** Answers an FSYNC when everything up to now is durable wherever it must be. */
    void sync(long unique) {
        syncs.increment();
        users.incrementAndGet();
        files.whenDurable(
                files.last(),
                () -> {
                    reply(unique, 0);
                    release();
                });
        // The caller has its answer, or waits for the peer: time to bring the backing directory up
        // to date.
        files.applyDurable();
    }

    /** No reader is left that could bring another request. A second time does nothing. */
    void end() {
        if (ended.compareAndSet(false, true)) {
            release();
        }
    }

    private void release() {
        if (users.decrementAndGet() == 0) {
            Linux.close(device);
        }
    }

    FuseStatistics statistics() {
        return new FuseStatistics(
                requests.sum(),
                writes.sum(),
                syncs.sum(),
                resent.sum(),
                answeredFromJournal.sum(),
                unanswered.sum());
    }
}
