package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.membership.LinkStatus;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceName;
import io.leasehold.heartbeat.resource.ResourceState;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How things are, as one immutable snapshot: what {@code status}, {@code why} and {@code ready}
 * show.
 *
 * @param verdict one or two sentences in plain words
 * @param level how worried a person should be
 * @param why facts, most important first
 * @param ready whether a takeover now would succeed and lose nothing: yes if every check is ok
 */
public record View(
        String cluster,
        String verdict,
        Level level,
        List<Fact> why,
        List<Check> ready,
        ClusterRecord record,
        boolean maintenance,
        List<Node> nodes,
        List<LinkStatus> links,
        List<Resource> resources,
        Optional<VolumeStatus> volume,
        Gate gate,
        List<String> alarms) {

    public View {
        why = List.copyOf(why);
        ready = List.copyOf(ready);
        nodes = List.copyOf(nodes);
        links = List.copyOf(links);
        resources = List.copyOf(resources);
        alarms = List.copyOf(alarms);
    }

    /** How worried a person should be. */
    public enum Level {
        /** One node serves, the other could take over and lose nothing. */
        GOOD,
        /** Clients are served, but a crash now would stop DHCP. */
        DEGRADED,
        /** Clients are not served, and the pair is doing something about it. */
        RECOVERING,
        /** Clients are not served, and a person must do something. */
        DOWN
    }

    /**
     * One fact.
     *
     * @param sentence how it is
     * @param change what would change it; empty if nothing needs to
     */
    public record Fact(String sentence, Rule rule, String change) {}

    /** One condition of a takeover that would succeed and lose nothing. */
    public record Check(String name, boolean ok, String sentence, Rule rule) {
        /**
         * The condition that keeps nobody from a takeover: it is how a person makes the other copy
         * the one that counts.
         */
        static final String COPIES_EQUAL = "copies-equal";

        /** Whether a planned takeover is refused because of it. */
        public boolean isObstacle() {
            return !ok && !name.equals(COPIES_EQUAL);
        }
    }

    /**
     * One node.
     *
     * @param peerState empty for the node that answers
     * @param standing empty for a peer that was never heard
     * @param silentNanos how long the peer was not heard; empty for the node that answers
     */
    public record Node(
            NodeName name,
            boolean self,
            Optional<PeerState> peerState,
            Role role,
            Optional<Standing> standing,
            boolean inSync,
            boolean serving,
            boolean standby,
            boolean clientNetworkUp,
            boolean healthy,
            OptionalLong silentNanos,
            String remark) {}

    /** One resource on this node. */
    public record Resource(ResourceName name, ResourceState state, int failures, String remark) {}

    /**
     * The gate on this node.
     *
     * @param untilNanos until when it is open, monotonic; empty: shut
     */
    public record Gate(OptionalLong untilNanos) {
        public boolean isOpenAt(long nowNanos) {
            return untilNanos.isPresent() && nowNanos < untilNanos.getAsLong();
        }
    }
}
