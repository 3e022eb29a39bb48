package io.leasehold.ops.control;

import java.util.List;
import java.util.Optional;

/**
 * All pairs whose records one ensemble keeps.
 *
 * @param pairs by name
 */
public record FleetView(List<Pair> pairs) implements View {

    /**
     * One pair, by the word of its primary, or else by the newest one.
     *
     * @param level {@code good}, {@code degraded}, {@code recovering} or {@code down}; {@code
     *     silent} if nobody of the pair has said anything for half a minute
     * @param primary null if nobody is known to lead
     * @param saidBy the node whose word this is
     * @param ageMillis how old that word is, by this node's clock
     */
    public record Pair(
            String cluster,
            String verdict,
            String level,
            Optional<String> primary,
            List<String> inSync,
            long epoch,
            String saidBy,
            long ageMillis) {}
}
