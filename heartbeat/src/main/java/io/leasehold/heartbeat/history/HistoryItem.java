package io.leasehold.heartbeat.history;

/** What a reader of the history meets, in order. */
public sealed interface HistoryItem {
    /** An entry, whole and with a right checksum. */
    record Recorded(HistoryEntry entry) implements HistoryItem {}

    /** Entries that are not there: dropped before writing, or in a damaged or vanished file. */
    record Missing(long firstSequence, long lastSequence, String reason) implements HistoryItem {}
}
