package io.leasehold.ops.node;

import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.HistoryEntry;
import io.leasehold.heartbeat.history.HistoryItem;
import io.leasehold.heartbeat.history.Observation;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.ops.control.Reply;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * Explains the last failover or takeover from the histories of both nodes. The peer's half comes
 * over the replication session, in pages.
 *
 * <pre>
 *   question  number of the first entry wanted, or 0: the newest page
 *   answer    count, then each entry: number, wall time (us since 1970), monotonic (ns), node, kind, rule, text,
 *             count and causes, count and durations (name, ns)
 * </pre>
 */
final class Explanation {
    /** An episode has a few hundred entries. */
    static final int ENTRIES_MAX = 2_000;

    /** So many of the peer's fit into one answer for certain. */
    private static final int PAGE_ENTRIES_MAX = 60;

    private static final int TEXT_BYTES_MAX = 500;
    private static final int CAUSES_MAX = 4;
    private static final int DURATIONS_MAX = 4;
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);

    private final FlightRecorder recorder;
    private final PeerTalk peer;
    private final NodeName peerName;

    Explanation(FlightRecorder recorder, PeerTalk peer, NodeName peerName) {
        this.recorder = recorder;
        this.peer = peer;
        this.peerName = peerName;
    }

    Reply.Answer last() throws IOException, InterruptedException {
        var remarks = new ArrayList<String>();
        var own = entries(recorder.last(ENTRIES_MAX), remarks);
        var theirs = askPeer(remarks);
        return Timeline.last(own, theirs)
                .<Reply.Answer>map(episode -> new Reply.Report(Views.explain(episode, remarks)))
                .orElseGet(() ->
                        new Reply.Refused(
                                "nothing to explain: no failover or takeover is recorded",
                                Rule.R40));
    }

    private static List<HistoryEntry> entries(List<HistoryItem> items, List<String> remarks) {
        var entries = new ArrayList<HistoryEntry>(items.size());
        for (var item : items) {
            switch (item) {
                case HistoryItem.Recorded(var entry) -> entries.add(entry);
                case HistoryItem.Missing(long first, long last, String reason) ->
                        remarks.add("entries " + first + " to " + last + " are missing: " + reason);
            }
        }
        return entries;
    }

    private List<HistoryEntry> askPeer(List<String> remarks) throws InterruptedException {
        var entries = new ArrayList<HistoryEntry>();
        long before = 0;
        while (entries.size() < ENTRIES_MAX) {
            var answer =
                    peer.ask(
                            PeerTalk.Question.HISTORY,
                            new LayoutWriter(8).number(before).toBytes(),
                            ANSWER_LIMIT);
            if (answer.isEmpty()) {
                remarks.add(peerName + " cannot be asked now: its half of the story is missing");
                break;
            }
            try {
                var page = decode(answer.get());
                if (page.isEmpty()) {
                    break;
                }
                entries.addAll(0, page);
                before = page.getFirst().sequence();
                if (before <= 1) {
                    break;
                }
            } catch (LayoutException e) {
                remarks.add("the history of " + peerName + " is not understood: " + e.getMessage());
                break;
            }
        }
        return entries;
    }

    /** Answers the peer's question. */
    byte[] page(byte[] question) throws IOException, LayoutException {
        long before = new LayoutReader(question).quantity();
        var items =
                before == 0
                        ? recorder.last(PAGE_ENTRIES_MAX)
                        : recorder.from(Math.max(1, before - PAGE_ENTRIES_MAX), PAGE_ENTRIES_MAX);
        var entries =
                entries(items, new ArrayList<>()).stream()
                        .filter(entry -> before == 0 || entry.sequence() < before)
                        .toList();
        return encode(entries);
    }

    private static byte[] encode(List<HistoryEntry> entries) {
        var to = new LayoutWriter(PeerTalk.BODY_BYTES_MAX).count(entries.size());
        for (var entry : entries) {
            var observation = entry.observation();
            to.number(entry.sequence())
                    .number(ChronoUnit.MICROS.between(Instant.EPOCH, entry.wallTime()))
                    .number(entry.monotonicNanos())
                    .text(cut(entry.node(), 64))
                    .text(cut(observation.kind(), 32))
                    .text(cut(observation.rule(), 16))
                    .text(cut(observation.text(), 200));
            var causes = observation.causes().stream().limit(CAUSES_MAX).toList();
            to.count(causes.size());
            causes.forEach(cause -> to.text(cut(cause, 120)));
            var durations = new TreeMap<>(observation.durations());
            while (durations.size() > DURATIONS_MAX) {
                durations.pollLastEntry();
            }
            to.count(durations.size());
            durations.forEach((name, took) -> to.text(cut(name, 16)).number(took.toNanos()));
        }
        return to.toBytes();
    }

    private static List<HistoryEntry> decode(byte[] bytes) throws LayoutException {
        var from = new LayoutReader(bytes);
        int count = from.count(PAGE_ENTRIES_MAX);
        var entries = new ArrayList<HistoryEntry>(count);
        for (int i = 0; i < count; i++) {
            long sequence = from.quantity();
            long micros = from.number();
            long monotonic = from.number();
            var node = from.text(TEXT_BYTES_MAX);
            var kind = from.text(TEXT_BYTES_MAX);
            var rule = from.text(TEXT_BYTES_MAX);
            var text = from.text(TEXT_BYTES_MAX);
            var causes = new ArrayList<String>();
            for (int left = from.count(CAUSES_MAX); left > 0; left--) {
                causes.add(from.text(TEXT_BYTES_MAX));
            }
            var durations = new HashMap<String, Duration>();
            for (int left = from.count(DURATIONS_MAX); left > 0; left--) {
                durations.put(from.text(TEXT_BYTES_MAX), Duration.ofNanos(from.number()));
            }
            entries.add(
                    new HistoryEntry(
                            sequence,
                            from.checked(
                                    "a time", () -> Instant.EPOCH.plus(micros, ChronoUnit.MICROS)),
                            monotonic,
                            node,
                            new Observation(kind, rule, causes, text, durations)));
        }
        from.end();
        return entries;
    }

    /** So that a page always fits; in characters, of which one has at most 3 bytes here. */
    private static String cut(String text, int charactersMax) {
        return text.length() <= charactersMax ? text : text.substring(0, charactersMax - 1) + "…";
    }
}
