package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import java.util.Optional;

/**
 * What the situation demands of a node in its present phase, whatever event came last. Done again
 * and again until nothing is left to do, so that no order of events leaves the pair waiting for
 * something that has happened already.
 *
 * <pre>
 *   Idle       shutdown → {@link Follower#leave}; peer leads → {@link Follower#follow};
 *              else → {@link Candidacy}
 *   Promoting  {@link InSyncSet#settle}, {@link Promotion#advance}; shutdown → the end
 *   Leading    {@link Leadership#lead}
 *   Departing  {@link Departure#advance}
 *   Leaving    {@link Follower#leaving}
 *   each       a fence that nothing waits for lapses; the gate follows the lease
 * </pre>
 */
final class Duties {

    /** Rounds of one step; more means that two duties undo each other: an error of ours. */
    private static final int ROUNDS_MAX = 64;

    private final NodeName me;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerWatch watch;
    private final PeerFencing fencing;
    private final InSyncSet inSync;
    private final Witness witness;
    private final Service service;
    private final ServiceGate gate;
    private final Promotion promotion;
    private final Follower follower;
    private final Candidacy candidacy;
    private final Leadership leadership;
    private final Departure departure;
    private final PlannedMove move;
    private final CommandAnswers answers;
    private final Ending ending;
    private final StepTime time;
    private final Effects effects;

    Duties(
            NodeName me,
            Lifecycle lifecycle,
            Rights rights,
            PeerWatch watch,
            PeerFencing fencing,
            InSyncSet inSync,
            Witness witness,
            Service service,
            ServiceGate gate,
            Promotion promotion,
            Follower follower,
            Candidacy candidacy,
            Leadership leadership,
            Departure departure,
            PlannedMove move,
            CommandAnswers answers,
            Ending ending,
            StepTime time,
            Effects effects) {
        this.me = me;
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.watch = watch;
        this.fencing = fencing;
        this.inSync = inSync;
        this.witness = witness;
        this.service = service;
        this.gate = gate;
        this.promotion = promotion;
        this.follower = follower;
        this.candidacy = candidacy;
        this.leadership = leadership;
        this.departure = departure;
        this.move = move;
        this.answers = answers;
        this.ending = ending;
        this.time = time;
        this.effects = effects;
    }

    /** Does what is due until nothing is. */
    void settle() {
        for (var round = 0; round < ROUNDS_MAX; round++) {
            var before = effects.count();
            var phaseBefore = lifecycle.phase();
            watch.advance();
            if (fencing.advance()) {
                peerProvenOff();
            }
            service.advance();
            perform();
            if (effects.count() == before && lifecycle.phase().equals(phaseBefore)) {
                return;
            }
        }
        throw new IllegalStateException(
                "no end of duties in " + lifecycle.phase() + ", " + rights.state());
    }

    private void perform() {
        fencing.pursued(false);
        expire();
        witness.beginRound();
        witness.taken().ifPresent(this::claim);
        witness.deposedBy().ifPresent(departure::deposed);
        if (witness.takeGrowLost() && lifecycle.isWriter()) {
            inSync.growLost();
        }
        switch (lifecycle.phase()) {
            case Phase.Idle() -> idle();
            case Phase.Promoting promoting -> {
                if (gate.isPeerSilenceAwaited()) {
                    fencing.shortenWait();
                }
                inSync.settle();
                promotion.advance();
                if (lifecycle.isShuttingDown()) {
                    ending.end("shut down while promoting epoch " + promoting.epoch());
                }
            }
            case Phase.Leading leading -> {
                if (gate.isPeerSilenceAwaited()) {
                    fencing.shortenWait();
                }
                leadership.lead(leading);
            }
            case Phase.Departing departing ->
                    departure.advance(departing).ifPresent(this::stopDownTo);
            case Phase.Leaving leaving -> follower.leaving(leaving);
            case Phase.Ended _ -> {
                return;
            }
        }
        fencing.lapseUnlessPursued();
        service.advanceGate();
        witness.endRound();
    }

    /** What the ensemble took takes effect, even if it is not wished any more: it is the record. */
    private void claim(Witness.Taken taken) {
        switch (taken.proposal().change()) {
            case TAKE_OVER, START_ALONE, RESUME, FORCE -> {
                if (lifecycle.isIdle()) {
                    candidacy.claim(taken);
                }
            }
            case GO_ALONE, ADMIT_PEER -> {
                if (lifecycle.isWriter()) {
                    inSync.claim(taken);
                }
            }
        }
        if (witness.taken().isPresent()) {
            witness.claimed();
            var record = taken.proposal().next();
            if (lifecycle.isWriter() && !record.epoch().equals(rights.record().epoch())) {
                throw new IllegalStateException(
                        "R11: the writer of "
                                + rights.record().describe()
                                + " had asked the ensemble for "
                                + record.describe());
            }
            effects.note(
                    "record",
                    Rule.R11,
                    "the ensemble took what is not wished any more: it is the record all the same",
                    record.describe());
            rights.save(rights.state().withRecord(record).withoutPermit());
        }
    }

    private void stopDownTo(int count) {
        service.want(count, false);
        if (count == 0 && service.isAllStopped()) {
            // Nothing ran yet (a winner that still waited), so nothing tells that it stopped.
            departure.stoppedDownTo(0);
        }
    }

    private void idle() {
        var shutdown = lifecycle.shutdownReason();
        if (shutdown.isPresent()) {
            follower.leave(shutdown.get());
        } else if (watch.leads()) {
            follower.follow();
        } else {
            candidacy.advance();
        }
    }

    /** The power of the peer was read back off; what waited for it goes first. */
    void peerProvenOff() {
        useProof();
        fencing.afterFence();
    }

    /** A proof is used at once, before anything else can void it. */
    void useProof() {
        switch (lifecycle.phase()) {
            case Phase.Leading _, Phase.Promoting _ -> {
                gate.peerProvenSilent();
                inSync.settle();
            }
            case Phase.Idle() -> {
                if (!watch.leads()) {
                    idle();
                }
            }
            case Phase.Departing _, Phase.Leaving _, Phase.Ended _ -> {}
        }
    }

    private void expire() {
        var failures = service.failures();
        if (!failures.equals(rights.state().failureCounts())) {
            rights.save(rights.state().withFailureCounts(failures));
        }
        var standby = rights.state().standby();
        if (standby.isPresent()
                && standby.get().untilEpochMillis().isPresent()
                && time.epochMillis() >= standby.get().untilEpochMillis().getAsLong()) {
            effects.note("operator", Rule.POLICY, me + " is online again", "its standby ended");
            rights.save(rights.state().withStandby(Optional.empty()));
        }
        move.expire();
        answers.expire();
    }

    void deadlines(Deadlines deadlines) {
        rights.state()
                .standby()
                .ifPresent(standby ->
                        standby.untilEpochMillis()
                                .ifPresent(until ->
                                        deadlines.ifComing(time.wallClock().nanosAt(until))));
    }
}
