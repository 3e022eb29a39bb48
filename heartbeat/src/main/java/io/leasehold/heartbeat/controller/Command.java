package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What an operator asks for. May be given to either node: what concerns the other one is forwarded.
 */
public sealed interface Command {

    /** Move the service to {@code target}, the node that does not serve now. */
    record Takeover(NodeName target) implements Command {}

    /** {@code node} must not serve; if it does, it hands over first. */
    record EnterStandby(NodeName node, OptionalLong forNanos, String reason) implements Command {}

    /** Ends a standby. */
    record GoOnline(NodeName node) implements Command {}

    /** No monitoring, no automatic moves, no automatic fencing, on both nodes. */
    record SetMaintenance(boolean on) implements Command {}

    /** Forget the failures of one resource, or of all, on this node, and try blocked ones again. */
    record Cleanup(Optional<ResourceName> resource) implements Command {}

    /** Power {@code node} off, now, through the configured levels. */
    record Fence(NodeName node) implements Command {}

    /** A person asserts that {@code node} is powered off (R19). */
    record ConfirmFenced(NodeName node) implements Command {}

    /**
     * Make this node primary although acknowledged writes may be missing here (R21). Never
     * forwarded: it is said on the node that is to serve.
     *
     * @param code of the bill that the person was shown; empty: show it
     */
    record ForcePromotion(Optional<String> code) implements Command {}

    /** Restart one resource and those that stand on it, in order: {@code dhcp reload}. */
    record Restart(ResourceName resource, String reason) implements Command {}
}
