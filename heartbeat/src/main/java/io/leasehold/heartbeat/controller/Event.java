package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.resource.ActionId;
import io.leasehold.heartbeat.resource.Health;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What happened. Whoever delivers events delivers each once, in the order in which they happened.
 */
public sealed interface Event {

    /**
     * The first event, once.
     *
     * @param volume after the volume's own recovery
     * @param running resources that the keeper carried over from the last process of this power-on
     */
    record Started(VolumeStatus volume, Set<ResourceName> running) implements Event {
        public Started {
            running = Set.copyOf(running);
        }
    }

    /** Time passed; due by the deadline that the controller names, harmless at any other time. */
    record Tick() implements Event {}

    /**
     * An authenticated beat of the peer, the newest on its link.
     *
     * @param heardNanos when the keeper received it, which may be a while ago
     * @param daemonProgressAgeNanos age of the peer daemon's last proven progress when it was sent
     */
    record BeatReceived(
            long heardNanos,
            LinkName link,
            Announcement announcement,
            long daemonProgressAgeNanos,
            OptionalLong roundTripNanos)
            implements Event {}

    /**
     * Answer to {@link Effect.Listen}: every beat that came until {@code untilNanos} was delivered
     * before this.
     *
     * @param stoodStillNanos for how long the keeper, which listens, did not run since it last
     *     heard the peer: that is no silence of the peer
     */
    record Listened(long untilNanos, long stoodStillNanos) implements Event {}

    record LinkCarrier(LinkName link, boolean up) implements Event {}

    /** Carrier of an interface that is tracked ({@code track-interface}). */
    record InterfaceChanged(String interfaceName, boolean up) implements Event {}

    /**
     * The volumes met, authenticated each other and compared histories.
     *
     * @param sessionId grows within a process; all messages of older sessions are void
     */
    record SessionOpened(long sessionId, Relation relation) implements Event {}

    record SessionClosed(long sessionId, String reason) implements Event {}

    record PeerMessage(long sessionId, ClusterMessage message) implements Event {}

    /**
     * The replication session delivered something authentic; at most one per keepalive is enough.
     * Says that the peer lives although its beats are silent (R37).
     */
    record ReplicationHeard(long sessionId) implements Event {}

    /** The volume's facts changed. */
    record VolumeReport(VolumeStatus status) implements Event {}

    /** R4: acknowledgements are frozen, the peer does not answer. */
    record ShrinkWanted(String reason) implements Event {}

    /**
     * R10: the peer is equal and mirrored with acknowledgement required, at {@code seq}. Said once
     * per session, and again after every {@link Effect.RecordChanged} that dropped the peer while
     * the session stayed open.
     */
    record GrowWanted(long sessionId, long seq) implements Event {}

    /** R32: this disk is gone. */
    record VolumeFailed(String reason) implements Event {}

    /**
     * Answer to {@link Effect.PromoteVolume}: writer of {@code epoch}, the tail is on all of
     * inSync.
     */
    record VolumePromoted(Epoch epoch) implements Event {}

    record VolumePromotionFailed(Epoch epoch, String reason) implements Event {}

    /** Answer to {@link Effect.ParkAndDrain}: nothing new is written, all is durable on inSync. */
    record VolumeDrained(Position position) implements Event {}

    record VolumeDrainFailed(String reason) implements Event {}

    /** Answer to {@link Effect.DemoteVolume}: durable. */
    record VolumeDemoted() implements Event {}

    record VolumeDemotionFailed(String reason) implements Event {}

    record ResourceStarted(ActionId action, ResourceName resource) implements Event {}

    /** What was started in part is stopped by the stop that follows. */
    record ResourceStartFailed(ActionId action, ResourceName resource, String reason)
            implements Event {}

    /** It did not end in its time, or what it started did not answer. */
    record ResourceStartUnanswered(
            ActionId action, ResourceName resource, Health.Unanswered silence) implements Event {}

    record ResourceStopped(ActionId action, ResourceName resource) implements Event {}

    record ResourceStopFailed(ActionId action, ResourceName resource, String reason)
            implements Event {}

    record MonitorResult(ActionId action, ResourceName resource, Health health) implements Event {}

    /** A started resource failed between two monitors: its process exited. */
    record ResourceFailed(ResourceName resource, String reason) implements Event {}

    record FenceResult(FenceRequestId request, FenceOutcome outcome) implements Event {}

    record CommandReceived(CommandId id, Command command) implements Event {}

    /** SIGTERM, or the machine goes down; {@link Effect.ShutDown} says when it is done. */
    record ShutdownRequested(String reason) implements Event {}

    /**
     * This process stood still for so long.
     *
     * @param wallClock read after the gap
     */
    record ClockGap(long gapNanos, WallClock wallClock) implements Event {}

    /** Something was heard from the ensemble that keeps the record (arbiter zookeeper). */
    record EnsembleHeard(EnsembleEvent event) implements Event {}

    /** The keeper is gone, and with it the gate, the beats and the service. */
    record KeeperLost(String reason) implements Event {}
}
