package io.leasehold.itests.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What happened, in lines for a person. Costs nothing while nobody reads it. */
final class Trace {
    private final Agenda agenda;
    private final boolean kept;
    private final List<String> lines = new ArrayList<>();

    Trace(Agenda agenda, boolean kept) {
        this.agenda = agenda;
        this.kept = kept;
    }

    /** Says it; the text is only made if it is kept. */
    void say(String who, Supplier<String> text) {
        if (kept) {
            lines.add("%10.4fs  %-6s %s".formatted(agenda.nowNanos() / 1e9, who, text.get()));
        }
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
