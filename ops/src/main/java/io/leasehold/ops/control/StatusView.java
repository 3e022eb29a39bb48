package io.leasehold.ops.control;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How things are, from one node's view.
 *
 * @param cluster its name
 * @param verdict one or two sentences in plain words
 * @param level how worried a person should be
 * @param node the node that answers
 * @param epoch of the record; 0 before anybody has served
 * @param primary the node that the record names
 * @param inSync the nodes that hold every acknowledged write
 * @param generation of the record
 * @param arbiter who lets the record change
 * @param maintenance nothing is monitored or moved
 * @param nodes both, the lower id first
 * @param resources in start order, on the node that answers
 * @param links in the order of their names
 * @param volume on the node that answers
 * @param gate on the node that answers
 * @param alarms what a person must look at, the gravest first
 */
public record StatusView(
        String cluster,
        String verdict,
        Level level,
        String node,
        long epoch,
        Optional<String> primary,
        List<String> inSync,
        long generation,
        String arbiter,
        boolean maintenance,
        List<NodeView> nodes,
        List<ResourceView> resources,
        List<LinkView> links,
        VolumeView volume,
        GateView gate,
        List<String> alarms)
        implements View {

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
     * One node.
     *
     * @param self whether it is the one that answers
     * @param state online, suspect, lost or unknown; of the node that answers: online
     * @param role primary, secondary, and what lies between
     * @param standing up-to-date, consistent, outdated, inconsistent; empty if never heard
     * @param serving its gate is open
     * @param standby it must not serve
     * @param clientNetworkUp the tracked interfaces have carrier
     * @param healthy no resource is blocked there
     * @param silentMillis since its last beat; empty for the node that answers, or if never heard
     * @param remark for a person, may be empty
     */
    public record NodeView(
            String name,
            boolean self,
            String state,
            String role,
            Optional<String> standing,
            boolean inSync,
            boolean serving,
            boolean standby,
            boolean clientNetworkUp,
            boolean healthy,
            OptionalLong silentMillis,
            String remark) {}

    /**
     * One resource.
     *
     * @param state stopped, starting, started, stopping, blocked, stop-failed
     * @param failures that are not forgotten yet
     * @param remark for a person, may be empty
     */
    public record ResourceView(String name, String state, int failures, String remark) {}

    /**
     * The kernel gate before DHCP replies and the VIP's ARP.
     *
     * @param remainingMillis until the kernel shuts it unless it is renewed; empty if it is shut
     */
    public record GateView(boolean open, OptionalLong remainingMillis) {}
}
