package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Decision;
import io.leasehold.heartbeat.record.Rule;
import java.util.ArrayList;
import java.util.List;

/** The effects of the step under way, in the order in which they are to be performed. */
final class Effects {
    private final List<Effect> ordered = new ArrayList<>();

    void clear() {
        ordered.clear();
    }

    void add(Effect effect) {
        ordered.add(effect);
    }

    /** A decision with its rule and causes; comes before the effects that it leads to (R40). */
    void note(String subject, Rule rule, String text, String... causes) {
        add(new Effect.Note(new Decision(subject, rule, text, List.of(causes))));
    }

    int count() {
        return ordered.size();
    }

    List<Effect> inOrder() {
        return List.copyOf(ordered);
    }
}
