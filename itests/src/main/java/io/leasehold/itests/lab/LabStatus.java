package io.leasehold.itests.lab;

import java.util.List;
import java.util.Map;

/** A lab at one moment; also the shape of {@code lab status --json}. */
public record LabStatus(
        String name,
        LabOptions options,
        Map<String, Node> nodes,
        Map<String, LinkState> links,
        int clients,
        String vip) {

    /**
     * A server.
     *
     * @param processes how many, by what they are
     * @param stopped how many of them stand still
     */
    public record Node(
            boolean on,
            long initPid,
            String bootId,
            boolean holdsVip,
            Map<String, Long> processes,
            int stopped) {}

    /**
     * A cable.
     *
     * @param cut both ways
     * @param muteSenders whose frames are lost
     * @param carrier as seen by each end
     */
    public record LinkState(boolean cut, List<String> muteSenders, Map<String, Boolean> carrier) {}
}
