package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.Arbitration.Outcome;
import io.leasehold.heartbeat.controller.ClusterMessage.OutdatedReason;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.OptionalLong;

/**
 * What a writer owes its record: {@code inSync} shrinks before it goes on alone (R4), and grows
 * after the peer is equal (R10).
 *
 * <pre>
 *   {me, peer} --writes frozen, peer heard--> asked to leave (R16) --limit--> arbitration
 *   {me, peer} --peer lost-----------------------------------------------> arbitration
 *   {me, peer} --proof that the peer is silent or outdated--------------> arbitration
 *   arbitration --won--> {me}, permit held --peer equal (GrowWanted)--> {me, peer}, permit revoked
 * </pre>
 *
 * <p>Who has won the record and waits until the other one is silent (R9) lets nobody in: it has no
 * permit yet that a grow could take, and give back (R10, R20).
 */
final class InSyncSet {
    private final NodeName me;
    private final NodeName peer;
    private final long leaveLimitNanos;
    private final Rights rights;
    private final Lifecycle lifecycle;
    private final Evidence evidence;
    private final Arbitration arbitration;
    private final PeerWatch watch;
    private final PeerSession session;
    private final ServiceGate gate;
    private final StepTime time;
    private final Effects effects;
    private boolean shrinkWanted;
    private OptionalLong leaveAskedUntilNanos = OptionalLong.empty();
    private OptionalLong growSeq = OptionalLong.empty();

    InSyncSet(
            ClusterConfiguration config,
            Rights rights,
            Lifecycle lifecycle,
            Evidence evidence,
            Arbitration arbitration,
            PeerWatch watch,
            PeerSession session,
            ServiceGate gate,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.leaveLimitNanos = config.leaveLimitNanos();
        this.rights = rights;
        this.lifecycle = lifecycle;
        this.evidence = evidence;
        this.arbitration = arbitration;
        this.watch = watch;
        this.session = session;
        this.gate = gate;
        this.time = time;
        this.effects = effects;
    }

    // ---------------------------------------------------------------- heard

    /** R4: the volume gets no acknowledgements. */
    void writesFrozen(String reason) {
        if (lifecycle.isWriter() && rights.record().isSole(me) && arbitration.isSettled()) {
            // R10: it had asked for a grow, and the session broke before that came here. Until it
            // hears how that ended it needs both. A grow that the ensemble may have taken has not
            // ended (R11, H3).
            recordChanged();
            return;
        }
        if (!shrinkWanted && lifecycle.isWriter()) {
            effects.note(
                    "record",
                    Rule.R4,
                    "writes are frozen until " + peer + " acknowledges or the record changes",
                    reason);
        }
        shrinkWanted = true;
    }

    void writesFlow() {
        shrinkWanted = false;
    }

    /** R10: the peer is equal from {@code seq} on. */
    void peerEqual(long seq) {
        growSeq = OptionalLong.of(seq);
    }

    /**
     * P1 in the session (R2): names our record, or is void. That the peer was equal before does not
     * count any more.
     */
    void peerOutdated(Epoch epoch, Generation gen, OutdatedReason reason) {
        var record = rights.record();
        if (!epoch.equals(record.epoch()) || !gen.equals(record.gen())) {
            effects.note(
                    "record",
                    Rule.R17,
                    "the word of " + peer + " that it is outdated is void",
                    "it names epoch " + epoch + ", generation " + gen);
            return;
        }
        growSeq = OptionalLong.empty();
        evidence.peerOutdated(
                switch (reason) {
                    case LEAVING, ASKED -> Rule.R16;
                    case TARGET -> Rule.R28;
                    case DISK_FAILED -> Rule.R32;
                },
                switch (reason) {
                    case LEAVING -> peer + " leaves and marked itself outdated";
                    case TARGET -> peer + " met " + me + " and marked itself outdated";
                    case ASKED -> peer + " marked itself outdated when asked";
                    case DISK_FAILED -> "the disk of " + peer + " failed and it marked itself so";
                });
        if (reason == OutdatedReason.LEAVING && lifecycle.isWriter()) {
            settle();
            session.send(new ClusterMessage.OutdatedNoted(epoch, gen));
        }
    }

    /** Writes that are frozen stay so: only the volume says when they flow. */
    void sessionEnded() {
        growSeq = OptionalLong.empty();
    }

    // ---------------------------------------------------------------- duty

    /** Shrink when the peer is gone, grow when it is equal. */
    void settle() {
        var record = rights.record();
        if (!record.isPrimary(me)) {
            throw new IllegalStateException("writer without a record: " + record.describe());
        }
        if (record.isInSync(peer)) {
            settleBesidePeer();
        } else if (shrinkWanted && growSeq.isEmpty() && arbitration.isSettled()) {
            // The volume waits to hear how a grow ended that was never asked for: its session
            // broke.
            shrinkWanted = false;
            recordChanged();
        } else if (growSeq.isPresent()
                && session.isOpen()
                && lifecycle.phase() instanceof Phase.Leading
                && !lifecycle.isShuttingDown()
                && !watch.isLost()
                // R10, R20: a grow takes the permit, and gives it back if it is not taken. In the
                // wait there is none yet: it would come too early if the grow is lost (H10), or
                // come with the end of the wait while the grow may still be taken (H1).
                && !gate.isPeerSilenceAwaited()
                && arbitration.attempt(Change.ADMIT_PEER) instanceof Outcome.Won won) {
            admitted(won.next());
        }
    }

    /** The ensemble took our change. */
    void claim(Witness.Taken taken) {
        var outcome = arbitration.claim(taken);
        if (taken.proposal().change() == Change.GO_ALONE) {
            goAlone(outcome);
        } else if (outcome instanceof Outcome.Won won) {
            admitted(won.next());
        }
    }

    /** The peer is not counted in, and acknowledgements are this node's own again (R10, R11). */
    void growLost() {
        recordChanged();
    }

    private void settleBesidePeer() {
        if (evidence.isPresent()) {
            goAlone(arbitration.attempt(Change.GO_ALONE));
            return;
        }
        if (isPeerBackUnchanged()) {
            sayGrow();
        }
        if (rights.state().maintenance().on()) {
            leaveAskedUntilNanos = OptionalLong.empty();
            return;
        }
        if (watch.isLost()) {
            goAlone(arbitration.pursue(Change.GO_ALONE));
        } else if (shrinkWanted) {
            askToLeave();
        } else {
            leaveAskedUntilNanos = OptionalLong.empty();
        }
    }

    /** It was off for a moment, and nothing was acknowledged without it (R18). */
    private boolean isPeerBackUnchanged() {
        var record = rights.record();
        return lifecycle.phase() instanceof Phase.Leading
                && (session.relation() == Relation.EQUAL
                        || session.relation() == Relation.PEER_BEHIND)
                && session.hello()
                        .filter(hello ->
                                hello.standing() == Standing.CONSISTENT
                                        && hello.record().epoch().equals(record.epoch())
                                        && hello.record().gen().equals(record.gen()))
                        .isPresent();
    }

    /** The peer is heard but does not acknowledge: ask before shooting (R16, ADR 0024). */
    private void askToLeave() {
        if (leaveAskedUntilNanos.isEmpty()) {
            leaveAskedUntilNanos = OptionalLong.of(time.nowNanos() + leaveLimitNanos);
            effects.note(
                    "arbiter",
                    Rule.R16,
                    "asking " + peer + " to mark itself outdated",
                    "it is heard, but does not acknowledge writes");
        } else if (time.nowNanos() >= leaveAskedUntilNanos.getAsLong()) {
            goAlone(arbitration.pursue(Change.GO_ALONE));
        }
    }

    private void goAlone(Outcome outcome) {
        if (outcome instanceof Outcome.Won won) {
            rights.save(won.next());
            shrinkWanted = false;
            leaveAskedUntilNanos = OptionalLong.empty();
            growSeq = OptionalLong.empty();
            gate.wentAlone();
            recordChanged();
        }
    }

    /** R10: one write revokes the permit and counts the peer in; from here both are needed. */
    private void admitted(DurableState next) {
        rights.save(next);
        gate.permitRevoked();
        recordChanged();
        sayGrow();
    }

    private void recordChanged() {
        var record = rights.record();
        effects.add(new Effect.RecordChanged(record.epoch(), record.inSync(), record.gen()));
    }

    private void sayGrow() {
        session.madeEqual();
        var record = rights.record();
        session.sendOnce(new ClusterMessage.Grow(record.epoch(), record.gen(), growSeq.orElse(0)));
        growSeq = OptionalLong.empty();
    }

    // ---------------------------------------------------------------- told

    boolean areWritesFrozen() {
        return shrinkWanted;
    }

    boolean isPeerAskedToLeave() {
        return leaveAskedUntilNanos.isPresent();
    }

    void deadlines(Deadlines deadlines) {
        deadlines.ifComing(leaveAskedUntilNanos);
    }
}
