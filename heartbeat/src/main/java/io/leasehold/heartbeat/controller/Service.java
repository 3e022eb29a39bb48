package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.resource.ActionId;
import io.leasehold.heartbeat.resource.Health;
import io.leasehold.heartbeat.resource.ResourceManager;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The resources of this node, started in order and stopped in reverse (DESIGN.md, invariant 7);
 * {@link ResourceManager} draws how. Says how it went to whoever waits: the departure, and the old
 * primary after a hand-over.
 */
final class Service {
    private final NodeName me;
    private final ResourceManager resources;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerSession session;
    private final ServiceGate gate;
    private final Departure departure;
    private final SelfFencing selfFencing;
    private final StepTime time;
    private final Effects effects;

    Service(
            NodeName me,
            ResourceManager resources,
            Lifecycle lifecycle,
            Rights rights,
            PeerSession session,
            ServiceGate gate,
            Departure departure,
            SelfFencing selfFencing,
            StepTime time,
            Effects effects) {
        this.me = me;
        this.resources = resources;
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.session = session;
        this.gate = gate;
        this.departure = departure;
        this.selfFencing = selfFencing;
        this.time = time;
        this.effects = effects;
    }

    // ---------------------------------------------------------------- wanted

    /** What the keeper carried over from the last process, and the failures that it counted. */
    void recover(Set<ResourceName> running, Map<String, Integer> failures, boolean monitor) {
        resources.recover(time.nowNanos(), running, failures);
        monitor(monitor);
        if (running.isEmpty()) {
            gate.close();
        }
    }

    /**
     * The first {@code count} run and no others.
     *
     * @param oneAttempt the first failing start blocks, because the peer is known to be able
     */
    void want(int count, boolean oneAttempt) {
        perform(resources.want(time.nowNanos(), count, oneAttempt));
    }

    void wantNone() {
        want(0, false);
    }

    void monitor(boolean on) {
        resources.monitor(time.nowNanos(), on);
    }

    void restart(ResourceName name) {
        perform(resources.restart(time.nowNanos(), name));
    }

    void cleanup(Set<ResourceName> names) {
        perform(resources.cleanup(time.nowNanos(), names));
    }

    /** Shuts, opens or renews the gate; what needs it open starts then. */
    void advanceGate() {
        perform(gate.advance());
    }

    void advance() {
        perform(resources.advance(time.nowNanos()));
    }

    // ---------------------------------------------------------------- answered

    void started(ActionId action, ResourceName name) {
        perform(resources.started(time.nowNanos(), action, name));
    }

    void startFailed(ActionId action, ResourceName name, String reason) {
        perform(resources.startFailed(time.nowNanos(), action, name, reason));
    }

    void startUnanswered(ActionId action, ResourceName name, Health.Unanswered silence) {
        perform(resources.startUnanswered(time.nowNanos(), action, name, silence));
    }

    void stopped(ActionId action, ResourceName name) {
        perform(resources.stopped(time.nowNanos(), action, name));
    }

    void stopFailed(ActionId action, ResourceName name, String reason) {
        perform(resources.stopFailed(time.nowNanos(), action, name, reason));
    }

    void monitored(ActionId action, ResourceName name, Health health) {
        perform(resources.monitored(time.nowNanos(), action, name, health));
    }

    void failed(ResourceName name, String reason) {
        perform(resources.failed(time.nowNanos(), name, reason));
    }

    private void perform(List<ResourceManager.Step> steps) {
        for (var step : steps) {
            switch (step) {
                case ResourceManager.Step.Start(
                                var action,
                                var name,
                                var timeoutNanos,
                                var adopt) ->
                        effects.add(new Effect.StartResource(action, name, timeoutNanos, adopt));
                case ResourceManager.Step.Stop(var action, var name, var timeoutNanos) ->
                        effects.add(new Effect.StopResource(action, name, timeoutNanos));
                case ResourceManager.Step.Monitor(var action, var name, var timeoutNanos) ->
                        effects.add(new Effect.MonitorResource(action, name, timeoutNanos));
                case ResourceManager.Step.CloseGate() -> gate.close();
                case ResourceManager.Step.Failed(var name, var reason, var failures) ->
                        effects.note(
                                "resource",
                                Rule.POLICY,
                                name + " failed on " + me + ", failure " + failures,
                                reason);
                case ResourceManager.Step.HeldUp(var name, var reason) ->
                        effects.note(
                                "resource",
                                Rule.R4,
                                name + " does not answer, which says nothing: writes are held up",
                                reason);
                case ResourceManager.Step.Blocked(var name, var reason) -> blocked(name, reason);
                case ResourceManager.Step.StopFailed(var name, var reason) ->
                        selfFencing.reset(Rule.R38, name + " does not stop: " + reason);
                case ResourceManager.Step.AllStarted() -> allStarted();
                case ResourceManager.Step.StoppedDownTo(var wanted) ->
                        departure.stoppedDownTo(wanted);
            }
        }
    }

    private void blocked(ResourceName name, String reason) {
        effects.note(
                "resource", Rule.POLICY, name + " is not started on " + me + " any more", reason);
        if (isHandedOver() && session.isOpen()) {
            session.send(
                    new ClusterMessage.ServiceFailed(
                            rights.record().epoch(), name + ": " + reason));
            lifecycle.become(new Phase.Leading(false));
        }
    }

    private void allStarted() {
        effects.note(
                "resource", Rule.ORDER, me + " serves", "every resource runs, the gate is open");
        if (isHandedOver()) {
            lifecycle.become(new Phase.Leading(false));
        }
    }

    /**
     * Whoever handed over waits for it (R17), perhaps for a node whose daemon was restarted and
     * does not know that any more; so it is said in each session.
     */
    void tellThatItRuns() {
        if (resources.isAllStarted()) {
            session.sendOnce(new ClusterMessage.ServiceStarted(rights.record().epoch()));
        }
    }

    private boolean isHandedOver() {
        return lifecycle.phase() instanceof Phase.Leading(var handedOver) && handedOver;
    }

    // ---------------------------------------------------------------- told

    boolean isAllStopped() {
        return resources.isAllStopped();
    }

    boolean isAllStarted() {
        return resources.isAllStarted();
    }

    boolean isBlocked() {
        return resources.isBlocked();
    }

    Map<String, Integer> failures() {
        return resources.failures();
    }

    List<ResourceManager.Status> status() {
        return resources.status();
    }

    OptionalLong nextDeadlineNanos() {
        return resources.nextDeadlineNanos();
    }
}
