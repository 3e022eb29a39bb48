package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.OutdatedReason;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.Optional;
import java.util.Set;

/**
 * What a secondary owes its primary: it takes over its record, says durably when it is no member
 * any more, promises, is let in, and leaves with a word.
 *
 * <pre>
 *   member (UP_TO_DATE, in inSync) --asked to leave, leaving (R16), record without me--> OUTDATED
 *   member --daemon of the primary restarted: PromiseRequest (R27)--> member of the next epoch
 *   OUTDATED --equal: Grow (R10)--> member
 *   CONSISTENT --the primary's record without me | it counts on me and I know better--> OUTDATED
 *   Idle --shutdown: Outdated said--> Leaving --noted, limit, session gone--> Ended
 * </pre>
 */
final class Follower {
    private final NodeName me;
    private final NodeName peer;
    private final ArbitrationMode mode;
    private final long leaveLimitNanos;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerWatch watch;
    private final PeerSession session;
    private final NodeHealth health;
    private final PeerFencing fencing;
    private final Witness witness;
    private final Service service;
    private final Promotion promotion;
    private final PlannedMove move;
    private final Ending ending;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;

    Follower(
            ClusterConfiguration config,
            Lifecycle lifecycle,
            Rights rights,
            PeerWatch watch,
            PeerSession session,
            NodeHealth health,
            PeerFencing fencing,
            Witness witness,
            Service service,
            Promotion promotion,
            PlannedMove move,
            Ending ending,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.mode = config.mode();
        this.leaveLimitNanos = config.leaveLimitNanos();
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.watch = watch;
        this.session = session;
        this.health = health;
        this.fencing = fencing;
        this.witness = witness;
        this.service = service;
        this.promotion = promotion;
        this.move = move;
        this.ending = ending;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    // ---------------------------------------------------------------- duty

    /** The peer leads: stop everything here, and take its record over once that is done. */
    void follow() {
        service.wantNone();
        if (session.hello().isEmpty()) {
            promotion.unprepared();
            return;
        }
        var theirs = session.hello().get().record();
        // What the primary said before it let us in (or before we promised) is overtaken.
        if (!service.isAllStopped() || isOlder(theirs)) {
            return;
        }
        if (theirs.epoch().isAfter(rights.state().promised())) {
            rights.save(rights.state().withPromised(theirs.epoch()));
            effects.add(new Effect.PromiseEpoch(theirs.epoch()));
        }
        var state = rights.state();
        var same =
                theirs.epoch().equals(state.record().epoch())
                        && theirs.gen().equals(state.record().gen());
        if (!theirs.isInSync(me)) {
            if (!same) {
                effects.note(
                        "record",
                        Rule.R16,
                        me + " is outdated and follows " + peer,
                        "its record is: " + theirs.describe());
                rights.save(state.withRecord(theirs).outdated());
            } else if (!state.standing().isOutdated()) {
                rights.save(state.outdated());
            }
        } else if (health.isDiskFailed()) {
            sayOutdated(OutdatedReason.DISK_FAILED);
        } else if (!same || state.standing().isOutdated()) {
            // The primary counts on us, but we are not what it believes: it must know at once.
            sayOutdated(OutdatedReason.TARGET);
        }
    }

    private boolean isOlder(ClusterRecord theirs) {
        var mine = rights.record();
        return mine.epoch().isAfter(theirs.epoch())
                || (mine.epoch().equals(theirs.epoch())
                        && mine.gen().value() > theirs.gen().value());
    }

    /** Says P1 once per session and record of the peer, everything here being stopped. */
    void sayOutdated(OutdatedReason reason) {
        if (!session.isOpen() || session.hello().isEmpty() || !service.isAllStopped()) {
            return;
        }
        var theirs = session.hello().get().record();
        var word = new ClusterMessage.Outdated(theirs.epoch(), theirs.gen(), reason);
        if (session.hasSaid(word)) {
            return;
        }
        rights.save(health.isDiskFailed() ? inconsistent() : rights.state().outdated());
        effects.note(
                "record",
                reason == OutdatedReason.DISK_FAILED ? Rule.R32 : Rule.R28,
                me + " is outdated and says so to " + peer,
                "everything here is stopped, the gate is shut");
        session.sendOnce(word);
    }

    private DurableState inconsistent() {
        return rights.state().outdated().withStanding(Standing.INCONSISTENT);
    }

    /** R32, on a node that does not write; a writer departs first. */
    void diskFailed() {
        if (!lifecycle.isWriter() && !(lifecycle.phase() instanceof Phase.Departing)) {
            rights.save(inconsistent());
        }
    }

    /** Shutdown of a node that does not write: a member says that it leaves (R16). */
    void leave(String reason) {
        if (move.isUnderWay()) {
            // The hand-over that the shutdown began: its service must be seen first.
            return;
        }
        service.wantNone();
        if (!service.isAllStopped() || !witness.isQuiet()) {
            // R16: never with an undecided request.
            return;
        }
        var state = rights.state();
        var record = state.record();
        if (session.isOpen()
                && watch.leads()
                && record.isPrimary(peer)
                && record.isInSync(me)
                && !state.standing().isOutdated()
                && !watch.isLost()) {
            effects.note(
                    "record", Rule.R16, me + " leaves: marks itself outdated and says so", reason);
            rights.save(state.outdated());
            session.send(
                    new ClusterMessage.Outdated(
                            record.epoch(), record.gen(), OutdatedReason.LEAVING));
            lifecycle.become(new Phase.Leaving(time.nowNanos() + leaveLimitNanos));
        } else {
            ending.end(reason);
        }
    }

    void leaving(Phase.Leaving leaving) {
        if (time.nowNanos() >= leaving.deadlineNanos()) {
            ending.end("left; " + peer + " did not answer");
        }
    }

    // ---------------------------------------------------------------- heard

    /** R16: the primary gets no acknowledgements and asks us to leave rather than be fenced. */
    void heard(Announcement said) {
        var state = rights.state();
        if (lifecycle.isIdle()
                && said.epoch().equals(state.record().epoch())
                && said.gen().equals(state.record().gen())
                && said.leaveWanted()
                && service.isAllStopped()
                && state.record().isPrimary(peer)
                && !state.standing().isOutdated()) {
            effects.note(
                    "record",
                    Rule.R16,
                    me + " marks itself outdated, so that it need not be fenced",
                    peer + " gets no acknowledgements and asks for it");
            rights.save(state.withStanding(Standing.OUTDATED));
        }
    }

    void outdatedNoted() {
        if (lifecycle.phase() instanceof Phase.Leaving) {
            ending.end("left; " + peer + " goes on alone");
        }
    }

    void sessionClosed() {
        if (lifecycle.phase() instanceof Phase.Leaving) {
            ending.end("left; the primary was not heard any more");
        }
    }

    /** R27, on the peer of the restarted primary. */
    void promiseAsked(ClusterMessage.PromiseRequest request) {
        var state = rights.state();
        var refusal = refusal(request.epoch());
        if (refusal.isPresent()) {
            session.send(
                    new ClusterMessage.PromiseRefused(
                            request.epoch(), state.promised(), refusal.get()));
            return;
        }
        var member =
                !state.standing().isOutdated()
                        && state.record().isInSync(me)
                        && state.record().isPrimary(peer)
                        && state.record().epoch().equals(request.from())
                        && !health.isDiskFailed()
                        // Else the ensemble may have, or come to have, another record of that
                        // epoch (R1): the peer must ask it.
                        && witness.hasNothingOutstanding();
        effects.note(
                "record",
                Rule.R27,
                me + " promises epoch " + request.epoch() + " to " + peer,
                peer + "'s daemon was restarted",
                member ? me + " goes on as a member" : me + " is outdated");
        rights.save(
                member
                        ? state.withRecord(recordOfBoth(mode, request.epoch(), request.gen()))
                        : state.outdated().withPromised(request.epoch()));
        effects.add(new Effect.PromiseEpoch(request.epoch()));
        session.send(
                new ClusterMessage.Promised(
                        request.epoch(), member ? state.standing() : Standing.OUTDATED));
    }

    private Optional<String> refusal(Epoch epoch) {
        if (!lifecycle.isIdle()) {
            return Optional.of(me + " is not a secondary");
        }
        if (session.hello().filter(hello -> hello.arbiter() == mode).isEmpty()) {
            return Optional.of(me + " is configured for another arbiter");
        }
        if (!epoch.isAfter(rights.state().promised())) {
            return Optional.of("a higher epoch was promised");
        }
        return service.isAllStopped()
                ? Optional.empty()
                : Optional.of("resources still run on " + me);
    }

    /**
     * R9: our promise not to take over, not given while a takeover is wanted or under way. Given at
     * the epoch that we promised, or to whom we follow: what this node asked for itself, in vain,
     * is no promise to anybody, and would keep that one silent (ADR 0044).
     */
    void confirm(Epoch epoch, long nonce) {
        var record = rights.record();
        var followed = record.isPrimary(peer) && record.epoch().equals(epoch);
        if (lifecycle.isIdle()
                && (followed || epoch.equals(rights.state().promised()))
                && fencing.isIdle()
                && witness.isQuiet()) {
            session.send(new ClusterMessage.Confirmed(epoch, nonce));
        }
    }

    /** R10: the primary counts on us from here on. */
    void letIn(ClusterMessage.Grow grow) {
        var state = rights.state();
        // By the record, and not by the promise: what this node asked for itself, in vain, may be
        // higher than the epoch of whoever leads now. An epoch that it promised to another node is
        // the epoch of the record that it follows, or is refused by the volume (R2).
        var older =
                state.record().epoch().isAfter(grow.epoch())
                        || (grow.epoch().equals(state.record().epoch())
                                && grow.gen().value() < state.record().gen().value());
        // Our word that we are outdated at this very record holds until a later one lets us in (ADR
        // 0024). This grow was sent before the primary had it; by now it may be acknowledging
        // alone.
        var overtaken =
                state.standing().isOutdated()
                        && grow.epoch().equals(state.record().epoch())
                        && grow.gen().equals(state.record().gen());
        if (older || overtaken) {
            return;
        }
        if (health.isDiskFailed() || !lifecycle.isIdle()) {
            session.send(
                    new ClusterMessage.Outdated(
                            grow.epoch(),
                            grow.gen(),
                            health.isDiskFailed()
                                    ? OutdatedReason.DISK_FAILED
                                    : OutdatedReason.LEAVING));
            return;
        }
        effects.note(
                "record",
                Rule.R10,
                me + " is in sync and up to date",
                peer + " let it into inSync at sequence " + grow.seq());
        session.madeEqual();
        // Whoever had to decide has decided.
        alarms.clear(Candidacy.MEETING);
        alarms.clear(Departure.SPLIT_BRAIN);
        alarms.clear(Departure.DEPOSED);
        var promise = grow.epoch().isAfter(state.promised());
        rights.save(
                state.withRecord(recordOfBoth(modeOfPrimary(), grow.epoch(), grow.gen()))
                        .withoutPermit()
                        .withWasPrimary(false)
                        .withStanding(Standing.UP_TO_DATE));
        if (promise) {
            effects.add(new Effect.PromiseEpoch(grow.epoch()));
        }
        session.send(new ClusterMessage.GrowAccepted(grow.epoch(), grow.gen()));
    }

    /** A copy follows the primary's record, whatever this node is configured for (R12). */
    private ArbitrationMode modeOfPrimary() {
        return session.hello().map(hello -> hello.record().mode()).orElse(mode);
    }

    private ClusterRecord recordOfBoth(ArbitrationMode of, Epoch epoch, Generation gen) {
        return new ClusterRecord(
                of, epoch, Optional.of(peer), Set.of(me, peer), gen, new RequestId(peer, 0));
    }

    void deadlines(Deadlines deadlines) {
        if (lifecycle.phase() instanceof Phase.Leaving leaving) {
            deadlines.ifComing(leaving.deadlineNanos());
        }
    }
}
