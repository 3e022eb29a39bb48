package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.record.Decision;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.resource.ActionId;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.Set;
import java.util.SortedSet;

/**
 * What is to be done. The effects of one step are performed in list order, and that order carries
 * "durable before sent" and "silent before said".
 *
 * <p>Two kinds:
 *
 * <ul>
 *   <li><em>At once</em>: {@link PersistState}, {@link PromiseEpoch}, {@link CloseGate}, {@link
 *       OpenGate}, {@link Note}: done when the next effect is performed. If one of the first three
 *       fails, none of the later effects may be performed and the process ends loudly: stopping is
 *       safe, because the peer fences, and carrying on is what corrupts.
 *   <li><em>Handed over</em>: all others return at once; what they answer comes as an {@link
 *       Event}.
 * </ul>
 */
public sealed interface Effect {

    /** At once: write the state durably. */
    record PersistState(DurableState state) implements Effect {}

    /**
     * At once: the volume promises {@code epoch} durably and refuses lower ones from now on (R2).
     * It may be ahead of what it has reported, because it takes the epoch of a writer by itself: a
     * higher promise is as good.
     */
    record PromiseEpoch(Epoch epoch) implements Effect {}

    /** At once: let answers out until {@code untilNanos}, by the kernel, whatever becomes of us. */
    record OpenGate(long untilNanos) implements Effect {}

    /** At once: nothing leaves any more; returns when the kernel's transaction is done. */
    record CloseGate() implements Effect {}

    /** At once, but never waited for by the disk: the flight recorder (R40). */
    record Note(Decision decision) implements Effect {}

    /** Queue for the peer; dropped when the session is not {@code sessionId} any more. */
    record SendToPeer(long sessionId, ClusterMessage message) implements Effect {}

    /** Beats carry this from now on, and one leaves at once. */
    record PublishBeat(Announcement announcement) implements Effect {}

    /**
     * Ask the keeper whether it heard the peer; answered by {@link Event.Listened}, after the beats
     * that came before. Asked again only after the answer.
     */
    record Listen() implements Effect {}

    /**
     * Become the writer of {@code epoch}. With the peer in {@code inSync}: after the tail is on
     * both (R27). Answered by {@link Event.VolumePromoted} or {@link Event.VolumePromotionFailed}.
     *
     * @param forced the epochs that a person forced (R21): what a peer acknowledged beside one of
     *     them is set aside when it returns, instead of refused as split brain (R29)
     */
    record PromoteVolume(Epoch epoch, Set<NodeName> inSync, Generation gen, SortedSet<Epoch> forced)
            implements Effect {}

    /** The record was won while primary: acknowledgements follow {@code inSync} now. */
    record RecordChanged(Epoch epoch, Set<NodeName> inSync, Generation gen) implements Effect {}

    /**
     * R17: new writes wait, everything before is made durable on inSync; answered within the limit.
     */
    record ParkAndDrain(long limitNanos) implements Effect {}

    /** The hand-over was given up: parked writes go on. */
    record Unpark() implements Effect {}

    /** Give up being the writer, durably; the volume is unmounted by then. */
    record DemoteVolume() implements Effect {}

    /**
     * A hint: this node may soon have to start {@code resource}; what can be checked or warmed up
     * without any right may be done now. Not answered.
     */
    record PrepareResource(ResourceName resource) implements Effect {}

    /**
     * Start; answered within the time-out.
     *
     * @param adopt it runs already, carried over by the keeper: take it over instead of starting a
     *     new one; fail if that is not so
     */
    record StartResource(ActionId action, ResourceName resource, long timeoutNanos, boolean adopt)
            implements Effect {}

    record StopResource(ActionId action, ResourceName resource, long timeoutNanos)
            implements Effect {}

    record MonitorResource(ActionId action, ResourceName resource, long timeoutNanos)
            implements Effect {}

    /**
     * Run level {@code level} (index into the configured levels) against {@code node}; answered
     * within the time-out, by {@link Event.FenceResult}.
     */
    record RunFenceAgent(
            FenceRequestId request, NodeName node, FenceAction action, int level, long timeoutNanos)
            implements Effect {}

    /** Send to the ensemble, once; answered by {@link Event.EnsembleHeard}. */
    record AskEnsemble(EnsembleRequest request) implements Effect {}

    record Answer(CommandId command, CommandResult result) implements Effect {}

    /** For {@code notify.d} and the role file; only when it changed. */
    record RoleChanged(NotifiedRole role) implements Effect {}

    /** This node cannot be made silent in an orderly way: reset it now, watchdog or sysrq. */
    record SelfFence(Rule rule, String reason) implements Effect {}

    /** Everything is stopped and said; the process may end. */
    record ShutDown(String reason) implements Effect {}

    /** keepalived's words, for scripts that exist. */
    enum NotifiedRole {
        MASTER,
        BACKUP,
        FAULT
    }
}
