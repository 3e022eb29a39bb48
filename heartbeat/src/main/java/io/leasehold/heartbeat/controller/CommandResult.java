package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Rule;
import java.util.List;

/** Answer to a {@link Command}. */
public sealed interface CommandResult {

    String sentence();

    record Done(String sentence) implements CommandResult {}

    /** It was tried and did not work; the sentence says how things are now. */
    record Failed(String sentence) implements CommandResult {}

    /** It was not tried. */
    record Refused(String sentence, Rule rule, List<View.Check> failed) implements CommandResult {
        public Refused {
            failed = List.copyOf(failed);
        }
    }
}
