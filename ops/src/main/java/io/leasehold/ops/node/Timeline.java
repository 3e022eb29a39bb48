package io.leasehold.ops.node;

import io.leasehold.heartbeat.history.HistoryEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Finds the last failover or takeover in the histories of both nodes and puts it into one order:
 * what {@code clusterctl explain} prints. Pure.
 *
 * <p>An episode is found by its promotion, the one step that each has. It begins with what led
 * there (everything without a pause before it) and ends with the first DHCP answer of the new
 * primary, or when nothing happens any more.
 */
final class Timeline {
    /** Two entries that are further apart belong to different episodes. */
    static final Duration PAUSE = Duration.ofSeconds(3);

    /** No episode begins longer before its promotion. */
    static final Duration BEFORE_MAX = Duration.ofMinutes(2);

    static final Duration AFTER_MAX = Duration.ofMinutes(1);

    private static final String PROMOTED = "volume: promoted";

    /**
     * Links come and go without consequence, and each time it is noted: what of it matters is
     * repeated as the cause of the decision that follows.
     */
    private static final String LINK_CHANGED = "membership: link ";

    private Timeline() {}

    /**
     * One line.
     *
     * @param since from the episode's first entry
     * @param entry what happened, and where
     */
    record Line(Duration since, HistoryEntry entry) {}

    /**
     * One episode.
     *
     * @param begun the wall clock of its first entry
     * @param primary the node that was promoted
     * @param answeredAfter from the first entry to the first DHCP answer; empty if there was none
     * @param lines in order
     */
    record Episode(
            Instant begun, String primary, Optional<Duration> answeredAfter, List<Line> lines) {
        Episode {
            lines = List.copyOf(lines);
        }
    }

    /** The last episode in these entries; empty if nothing was ever promoted. */
    static Optional<Episode> last(List<HistoryEntry> ofThisNode, List<HistoryEntry> ofThePeer) {
        var all = new ArrayList<HistoryEntry>(ofThisNode.size() + ofThePeer.size());
        all.addAll(ofThisNode);
        all.addAll(ofThePeer);
        all.removeIf(entry -> entry.observation().text().startsWith(LINK_CHANGED));
        all.sort(
                Comparator.comparing(HistoryEntry::wallTime)
                        .thenComparing(HistoryEntry::node)
                        .thenComparingLong(HistoryEntry::sequence));
        int promotion = all.size() - 1;
        while (promotion >= 0 && !all.get(promotion).observation().text().startsWith(PROMOTED)) {
            promotion--;
        }
        return promotion < 0 ? Optional.empty() : Optional.of(around(all, promotion));
    }

    private static Episode around(List<HistoryEntry> all, int promotion) {
        var promoted = all.get(promotion);
        int first = promotion;
        while (first > 0
                && between(all.get(first - 1), all.get(first)).compareTo(PAUSE) < 0
                && between(all.get(first - 1), promoted).compareTo(BEFORE_MAX) < 0) {
            first--;
        }
        int last = promotion;
        var answer = Optional.<HistoryEntry>empty();
        while (last + 1 < all.size()
                && answer.isEmpty()
                && between(promoted, all.get(last + 1)).compareTo(AFTER_MAX) < 0) {
            last++;
            var entry = all.get(last);
            if (entry.node().equals(promoted.node())
                    && entry.observation().kind().equals(Journalist.ANSWERED)) {
                answer = Optional.of(entry);
            }
        }
        var begun = all.get(first);
        return new Episode(
                begun.wallTime(),
                promoted.node(),
                answer.map(entry -> between(begun, entry)),
                all.subList(first, last + 1).stream()
                        .map(entry -> new Line(between(begun, entry), entry))
                        .toList());
    }

    private static Duration between(HistoryEntry earlier, HistoryEntry later) {
        return Duration.between(earlier.wallTime(), later.wallTime());
    }
}
