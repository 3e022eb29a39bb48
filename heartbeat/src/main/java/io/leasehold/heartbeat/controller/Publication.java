package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceManager;
import java.util.Optional;

/**
 * What this node says about itself, whenever it has changed: in its beats and in the session to the
 * peer, and to {@code notify.d}.
 */
final class Publication {

    /**
     * This process: the power-on it belongs to, its number within it, what it is configured for.
     */
    record Identity(NodeName me, BootId bootId, long incarnation, ArbitrationMode arbiter) {}

    private final Identity identity;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerWatch watch;
    private final PeerSession session;
    private final NodeHealth health;
    private final ResourceManager resources;
    private final ServiceGate gate;
    private final InSyncSet inSync;
    private final Effects effects;
    private Optional<Announcement> published = Optional.empty();
    private Optional<Effect.NotifiedRole> notified = Optional.empty();

    Publication(
            Identity identity,
            Lifecycle lifecycle,
            Rights rights,
            PeerWatch watch,
            PeerSession session,
            NodeHealth health,
            ResourceManager resources,
            ServiceGate gate,
            InSyncSet inSync,
            Effects effects) {
        this.identity = identity;
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.watch = watch;
        this.session = session;
        this.health = health;
        this.resources = resources;
        this.gate = gate;
        this.inSync = inSync;
        this.effects = effects;
    }

    /** Says what has changed since it was said last. */
    void publish() {
        if (health.volume().isEmpty()) {
            return;
        }
        var announcement = Optional.of(announcement());
        if (!published.equals(announcement)) {
            published = announcement;
            effects.add(new Effect.PublishBeat(announcement.get()));
        }
        if (session.isOpen()) {
            session.introduce(hello());
        }
        if (!rights.state().forcedEpochs().isEmpty()) {
            session.sendOnce(new ClusterMessage.ForcedEpochs(rights.state().forcedEpochs()));
        }
        var role = Optional.of(notifiedRole());
        if (!notified.equals(role)) {
            notified = role;
            effects.add(new Effect.RoleChanged(role.get()));
        }
    }

    private Announcement announcement() {
        var state = rights.state();
        return new Announcement(
                identity.me(),
                identity.bootId(),
                identity.incarnation(),
                role(),
                state.record().epoch(),
                state.record().gen(),
                state.standing(),
                gate.isOpen(),
                health.isClientNetworkUp(),
                state.standby().isPresent(),
                !resources.isBlocked() && !health.isDiskFailed(),
                inSync.isPeerAskedToLeave(),
                state.maintenance());
    }

    Hello hello() {
        var state = rights.state();
        return new Hello(
                identity.me(),
                identity.bootId(),
                identity.incarnation(),
                role(),
                state.record(),
                state.promised(),
                state.standing(),
                state.holdsPermit(),
                isResumable(),
                resources.isAllStopped() && !gate.isOpen(),
                health.volume().map(VolumeStatus::head).orElse(Position.EMPTY),
                identity.arbiter());
    }

    Role role() {
        return switch (lifecycle.phase()) {
            case Phase.Idle() -> watch.leads() ? Role.SECONDARY : Role.WAITING;
            case Phase.Promoting _ -> Role.PROMOTING;
            case Phase.Leading _ -> Role.PRIMARY;
            case Phase.Departing _ -> Role.HANDING_OVER;
            case Phase.Leaving _, Phase.Ended _ -> Role.STOPPED;
        };
    }

    /** R27: this node was primary in this power-on and neither demoted nor lost a word about it. */
    boolean isResumable() {
        var state = rights.state();
        return lifecycle.isIdle()
                && state.wasPrimary()
                && state.record().isPrimary(identity.me())
                && state.standing() == Standing.UP_TO_DATE
                && !health.isDiskFailed()
                && !lifecycle.isShuttingDown();
    }

    private Effect.NotifiedRole notifiedRole() {
        return switch (lifecycle.phase()) {
            case Phase.Leading _ ->
                    resources.isBlocked()
                            ? Effect.NotifiedRole.FAULT
                            : resources.isAllStarted()
                                    ? Effect.NotifiedRole.MASTER
                                    : notified.orElse(Effect.NotifiedRole.BACKUP);
            case Phase.Idle _, Phase.Promoting _, Phase.Departing _ ->
                    health.isDiskFailed() ? Effect.NotifiedRole.FAULT : Effect.NotifiedRole.BACKUP;
            case Phase.Leaving _, Phase.Ended _ -> Effect.NotifiedRole.FAULT;
        };
    }
}
