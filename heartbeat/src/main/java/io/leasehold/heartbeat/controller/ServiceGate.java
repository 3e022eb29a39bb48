package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.ConfirmRequest;
import io.leasehold.heartbeat.lease.ServingLease;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.resource.ResourceManager;
import java.util.List;
import java.util.OptionalLong;

/**
 * Feeds the keeper's gate from the serving lease: DHCP answers leave until the instant that the
 * lease allows, and the kernel shuts the gate then, whatever has become of us (R9).
 *
 * <pre>
 *   shut --primary, everything below the gate runs, lease confirmed--> open until T
 *   open until T --lease confirmed, renewal due--> open until T' > T
 *   open --T passed | not primary | resources below it stop | stood still--> shut
 *
 *   confirmed --this process stood still, no permit--> to be confirmed: the gate stays shut
 *   to be confirmed --the peer confirms our epoch and nonce | a new record is won--> confirmed
 * </pre>
 */
final class ServiceGate {
    private final NodeName peer;
    private final ServingLease lease;
    private final ResourceManager resources;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerSession session;
    private final StepTime time;
    private final Effects effects;
    private OptionalLong untilNanos = OptionalLong.empty();
    private boolean confirmationNeeded;
    private long confirmNonce;
    private long confirmSentNanos;

    ServiceGate(
            NodeName peer,
            ServingLease lease,
            ResourceManager resources,
            Lifecycle lifecycle,
            Rights rights,
            PeerSession session,
            StepTime time,
            Effects effects) {
        this.peer = peer;
        this.lease = lease;
        this.resources = resources;
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.session = session;
        this.time = time;
        this.effects = effects;
    }

    boolean isOpen() {
        return untilNanos.isPresent();
    }

    OptionalLong untilNanos() {
        return untilNanos;
    }

    /** A record that was won confirms this node by itself. */
    void recordWon() {
        confirmationNeeded = false;
        lease.confirm(time.nowNanos());
    }

    /** Alone by a record that was won: the permit confirms from here on, at every instant. */
    void wentAlone() {
        confirmationNeeded = false;
    }

    /** The permit ends with this instant; the lease runs from here (R9). */
    void permitRevoked() {
        lease.confirm(time.nowNanos());
    }

    /** A beat of the peer that knows our epoch, taken for its promise not to take over. */
    void peerBeats() {
        if (!confirmationNeeded) {
            lease.confirm(time.nowNanos());
        }
    }

    void demoted() {
        lease.revoke();
    }

    /** This process stood still: shut, and silent until somebody confirms that we still lead. */
    void stoodStill() {
        close();
        lease.revoke();
        confirmationNeeded = lifecycle.isWriter() && !rights.state().holdsPermit();
        confirmNonce++;
    }

    void peerConfirmed(Epoch epoch, long nonce) {
        if (confirmationNeeded && nonce == confirmNonce && epoch.equals(rights.record().epoch())) {
            confirmationNeeded = false;
            lease.confirm(confirmSentNanos);
            effects.note(
                    "lease",
                    Rule.PAUSE,
                    "the gate may open again",
                    peer + " confirmed epoch " + epoch + " after the pause");
        }
    }

    /**
     * Shuts, opens or renews as the lease and the phase demand.
     *
     * @return what the resources above the gate demand now that it is open
     */
    List<ResourceManager.Step> advance() {
        var now = time.nowNanos();
        if (rights.state().holdsPermit()) {
            lease.confirm(now);
        }
        if (untilNanos.isPresent() && now >= untilNanos.getAsLong()) {
            effects.note(
                    "lease",
                    Rule.R9,
                    "the serving lease ran out: the gate is shut",
                    peer + " is silent");
            close();
        }
        var allowedUntil = lease.untilNanos(now);
        var wanted =
                lifecycle.phase() instanceof Phase.Leading
                        && resources.gateWanted()
                        && !confirmationNeeded;
        if (!wanted) {
            if (untilNanos.isPresent()) {
                close();
            }
            askConfirmation();
            return List.of();
        }
        if (allowedUntil.isEmpty()) {
            return List.of();
        }
        var before = untilNanos;
        var renewalDue =
                before.isPresent()
                        && allowedUntil.getAsLong() > before.getAsLong()
                        && before.getAsLong() - now <= lease.renewalNanos();
        if (before.isPresent() && !renewalDue) {
            return List.of();
        }
        untilNanos = allowedUntil;
        effects.add(new Effect.OpenGate(allowedUntil.getAsLong()));
        return before.isEmpty() ? resources.gateOpened(now) : List.of();
    }

    private void askConfirmation() {
        if (confirmationNeeded && lifecycle.isWriter() && session.isOpen()) {
            var request = new ConfirmRequest(rights.record().epoch(), confirmNonce);
            if (!session.hasSaid(request)) {
                confirmSentNanos = time.nowNanos();
                session.sendOnce(request);
            }
        }
    }

    void close() {
        untilNanos = OptionalLong.empty();
        resources.gateShut();
        effects.add(new Effect.CloseGate());
    }

    void deadlines(Deadlines deadlines) {
        if (untilNanos.isPresent()) {
            deadlines.at(untilNanos);
            if (rights.state().holdsPermit()) {
                deadlines.ifComing(untilNanos.getAsLong() - lease.renewalNanos());
            }
        }
    }
}
