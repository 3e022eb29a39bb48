package io.leasehold.ops.control;

import java.time.Instant;
import java.util.List;
import java.util.SortedMap;

/**
 * One line of a node's history.
 *
 * @param sequence counts from 1 on each node, over all restarts
 * @param at wall-clock time
 * @param node whose history it is
 * @param event what sort of thing, in one word; {@link #GAP} if entries are missing here
 * @param rule of PROTOCOL.md that it follows; may be empty
 * @param text one sentence for a person
 * @param causes what led to it, the most important one first
 * @param durationMillis how long its parts took, by name
 */
public record EventView(
        long sequence,
        Instant at,
        String node,
        String event,
        String rule,
        String text,
        List<String> causes,
        SortedMap<String, Double> durationMillis) {

    /** Entries were dropped or damaged; the text says which ones and why. */
    public static final String GAP = "gap";
}
