package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.Arbitration.Outcome;
import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.controller.ClusterMessage.OutdatedReason;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.Optional;

/**
 * By which right a node that does not write becomes the writer while nobody is known to lead. What
 * it may try, first match first:
 *
 * <pre>
 *   disk failed             nothing; says so to the peer                              R32
 *   solo permit held        starts alone, after listening for a moment if powered on  R20
 *   peer met in a session   {@link Meeting}: one leads, the other gives P1 or promises R27, R28
 *   peer lost               failover: takes over once it is fenced or confirmed off   R6, R34
 *   peer hands over         takes over at the epoch that it names                     R17
 *
 *   each: arbitration --won--> {@link Promotion}
 * </pre>
 */
final class Candidacy {

    /** Subject of the alarm that both nodes have met and nobody leads. */
    static final String MEETING = "meeting";

    private final NodeName me;
    private final NodeName peer;
    private final NodeName lowerNode;
    private final ArbitrationMode mode;
    private final long listenUntilNanos;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final Evidence evidence;
    private final Arbitration arbitration;
    private final PeerWatch watch;
    private final PeerSession session;
    private final NodeHealth health;
    private final Publication publication;
    private final Service service;
    private final Promotion promotion;
    private final Follower follower;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;
    private Optional<Epoch> promiseAsked = Optional.empty();

    /**
     * @param listenUntilNanos a permit is not used before: a person may have forced the other side
     */
    Candidacy(
            ClusterConfiguration config,
            long listenUntilNanos,
            Lifecycle lifecycle,
            Rights rights,
            Evidence evidence,
            Arbitration arbitration,
            PeerWatch watch,
            PeerSession session,
            NodeHealth health,
            Publication publication,
            Service service,
            Promotion promotion,
            Follower follower,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.lowerNode = config.lowerNode();
        this.mode = config.mode();
        this.listenUntilNanos = listenUntilNanos;
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.evidence = evidence;
        this.arbitration = arbitration;
        this.watch = watch;
        this.session = session;
        this.health = health;
        this.publication = publication;
        this.service = service;
        this.promotion = promotion;
        this.follower = follower;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    // ---------------------------------------------------------------- duty

    /** Tries what the situation allows. */
    void advance() {
        var resumable = publication.isResumable();
        if (!resumable) {
            service.wantNone();
        }
        if (health.isDiskFailed()) {
            follower.sayOutdated(OutdatedReason.DISK_FAILED);
            return;
        }
        // A permit of another arbiter's record is none (R12); to meet is the way on.
        if (rights.state().holdsPermit() && rights.record().mode() == mode) {
            var listened = time.nowNanos() >= listenUntilNanos || session.hello().isPresent();
            if (resumable || listened) {
                session.hello().ifPresent(this::goAbove);
                promoteIfWon(arbitration.attempt(Change.START_ALONE));
            }
            return;
        }
        // A session may still look open: TCP notices a dead peer later than the beats do. What is
        // heard in it counts as a sign of life (R37), so lost means that it is silent, too.
        if (!watch.isLost()) {
            session.hello().ifPresent(this::meet);
        } else if (rights.state().standby().isEmpty() && !rights.state().maintenance().on()) {
            failOver();
        }
    }

    private void failOver() {
        switch (arbitration.pursue(Change.TAKE_OVER)) {
            case Outcome.Won won -> promotion.begin(won);
            case Outcome.NotYet() -> promotion.prepare();
            case Outcome.Refused() -> {}
        }
    }

    private void promoteIfWon(Outcome outcome) {
        if (outcome instanceof Outcome.Won won) {
            promotion.begin(won);
        }
    }

    /** The ensemble took our change. */
    void claim(Witness.Taken taken) {
        promoteIfWon(arbitration.claim(taken));
    }

    private void meet(Hello peers) {
        if (peers.role() == Role.STOPPED) {
            return;
        }
        var outcome = Meeting.decide(publication.hello(), peers, session.relation(), lowerNode);
        switch (outcome.lead()) {
            case NOBODY -> {
                if (isForAPerson(outcome)) {
                    // What a daemon before this one has left running: nothing is forced, here or
                    // there, before it is stopped (R21).
                    service.wantNone();
                }
                arbitration.finding(
                        "meeting " + outcome.sentence(),
                        outcome.rule(),
                        "nobody leads",
                        outcome.sentence());
                alarms.raise(MEETING, advised(outcome));
            }
            case PEER -> {
                alarms.clear(MEETING);
                // Also what a daemon before this one has left running: R28's word, for which the
                // peer waits, is not said before it is stopped.
                service.wantNone();
                follower.sayOutdated(OutdatedReason.TARGET);
            }
            case PEER_RESUMING -> alarms.clear(MEETING);
            case ME -> {
                alarms.clear(MEETING);
                if (evidence.isPresent()) {
                    goAbove(peers);
                    arbitration.finding(
                            "leads " + outcome.sentence(),
                            outcome.rule(),
                            me + " leads",
                            outcome.sentence());
                    promoteIfWon(arbitration.attempt(Change.TAKE_OVER));
                }
            }
            case ME_RESUMING -> {
                alarms.clear(MEETING);
                if (evidence.proof().orElse(null) instanceof Proof.PeerPromised) {
                    promoteIfWon(arbitration.attempt(Change.RESUME));
                    return;
                }
                if (promiseAsked.isEmpty() && arbitration.isSettled()) {
                    // R1, R11: what this node asked of the ensemble may be taken still, and is at
                    // the same epoch. Not wished any more, it is voided or won first.
                    askPromise();
                }
            }
        }
    }

    /** With what a person can do about it, where a choice is left. */
    private static String advised(Meeting.Outcome outcome) {
        return isForAPerson(outcome)
                ? outcome.sentence() + ". " + Meeting.CHOICE
                : outcome.sentence();
    }

    /** Which of the two copies shall stay. */
    private static boolean isForAPerson(Meeting.Outcome outcome) {
        return outcome.rule() == Rule.R29 || outcome.rule() == Rule.R7;
    }

    /** R1, R2: what the peer promised, or asked for in vain, is no epoch of ours. */
    private void goAbove(Hello peers) {
        rights.save(rights.state().withPromised(peers.promised()));
    }

    /**
     * Asks for the next epoch, once per session. That it was asked for is durable before it is:
     * what the peer stores as ours must not be won later as something else (R1, H7).
     */
    private void askPromise() {
        var record = rights.record();
        var epoch = rights.state().promised().next();
        promiseAsked = Optional.of(epoch);
        rights.save(rights.state().withPromised(epoch));
        session.send(new ClusterMessage.PromiseRequest(record.epoch(), epoch, record.gen().next()));
    }

    // ---------------------------------------------------------------- heard

    /** R27: our daemon was restarted, and the peer promised the next epoch. */
    void promised(Epoch epoch, Standing standing) {
        if (!lifecycle.isIdle() || !promiseAsked.equals(Optional.of(epoch))) {
            return;
        }
        if (!arbitration.isSettled()) {
            // R11: the peer was given up after it was asked, and what the ensemble was asked for
            // since may be taken at any moment, at another epoch. Whoever continued by this promise
            // would then be the writer of an epoch that the record does not name.
            effects.note(
                    "arbiter",
                    Rule.R11,
                    "the promise of epoch " + epoch + " is void",
                    "the ensemble was asked for another one meanwhile");
            promiseAsked = Optional.empty();
            return;
        }
        var member = !standing.isOutdated();
        evidence.is(
                new Proof.PeerPromised(
                        rights.record().epoch(),
                        rights.record().gen(),
                        epoch,
                        member,
                        peer
                                + " promised epoch "
                                + epoch
                                + (member ? " and holds every write" : ", but is outdated")));
        var outcome = arbitration.attempt(Change.RESUME);
        promoteIfWon(outcome);
        if (!(outcome instanceof Outcome.NotYet)) {
            // Asking again needs a new answer; an old promise is never used twice.
            evidence.used();
        }
    }

    /** R27: not promised; whoever holds the higher epoch leads. */
    void promiseRefused(Epoch epoch, Epoch higher, String sentence) {
        effects.note(
                "arbiter",
                Rule.R27,
                peer + " refuses to promise epoch " + epoch,
                sentence + " (it promised " + higher + ")");
        rights.save(rights.state().withPromised(higher));
        if (!epoch.isAfter(higher)) {
            promiseAsked = Optional.empty();
        }
    }

    /** What was asked in a session is answered in it, or never. */
    void sessionEnded() {
        promiseAsked = Optional.empty();
    }

    /** R17: may be prepared for, and grants nothing. */
    void handOverComing(Epoch epoch) {
        if (lifecycle.isIdle() && epoch.equals(rights.record().epoch())) {
            promotion.prepare();
        }
    }

    /**
     * R17, on the new one: void unless the record is still the one that it names, and unless this
     * node may still become its primary.
     */
    void handedOver(Epoch epoch, Generation gen, Position position) {
        var record = rights.record();
        var names = epoch.equals(record.epoch()) && gen.equals(record.gen());
        var sameArbiter = session.hello().filter(hello -> hello.arbiter() == mode).isPresent();
        if (!names
                || !sameArbiter
                || !lifecycle.isIdle()
                || health.isDiskFailed()
                || lifecycle.isShuttingDown()) {
            effects.note(
                    "record",
                    Rule.R17,
                    "the hand-over of epoch " + epoch + " is void",
                    sameArbiter
                            ? "the record is " + record.describe()
                            : peer + " is configured for another arbiter (R12)");
            return;
        }
        if (rights.state().standing().isOutdated()) {
            // R6: its word that it is outdated at this very record has crossed the hand-over, and
            // the peer may go on by it (ADR 0024). The hand-over says the same of the peer, so now
            // both are, and only a meeting can tell who leads (R16, R28).
            effects.note(
                    "record",
                    Rule.R17,
                    "the hand-over of epoch " + epoch + " is void",
                    me + " has marked itself outdated",
                    peer + " is outdated, too: both meet");
            evidence.peerOutdated(
                    Rule.R28, peer + " handed over to " + me + ", which was outdated, too");
            return;
        }
        effects.note(
                "record",
                Rule.R17,
                peer + " hands over",
                "drained at sequence " + position.seq(),
                "demoted and outdated, durably");
        evidence.peerOutdated(Rule.R17, peer + " handed over at sequence " + position.seq());
        promoteIfWon(arbitration.attempt(Change.TAKE_OVER));
    }

    void deadlines(Deadlines deadlines) {
        if (lifecycle.isIdle()) {
            deadlines.ifComing(listenUntilNanos);
        }
    }
}
