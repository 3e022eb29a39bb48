package io.leasehold.ops.control;

import io.leasehold.heartbeat.record.NodeName;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** What can be asked of a daemon. A node that is left out is up to the daemon, as documented. */
public sealed interface Request {

    /** How are things? Answered by a {@link StatusView}. */
    record Status() implements Request {}

    /** Would a takeover now succeed and lose nothing? Answered by a {@link ReadyView}. */
    record Ready() implements Request {}

    /** Why are things as they are, and what would change them? Answered by a {@link WhyView}. */
    record Why() implements Request {}

    /** The last failover or takeover as one timeline. Answered by an {@link ExplainView}. */
    record Explain() implements Request {}

    /**
     * What this node saw, decided and did, as {@link Reply.Event}s.
     *
     * @param last so many of the newest first, oldest first
     * @param follow go on with those that come, until the caller leaves
     */
    record Events(int last, boolean follow) implements Request {
        public static final int LAST_MAX = 10_000;

        public Events {
            if (last < 0 || last > LAST_MAX) {
                throw new IllegalArgumentException("not in 0.." + LAST_MAX + ": " + last);
            }
        }
    }

    /** Move the service, to the node that does not serve unless one is named. */
    record Takeover(Optional<NodeName> node) implements Request {}

    /**
     * A node must not serve; it hands over first. Without a name: the node that is asked.
     *
     * @param limit after which it goes online again by itself
     */
    record Standby(Optional<NodeName> node, Optional<Duration> limit, String reason)
            implements Request {}

    /** Ends a standby. Without a name: of the node that is asked. */
    record Online(Optional<NodeName> node) implements Request {}

    /** Forgets the failures of a resource, or of all. */
    record Cleanup(Optional<String> resource) implements Request {}

    /** No monitoring, no automatic moves, no automatic fencing on either node while on. */
    record Maintenance(boolean on) implements Request {}

    /** Power a node off, now. */
    record Fence(NodeName node) implements Request {}

    /** A person asserts that a node is without power (R19). */
    record ConfirmFenced(NodeName node) implements Request {}

    /**
     * Make the node that is asked primary although acknowledged leases may be missing there (R21).
     *
     * @param code of the bill that a person was shown; without it, answered by that {@link
     *     BillView}
     */
    record ForcePromotion(Optional<String> code) implements Request {}

    /** All pairs whose records one ensemble keeps. Answered by a {@link FleetView}. */
    record Fleet() implements Request {}

    /** Answered by a {@link LinksView}. */
    record Links() implements Request {}

    /** Answered by a {@link VolumeView}. */
    record VolumeStatus() implements Request {}

    /**
     * Compare both copies in full. Answered by a {@link VerifyView}.
     *
     * @param bytesPerSecondMax read on each node; 0: as fast as writers leave it; empty: as
     *     configured
     */
    record VolumeVerify(OptionalLong bytesPerSecondMax) implements Request {}

    /** Have the peer compared in full now, because the copies were found to differ. */
    record VolumeResync() implements Request {}

    /** Which branches are kept, on both nodes? Answered by a {@link BranchesView}. */
    record Branches() implements Request {}

    /** What is in a branch of the node that is asked? Answered by a {@link BranchView}. */
    record Branch(String branch) implements Request {}

    /** All leases in which a branch and the live volume differ, as {@link Reply.Lease}s. */
    record BranchLeases(String branch) implements Request {}

    /** Check the DHCP server's configuration and let the server use it. */
    record DhcpReload() implements Request {}

    /** What is in force. Answered by a {@link ConfigView}. */
    record ConfigShow() implements Request {}

    /** The daemon ends without a hand-over, and its keeper starts what is installed now. */
    record Restart() implements Request {}

    /** Answered by a {@link VersionView}. */
    record Version() implements Request {}
}
