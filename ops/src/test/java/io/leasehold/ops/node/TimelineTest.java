package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.history.HistoryEntry;
import io.leasehold.heartbeat.history.Observation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TimelineTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private long sequence = 1;

    private HistoryEntry entry(String node, long atMillis, String kind, String text) {
        return new HistoryEntry(
                sequence++,
                NOON.plusMillis(atMillis),
                atMillis * 1_000_000,
                node,
                new Observation(kind, "", List.of(), text, Map.of()));
    }

    @Test
    void shouldMergeBothNodesFromTheFirstObservationToTheFirstAnswer() {
        var old = entry("dhcp2", -60_000, Journalist.OBSERVED, "link: something long ago");
        var lost = entry("dhcp2", 0, Journalist.OBSERVED, "link: carrier lost");
        var fenced = entry("dhcp2", 80, Journalist.DID, "fencing: dhcp1: power read back off");
        var promoted = entry("dhcp2", 100, Journalist.DID, "volume: promoted: writer of epoch 2");
        var answered = entry("dhcp2", 250, Journalist.ANSWERED, "dhcp: first answer left on lan0");
        var later = entry("dhcp2", 300, Journalist.DID, "address: announced");
        var last = entry("dhcp1", -5, Journalist.DECIDED, "record: the last word of dhcp1");

        var episode =
                Timeline.last(List.of(old, lost, fenced, promoted, answered, later), List.of(last))
                        .orElseThrow();

        assertThat(episode.primary()).isEqualTo("dhcp2");
        assertThat(episode.answeredAfter()).contains(Duration.ofMillis(255));
        assertThat(episode.lines())
                .extracting(Timeline.Line::entry)
                .containsExactly(last, lost, fenced, promoted, answered);
        assertThat(episode.lines().getLast().since()).isEqualTo(Duration.ofMillis(255));
    }

    @Test
    void shouldTellTheLastOfSeveral() {
        var first = entry("dhcp1", 0, Journalist.DID, "volume: promoted: writer of epoch 1");
        var firstAnswer = entry("dhcp1", 50, Journalist.ANSWERED, "dhcp: first answer");
        var second = entry("dhcp2", 60_000, Journalist.DID, "volume: promoted: writer of epoch 2");

        var episode = Timeline.last(List.of(first, firstAnswer), List.of(second)).orElseThrow();

        assertThat(episode.primary()).isEqualTo("dhcp2");
        assertThat(episode.answeredAfter()).isEmpty();
        assertThat(episode.lines()).extracting(Timeline.Line::entry).containsExactly(second);
    }

    @Test
    void shouldNotTakeTheOtherNodesAnswerForTheSurvivors() {
        var promoted = entry("dhcp2", 0, Journalist.DID, "volume: promoted: writer of epoch 2");
        var stray = entry("dhcp1", 10, Journalist.ANSWERED, "dhcp: first answer");
        var own = entry("dhcp2", 20, Journalist.ANSWERED, "dhcp: first answer");

        assertThat(Timeline.last(List.of(promoted, own), List.of(stray)))
                .hasValueSatisfying(episode ->
                        assertThat(episode.answeredAfter()).contains(Duration.ofMillis(20)));
    }

    @Test
    void shouldHaveNothingToTellBeforeAnythingHappened() {
        assertThat(
                        Timeline.last(
                                List.of(entry("dhcp1", 0, Journalist.OBSERVED, "daemon: started")),
                                List.of()))
                .isEmpty();
    }
}
