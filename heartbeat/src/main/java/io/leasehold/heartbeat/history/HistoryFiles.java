package io.leasehold.heartbeat.history;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the queue's files.
 *
 * <p>Not with the queue's own tailer, which stops without a word at a damaged page: entries are
 * found by their magic number and proven by their checksum, so damage costs the entries that it hit
 * and no others, and the sequence numbers tell which. Files of a running writer may be read; an
 * entry that is just being written has no right checksum yet.
 */
final class HistoryFiles {
    private static final String SUFFIX = ".cq4";
    private static final int WINDOW_BYTES = 1 << 20;

    private final Path directory;

    HistoryFiles(Path directory) {
        this.directory = directory;
    }

    /** Their names are dates, so this is oldest first. */
    List<Path> oldestFirst() throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    /** The number of the newest entry, 0 if there is none. */
    long newestSequence() throws IOException {
        for (var file : oldestFirst().reversed()) {
            var entries = entries(file, 1);
            if (!entries.isEmpty()) {
                return entries.getLast().sequence();
            }
        }
        return 0;
    }

    /**
     * All entries from that number on, in order, and what is missing between them.
     *
     * @param newest up to which there should be entries
     */
    List<HistoryItem> read(long fromSequence, long newest, int entriesMax) throws IOException {
        var found = new ArrayList<HistoryEntry>();
        for (var file : oldestFirst().reversed()) {
            var entries = entries(file, fromSequence);
            found.addAll(0, entries);
            // Every older file ends before this one begins.
            if (!entries.isEmpty() && entries.getFirst().sequence() <= fromSequence) {
                break;
            }
        }
        return withGaps(found, newest, entriesMax);
    }

    private static List<HistoryItem> withGaps(
            List<HistoryEntry> found, long newest, int entriesMax) {
        var items = new ArrayList<HistoryItem>();
        // What retention deleted at the front is not missing.
        long expected = found.isEmpty() ? newest + 1 : found.getFirst().sequence();
        int entries = 0;
        for (var entry : found) {
            if (entries == entriesMax) {
                return items;
            }
            if (entry.sequence() > expected) {
                items.add(missing(expected, entry.sequence() - 1));
            }
            items.add(new HistoryItem.Recorded(entry));
            entries++;
            expected = entry.sequence() + 1;
        }
        if (expected <= newest) {
            items.add(missing(expected, newest));
        }
        return items;
    }

    private static HistoryItem missing(long first, long last) {
        return new HistoryItem.Missing(
                first, last, "damaged on disk, or dropped because buffer or disk was full");
    }

    /** The entries of one file from that number on. */
    private static List<HistoryEntry> entries(Path file, long fromSequence) throws IOException {
        var entries = new ArrayList<HistoryEntry>();
        var bytes = new byte[WINDOW_BYTES + EntryCodec.HEADER_BYTES + EntryCodec.BODY_BYTES_MAX];
        // Not a channel: an interrupt of the asking thread must not close anything.
        try (var in = new FileInputStream(file.toFile())) {
            int kept = 0;
            boolean isLast;
            do {
                int read = in.readNBytes(bytes, kept, bytes.length - kept);
                isLast = kept + read < bytes.length;
                var window = ByteBuffer.wrap(bytes, 0, kept + read);
                int scanned = scan(window, isLast, fromSequence, entries);
                kept = window.limit() - scanned;
                System.arraycopy(bytes, scanned, bytes, 0, kept);
            } while (!isLast);
        }
        return entries;
    }

    /** Returns how many bytes are done with; an entry that may reach beyond the window is not. */
    private static int scan(
            ByteBuffer window, boolean isLast, long fromSequence, List<HistoryEntry> entries) {
        int end = isLast ? window.limit() : Math.min(window.limit(), WINDOW_BYTES);
        int at = 0;
        while (at < end) {
            var entry = EntryCodec.decode(window, at);
            if (entry.isEmpty()) {
                at++;
                continue;
            }
            boolean isInOrder =
                    entries.isEmpty() || entry.get().sequence() > entries.getLast().sequence();
            if (entry.get().sequence() >= fromSequence && isInOrder) {
                entries.add(entry.get());
            }
            at += EntryCodec.lengthAt(window, at).orElseThrow();
        }
        return at;
    }
}
