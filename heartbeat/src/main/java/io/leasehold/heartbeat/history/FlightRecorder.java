package io.leasehold.heartbeat.history;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;

/** Writes the history of this node and reads it back. All methods may be called by any thread. */
@SuppressWarnings({"DoNotCallSuggester", "ArrayRecordComponent"})
public final class FlightRecorder implements AutoCloseable {
    /** So many observations wait for the writer; further ones are dropped and show as missing. */
    public static final int WAITING_MAX = 8_192;

    private FlightRecorder() {}

    /**
     * Starts a recorder. Returns at once: the queue is opened by the thread {@code history-writer}.
     */
    public static FlightRecorder start(
            FlightRecorderOptions options, InstantSource wallClock, LongSupplier nanoTime) {
        throw new UnsupportedOperationException("coming: " + options + wallClock + nanoTime);
    }

    /**
     * Records an observation. Never blocks and never fails; what cannot be written shows as
     * missing.
     */
    public void record(Observation observation) {
        throw new UnsupportedOperationException();
    }

    /**
     * The last items, oldest first, including everything that was recorded before this call.
     *
     * @param entriesMax at most so many entries
     */
    public List<HistoryItem> last(int entriesMax) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Items from {@code sequence} on, oldest first.
     *
     * @param entriesMax at most so many entries
     */
    public List<HistoryItem> from(long sequence, int entriesMax) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Sequence number of the newest entry, 0 if there is none. */
    public long newest() {
        throw new UnsupportedOperationException();
    }

    /** Waits until an entry with at least this number exists ({@code events --follow}). */
    public boolean awaitSequence(long sequence, long timeoutNanos) throws InterruptedException {
        throw new UnsupportedOperationException();
    }

    /** Writes what waits, and closes. */
    @Override
    public void close() {}
}
