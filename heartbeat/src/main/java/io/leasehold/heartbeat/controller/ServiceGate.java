package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.ConfirmRequest;
import io.leasehold.heartbeat.lease.ServingLease;
import io.leasehold.heartbeat.record.ArbitrationMode;
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
 *   any, while writer --this process stood still, no permit--> to be confirmed: the gate stays shut
 *   to be confirmed --the peer confirms our epoch and nonce | the ensemble | a record won--> shut
 *
 *   shut | to be confirmed --a record is won, the peer not proven silent (R9)--> peer silence awaited
 *   peer silence awaited --its lease ran out | it is proven silent | demoted--> shut
 * </pre>
 */
final class ServiceGate {
    private final NodeName me;
    private final NodeName peer;
    private final boolean witnessed;
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
    private OptionalLong peerSilentNanos = OptionalLong.empty();
    private long stoodStillNanos;

    ServiceGate(
            ClusterConfiguration config,
            ServingLease lease,
            ResourceManager resources,
            Lifecycle lifecycle,
            Rights rights,
            PeerSession session,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.witnessed = config.mode() == ArbitrationMode.ZOOKEEPER;
        this.lease = lease;
        this.resources = resources;
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.session = session;
        this.time = time;
        this.effects = effects;
    }

    /** The states of the drawing. */
    enum Stage {
        SHUT,
        OPEN,
        TO_BE_CONFIRMED,
        /** The record is won, and the other one's lease may still run. */
        PEER_SILENCE_AWAITED
    }

    Stage stage() {
        if (isPeerSilenceAwaited()) {
            return Stage.PEER_SILENCE_AWAITED;
        }
        if (confirmationNeeded) {
            return Stage.TO_BE_CONFIRMED;
        }
        return isOpen() ? Stage.OPEN : Stage.SHUT;
    }

    boolean isOpen() {
        return untilNanos.isPresent();
    }

    OptionalLong untilNanos() {
        return untilNanos;
    }

    /**
     * A record that was won confirms this node by itself.
     *
     * @param silent if not, the other one's lease may run on for as long as ours would (R9)
     */
    void recordWon(long askedNanos, boolean silent) {
        confirmationNeeded = false;
        lease.confirm(askedNanos);
        peerSilentNanos =
                silent
                        ? OptionalLong.empty()
                        : OptionalLong.of(lease.silenceProvenNanos(time.nowNanos()));
        if (!silent) {
            effects.note(
                    "lease",
                    Rule.R9,
                    me
                            + " waits "
                            + (peerSilentNanos.getAsLong() - time.nowNanos()) / 1_000_000
                            + " ms before anything serves",
                    "the serving lease of " + peer + " may run for so long");
        }
    }

    /** The other one may still be heard by clients: nothing is mounted or started yet. */
    boolean isPeerSilenceAwaited() {
        return peerSilentNanos.isPresent();
    }

    /** A fence, or its own word that it is stopped, ends the wait (R12). */
    void peerProvenSilent() {
        if (peerSilentNanos.isPresent()) {
            endWait(peer + " is proven silent");
        }
    }

    /** The permit is written when the wait has ended, not with the win (R20, H10). */
    private void endWait(String cause) {
        peerSilentNanos = OptionalLong.empty();
        effects.note("lease", Rule.R9, "the wait is over: the service may start", cause);
        if (rights.record().isSole(me)) {
            rights.save(rights.state().withPermit());
        }
    }

    /** A conditional write that the ensemble took, at our record (R9). */
    void ensembleConfirmed(long sentNanos) {
        if (confirmationNeeded && sentNanos >= stoodStillNanos) {
            confirmationNeeded = false;
            effects.note(
                    "lease",
                    Rule.PAUSE,
                    "the gate may open again",
                    "the ensemble took our record after the pause");
        }
        lease.confirmByEnsemble(sentNanos);
    }

    /** R9: what stands on the ensemble alone is silent while that cannot be reached. */
    void ensembleLost() {
        lease.ensembleLost();
        if (untilNanos.isPresent() && lease.untilNanos(time.nowNanos()).isEmpty()) {
            effects.note(
                    "lease",
                    Rule.R9,
                    "the gate is shut",
                    "only the ensemble confirmed " + me + ", and it cannot be reached");
            close();
        }
    }

    /** Whether the peer has not confirmed us for so long that the ensemble should. */
    boolean needsEnsemble() {
        return witnessed
                && lifecycle.isWriter()
                && !rights.state().holdsPermit()
                && !isPeerSilenceAwaited()
                && (confirmationNeeded || age() >= 2 * lease.askNanos());
    }

    private long age() {
        var last = lease.lastConfirmedNanos();
        return last.isEmpty() ? Long.MAX_VALUE : time.nowNanos() - last.getAsLong();
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
        // With a witness the peer may take over without a fence: a beat is no promise not to.
        if (!confirmationNeeded && !witnessed) {
            lease.confirm(time.nowNanos());
        }
    }

    void demoted() {
        lease.revoke();
        peerSilentNanos = OptionalLong.empty();
    }

    /** This process stood still: shut, and silent until somebody confirms that we still lead. */
    void stoodStill() {
        close();
        lease.revoke();
        confirmationNeeded = lifecycle.isWriter() && !rights.state().holdsPermit();
        confirmNonce++;
        stoodStillNanos = time.nowNanos();
    }

    void peerConfirmed(Epoch epoch, long nonce) {
        if (nonce != confirmNonce || !epoch.equals(rights.record().epoch())) {
            return;
        }
        if (confirmationNeeded) {
            confirmationNeeded = false;
            lease.confirm(confirmSentNanos);
            effects.note(
                    "lease",
                    Rule.PAUSE,
                    "the gate may open again",
                    peer + " confirmed epoch " + epoch + " after the pause");
        } else if (witnessed) {
            lease.confirm(confirmSentNanos);
            // Answered: the next one may be asked.
            confirmNonce++;
        }
    }

    /**
     * Shuts, opens or renews as the lease and the phase demand.
     *
     * @return what the resources above the gate demand now that it is open
     */
    List<ResourceManager.Step> advance() {
        var now = time.nowNanos();
        if (peerSilentNanos.isPresent() && now >= peerSilentNanos.getAsLong()) {
            endWait("the serving lease of " + peer + " has run out");
        }
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
        askConfirmation();
        if (!wanted) {
            if (untilNanos.isPresent()) {
                close();
            }
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
        if (asksForPromise() && time.nowNanos() >= confirmSentNanos + lease.askNanos()) {
            // One at a time; one that was lost is overtaken by the next.
            confirmNonce++;
            confirmSentNanos = time.nowNanos();
            session.send(new ConfirmRequest(rights.record().epoch(), confirmNonce));
        } else if (confirmationNeeded && lifecycle.isWriter() && session.isOpen()) {
            var request = new ConfirmRequest(rights.record().epoch(), confirmNonce);
            if (!session.hasSaid(request)) {
                confirmSentNanos = time.nowNanos();
                session.sendOnce(request);
            }
        }
    }

    /** With a witness the peer's promise must be fresh at every moment (R9). */
    private boolean asksForPromise() {
        return witnessed
                && lifecycle.isWriter()
                && session.isOpen()
                && !rights.state().holdsPermit()
                && !isPeerSilenceAwaited();
    }

    void close() {
        untilNanos = OptionalLong.empty();
        resources.gateShut();
        effects.add(new Effect.CloseGate());
    }

    void deadlines(Deadlines deadlines) {
        deadlines.at(peerSilentNanos);
        if (asksForPromise()) {
            deadlines.ifComing(confirmSentNanos + lease.askNanos());
        }
        if (witnessed && lifecycle.isWriter() && !rights.state().holdsPermit()) {
            lease.lastConfirmedNanos()
                    .ifPresent(last -> deadlines.ifComing(last + 2 * lease.askNanos()));
        }
        if (untilNanos.isPresent()) {
            deadlines.at(untilNanos);
            if (rights.state().holdsPermit()) {
                deadlines.ifComing(untilNanos.getAsLong() - lease.renewalNanos());
            }
        }
    }
}
