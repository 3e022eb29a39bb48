package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Rule;
import java.util.List;

/** Answer to a {@link Command}. */
public sealed interface CommandResult {

    String sentence();

    record Done(String sentence) implements CommandResult {}

    /** It was tried and did not work; the sentence says how things are now. */
    record Failed(String sentence) implements CommandResult {}

    /**
     * Nothing was done yet: this is what it costs.
     *
     * @param code to be given back by a person who wants it all the same; another one as soon as
     *     anything on the bill has changed
     */
    record Bill(String sentence, String code, List<View.Fact> items) implements CommandResult {
        public Bill {
            items = List.copyOf(items);
        }
    }

    /** It was not tried. */
    record Refused(String sentence, Rule rule, List<View.Check> failed) implements CommandResult {
        public Refused {
            failed = List.copyOf(failed);
        }
    }
}
