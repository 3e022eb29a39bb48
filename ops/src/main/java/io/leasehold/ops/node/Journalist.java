package io.leasehold.ops.node;

import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.Observation;
import io.leasehold.heartbeat.record.Decision;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes what this node saw, decided and did into the flight recorder, in the form that {@link
 * Timeline} reads back. Never blocks.
 */
final class Journalist {
    /** Something was seen. */
    static final String OBSERVED = "observed";

    /** The controller decided something; the rule says why it may. */
    static final String DECIDED = "decided";

    /** Something was done, and how long it took. */
    static final String DID = "did";

    /** Something was tried and did not work. */
    static final String FAILED = "failed";

    /** The first DHCP answer that left this node after it began to serve. */
    static final String ANSWERED = "answered";

    private final FlightRecorder recorder;

    Journalist(FlightRecorder recorder) {
        this.recorder = recorder;
    }

    void observed(String subject, String what, String... causes) {
        recorder.record(
                new Observation(
                        OBSERVED,
                        "",
                        Stream.of(causes).filter(cause -> !cause.isEmpty()).toList(),
                        subject + ": " + what,
                        Map.of()));
    }

    void decided(Decision decision) {
        recorder.record(
                new Observation(
                        DECIDED,
                        decision.rule().name(),
                        decision.causes(),
                        decision.subject() + ": " + decision.text(),
                        Map.of()));
    }

    void did(String subject, String what, Duration took) {
        recorder.record(
                new Observation(DID, "", List.of(), subject + ": " + what, Map.of("took", took)));
    }

    void failed(String subject, String what, String reason, Duration took) {
        recorder.record(
                new Observation(
                        FAILED, "", List.of(reason), subject + ": " + what, Map.of("took", took)));
    }

    void answered(String what, Duration sinceGateOpened) {
        recorder.record(
                new Observation(ANSWERED, "", List.of(), what, Map.of("after", sinceGateOpened)));
    }
}
