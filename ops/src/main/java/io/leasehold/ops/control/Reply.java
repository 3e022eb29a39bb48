package io.leasehold.ops.control;

import io.leasehold.heartbeat.record.Rule;
import java.util.List;

/** What a daemon says. The last reply of a connection, and only that, is an {@link Answer}. */
public sealed interface Reply {

    /** What the daemon is doing about the request, for a person who waits. */
    record Progress(String text) implements Reply {}

    /** The daemon is alive and not finished. */
    record Working() implements Reply {}

    /** One line of the history. */
    record Event(EventView event) implements Reply {}

    /** One address of which a branch says something else than the live volume. */
    record Lease(LeaseDifferenceView lease) implements Reply {}

    /** How a request ended. */
    sealed interface Answer extends Reply {}

    /** What was asked for. */
    record Report(View view) implements Answer {}

    /** It was done; the sentence says how things are now. */
    record Done(String sentence) implements Answer {}

    /** It was tried and did not work; the sentence says how things are now. */
    record Failed(String sentence) implements Answer {}

    /**
     * It was not tried.
     *
     * @param rule the name of a {@link Rule}, such as {@code R6}; of a daemon of the build before,
     *     which is asked while it is upgraded, it may be empty
     * @param checks what was not as it has to be
     */
    record Refused(String sentence, String rule, List<CheckView> checks) implements Answer {
        /** As a daemon of this build refuses. */
        public Refused(String sentence, Rule rule, List<CheckView> checks) {
            this(sentence, rule.name(), checks);
        }

        /** Without a list of checks. */
        public Refused(String sentence, Rule rule) {
            this(sentence, rule, List.of());
        }
    }
}
