package io.leasehold.heartbeat.history;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Something worth remembering, as it is handed to the {@link FlightRecorder}.
 *
 * @param kind what sort of thing, in one word of the caller {@code link}, ...)
 * @param rule the rule that it follows ({@code R34}), empty if none
 * @param causes what led to it, most important first, in words
 * @param text one sentence for a person
 * @param durations how long its parts took, by name
 */
public record Observation(
        String kind,
        String rule,
        List<String> causes,
        String text,
        Map<String, Duration> durations) {

    public Observation {
        causes = List.copyOf(causes);
        durations = Map.copyOf(durations);
    }
}
