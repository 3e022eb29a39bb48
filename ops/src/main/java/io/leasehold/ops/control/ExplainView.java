package io.leasehold.ops.control;

import java.util.List;

/**
 * A failover or takeover, told as one timeline of both nodes.
 *
 * @param title what happened, in plain words
 * @param durationMillis from the first observation to the first DHCP answer of the survivor
 * @param steps in the order of time, the clocks of both nodes brought together
 * @param remarks what is missing or doubtful, such as the history of a node that cannot be reached
 */
public record ExplainView(
        String title, double durationMillis, List<StepView> steps, List<String> remarks)
        implements View {

    /**
     * One step: observation, decision or action.
     *
     * @param offsetMillis since the first step
     */
    public record StepView(double offsetMillis, EventView event) {}
}
