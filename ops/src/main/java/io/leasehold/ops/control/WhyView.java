package io.leasehold.ops.control;

import java.util.List;

/**
 * Why things are as they are.
 *
 * @param facts the most important one first
 */
public record WhyView(String verdict, List<FactView> facts) implements View {

    /**
     * One fact.
     *
     * @param sentence how it is
     * @param rule of PROTOCOL.md that makes it so; may be empty
     * @param change what would change it; empty if nothing needs to
     */
    public record FactView(String sentence, String rule, String change) {}
}
