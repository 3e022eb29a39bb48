package io.leasehold.heartbeat.history;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.rollcycles.SparseRollCycles;
import net.openhft.chronicle.threads.BusyTimedPauser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the history of this node and reads it back. All methods may be called by any thread.
 *
 * <p>What was recorded is in the page cache, safe from kill -9, as soon as the thread {@code
 * history-writer} had its turn (usually some microseconds later); nobody waits for it.
 */
public final class FlightRecorder implements AutoCloseable {
    /** So many observations wait for the writer; further ones are dropped and show as missing. */
    public static final int WAITING_MAX = 8_192;

    private static final Logger LOG = LoggerFactory.getLogger(FlightRecorder.class);

    /** Files grow in these steps; the queue maps one at a time. */
    private static final int BLOCK_BYTES = 1 << 20;

    private static final Duration HOUSEKEEPING_PAUSE = Duration.ofSeconds(10);
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(5);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final FlightRecorderOptions options;
    private final InstantSource wallClock;
    private final LongSupplier nanoTime;
    private final HistoryFiles files;
    private final BlockingQueue<Work> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
    private final Thread writer;
    private final Object newestChanged = new Object();

    // Guarded by waiting.
    private long droppedSinceLast;
    private boolean closed;

    // Guarded by newestChanged.
    private long newest;

    // Of the writer.
    private Optional<OpenQueue> open = Optional.empty();
    private long housekeptNanos;
    private boolean full;

    private record OpenQueue(SingleChronicleQueue queue, ExcerptAppender appender) {}

    /** What the writer does, in the order in which it was asked. */
    private sealed interface Work {
        record Write(
                Observation observation, Instant wallTime, long monotonicNanos, long droppedBefore)
                implements Work {}

        record Reach(CountDownLatch reached) implements Work {}

        record Stop() implements Work {}
    }

    private FlightRecorder(
            FlightRecorderOptions options, InstantSource wallClock, LongSupplier nanoTime) {
        this.options = options;
        this.wallClock = wallClock;
        this.nanoTime = nanoTime;
        this.files = new HistoryFiles(options.directory());
        this.writer = Thread.ofPlatform().name("history-writer").daemon().unstarted(this::write);
    }

    /**
     * Starts a recorder. Returns at once: the queue is opened by the thread {@code history-writer}.
     */
    public static FlightRecorder start(
            FlightRecorderOptions options, InstantSource wallClock, LongSupplier nanoTime) {
        var recorder = new FlightRecorder(options, wallClock, nanoTime);
        recorder.writer.start();
        return recorder;
    }

    /**
     * Records an observation. Never blocks and never fails; what cannot be written shows as
     * missing.
     */
    public void record(Observation observation) {
        synchronized (waiting) {
            var work =
                    new Work.Write(
                            observation,
                            wallClock.instant(),
                            nanoTime.getAsLong(),
                            droppedSinceLast);
            if (!closed && waiting.offer(work)) {
                droppedSinceLast = 0;
            } else {
                droppedSinceLast++;
            }
        }
    }

    /**
     * The last items, oldest first, including everything that was recorded before this call.
     *
     * @param entriesMax at most so many entries
     */
    public List<HistoryItem> last(int entriesMax) throws IOException {
        drain();
        return files.read(Math.max(1, newest() - entriesMax + 1), newest(), entriesMax);
    }

    /**
     * Items from {@code sequence} on, oldest first, including everything that was recorded before
     * this call.
     *
     * @param entriesMax at most so many entries
     */
    public List<HistoryItem> from(long sequence, int entriesMax) throws IOException {
        drain();
        return files.read(sequence, newest(), entriesMax);
    }

    /** Sequence number of the newest entry, 0 if there is none or the queue is not open yet. */
    public long newest() {
        synchronized (newestChanged) {
            return newest;
        }
    }

    /**
     * Waits until an entry with at least this number exists ({@code events --follow}).
     *
     * @return false if the time was over before
     */
    public boolean awaitSequence(long sequence, long timeoutNanos) throws InterruptedException {
        long endNanos = System.nanoTime() + timeoutNanos;
        synchronized (newestChanged) {
            while (newest < sequence) {
                long remainingNanos = endNanos - System.nanoTime();
                if (remainingNanos <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(newestChanged, remainingNanos);
            }
            return true;
        }
    }

    private void drain() throws IOException {
        var reached = new CountDownLatch(1);
        try {
            if (isClosed()) {
                return;
            }
            boolean isReached =
                    waiting.offer(
                                    new Work.Reach(reached),
                                    DRAIN_LIMIT.toMillis(),
                                    TimeUnit.MILLISECONDS)
                            && reached.await(DRAIN_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (!isReached) {
                throw new IOException("the history is not written within " + DRAIN_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the history is written", e);
        }
    }

    private boolean isClosed() {
        synchronized (waiting) {
            return closed;
        }
    }

    /** Writes what waits, and closes. */
    @Override
    public void close() {
        synchronized (waiting) {
            if (closed) {
                return;
            }
            closed = true;
        }
        try {
            waiting.put(new Work.Stop());
            if (!writer.join(CLOSE_LIMIT)) {
                LOG.warn("the history is not closed after {}", CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // The thread history-writer.

    private void write() {
        try {
            Files.createDirectories(options.directory());
            setNewest(files.newestSequence());
            housekeep();
        } catch (IOException | RuntimeException e) {
            LOG.error("the history in {} cannot be opened", options.directory(), e);
        }
        try {
            while (perform(waiting.take())) {}
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeQueue();
        }
    }

    private boolean perform(Work work) {
        return switch (work) {
            case Work.Write write -> {
                append(write);
                yield true;
            }
            case Work.Reach(var reached) -> {
                reached.countDown();
                yield true;
            }
            case Work.Stop() -> false;
        };
    }

    /** An entry that cannot be written keeps its number, so that its absence shows. */
    private void append(Work.Write write) {
        long sequence = newest() + write.droppedBefore() + 1;
        try {
            if (nanoTime.getAsLong() - housekeptNanos >= HOUSEKEEPING_PAUSE.toNanos()) {
                housekeep();
            }
            if (!full) {
                var entry =
                        new HistoryEntry(
                                sequence,
                                write.wallTime(),
                                write.monotonicNanos(),
                                options.node(),
                                write.observation());
                byte[] bytes = EntryCodec.encode(entry);
                appender().writeBytes(out -> out.write(bytes));
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("entry {} of the history cannot be written", sequence, e);
            closeQueue();
        }
        setNewest(sequence);
    }

    private ExcerptAppender appender() {
        if (open.isEmpty()) {
            var queue =
                    SingleChronicleQueueBuilder.binary(options.directory())
                            .rollCycle(SparseRollCycles.SMALL_DAILY)
                            .blockSize(BLOCK_BYTES)
                            .timeProvider(wallClock::millis)
                            .build();
            // A writer that died with its box left its lock locked, with the number of its process.
            // Processes are numbered alike from boot to boot, so that number may be alive now, and
            // the lock would be respected for ever. This directory has one writer: us.
            try (var lock = new TableStoreWriteLock(queue.metaStore(), BusyTimedPauser::new, 0L)) {
                lock.forceUnlock();
            }
            open = Optional.of(new OpenQueue(queue, queue.createAppender()));
        }
        return open.get().appender();
    }

    private void closeQueue() {
        open.ifPresent(opened -> {
            opened.appender().close();
            opened.queue().close();
        });
        open = Optional.empty();
    }

    private void setNewest(long sequence) {
        synchronized (newestChanged) {
            newest = sequence;
            newestChanged.notifyAll();
        }
    }

    /**
     * Deletes what is too old or too much, and looks whether there is room. The queue maps its
     * files: without room its next store would be a SIGBUS, which ends the process.
     */
    private void housekeep() throws IOException {
        housekeptNanos = nanoTime.getAsLong();
        var oldestFirst = files.oldestFirst();
        long bytes = 0;
        for (var file : oldestFirst) {
            bytes += Files.size(file);
        }
        var tooOld = wallClock.instant().minus(options.keepAge());
        for (var file : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - 1))) {
            boolean isTooOld = Files.getLastModifiedTime(file).toInstant().isBefore(tooOld);
            if (isTooOld || bytes > options.keepBytes()) {
                bytes -= Files.size(file);
                Files.delete(file);
            }
        }
        boolean hasRoom =
                Files.getFileStore(options.directory()).getUsableSpace() >= options.minFreeBytes()
                        && bytes <= options.keepBytes();
        if (full == hasRoom) {
            full = !hasRoom;
            if (full) {
                LOG.warn(
                        "the history pauses: less than {} bytes free, or more than {} used",
                        options.minFreeBytes(),
                        options.keepBytes());
            } else {
                LOG.info("the history goes on");
            }
        }
    }
}
