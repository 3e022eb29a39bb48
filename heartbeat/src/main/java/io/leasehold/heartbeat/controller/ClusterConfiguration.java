package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.membership.LinkConfiguration;
import io.leasehold.heartbeat.membership.Timing;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Everything that the controller is told by people: typed, complete and consistent.
 *
 * @param nodes both, lower node id first: on a tie at cold start the first one is primary
 * @param resources in start order; the first is the mount of the volume, and those that need an
 *     open gate come last
 * @param trackInterfaces interfaces to clients; if one loses its carrier, the peer may be better
 * @param handOverLimitNanos a hand-over that has not demoted by then is given up
 * @param leaveLimitNanos how long a leaving node waits for the primary's word, and a primary for a
 *     secondary that it asked to leave
 */
public record ClusterConfiguration(
        String cluster,
        NodeName me,
        List<NodeName> nodes,
        ArbitrationMode mode,
        Timing timing,
        List<LinkConfiguration> links,
        FencingConfiguration fencing,
        LeaseTiming lease,
        List<ResourceConfiguration> resources,
        Set<String> trackInterfaces,
        long handOverLimitNanos,
        long leaveLimitNanos) {

    public static final int LINKS_MAX = 16;
    public static final int RESOURCES_MAX = 64;

    public ClusterConfiguration {
        nodes = List.copyOf(nodes);
        links = List.copyOf(links);
        resources = List.copyOf(resources);
        trackInterfaces = Set.copyOf(trackInterfaces);
        if (nodes.size() != 2 || nodes.get(0).equals(nodes.get(1))) {
            throw new IllegalArgumentException("a pair has two different nodes, not " + nodes);
        }
        if (!nodes.contains(me)) {
            throw new IllegalArgumentException(me + " is not one of the nodes " + nodes);
        }
        if (links.isEmpty() || links.size() > LINKS_MAX) {
            throw new IllegalArgumentException(
                    "a pair needs 1 to " + LINKS_MAX + " heartbeat links, not " + links.size());
        }
        if (new HashSet<>(links.stream().map(LinkConfiguration::name).toList()).size()
                != links.size()) {
            throw new IllegalArgumentException("two heartbeat links have the same name");
        }
        if (resources.isEmpty() || resources.size() > RESOURCES_MAX) {
            throw new IllegalArgumentException(
                    "1 to " + RESOURCES_MAX + " resources, not " + resources.size());
        }
        var names = new HashSet<ResourceName>();
        var gateSeen = false;
        for (var resource : resources) {
            if (!names.add(resource.name())) {
                throw new IllegalArgumentException("two resources named " + resource.name());
            }
            if (gateSeen && !resource.needsOpenGate()) {
                throw new IllegalArgumentException(
                        "resource "
                                + resource.name()
                                + " stands after one that needs the open gate, but does not itself");
            }
            gateSeen = resource.needsOpenGate();
        }
        if (resources.getFirst().needsOpenGate()) {
            throw new IllegalArgumentException("the mount of the volume cannot need an open gate");
        }
        if (mode == ArbitrationMode.FENCING && fencing.levels().isEmpty()) {
            throw new IllegalArgumentException(
                    "arbiter fencing needs at least one fence level; without a fence device use"
                            + " arbiter operator");
        }
        if (handOverLimitNanos <= 0 || leaveLimitNanos <= 0) {
            throw new IllegalArgumentException("limits of hand-over and leave must be above 0");
        }
    }

    public NodeName peer() {
        return nodes.get(0).equals(me) ? nodes.get(1) : nodes.get(0);
    }

    /** The mount of the volume: first to start, last to stop, after the drain. */
    public ResourceConfiguration mount() {
        return resources.getFirst();
    }

    /** The node that goes first when nothing else decides. */
    public NodeName lowerNode() {
        return nodes.getFirst();
    }
}
