package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.controller.CommandAnswers.Origin;
import io.leasehold.heartbeat.fencing.FencingSequence;
import io.leasehold.heartbeat.lease.ServingLease;
import io.leasehold.heartbeat.membership.Membership;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;

/**
 * Decides for one node: who leads, who is fenced, what runs, what is said to the peer. Pure: the
 * same events at the same times give the same effects.
 *
 * <p>Every step has three parts: take in the event; then look at the whole situation and do what it
 * demands, again and again until nothing is left to do ({@link Duties}); then say what changed
 * ({@link Publication}). What is done depends on how things are and not on which event came last.
 *
 * <p>This class is the door and the switchboard: it decides nothing itself. {@link Phase} draws the
 * states of a node, the front page of the package says which part decides what. Rights come only
 * from the {@link Arbiter}; silence only starts procedures (R37).
 *
 * <p>Not safe for use by several threads: one owner calls it.
 */
public final class Controller {

    private static final int QUIET_BEATS = 3;

    private final NodeName me;
    private final NodeName peer;
    private final BootId bootId;
    private final ArbitrationMode mode;
    private final boolean stateFound;
    private final boolean poweredOn;

    private final StepTime time;
    private final Effects effects = new Effects();
    private final Lifecycle lifecycle = new Lifecycle();
    private final Rights rights;
    private final PeerSession session;
    private final PeerWatch watch;
    private final NodeHealth health;
    private final CommandAnswers answers;
    private final PlannedMove move;
    private final Evidence evidence;
    private final PeerFencing fencing;
    private final ServiceGate gate;
    private final Witness witness;
    private final InSyncSet inSync;
    private final Publication publication;
    private final Ending ending;
    private final Departure departure;
    private final Service service;
    private final Promotion promotion;
    private final Follower follower;
    private final Candidacy candidacy;
    private final Leadership leadership;
    private final Overview overview;
    private final Duties duties;
    private final OperatorCommands operator;

    /**
     * @param arbiter of {@code config.mode()}
     * @param bootId of this power-on
     * @param incarnation number of this process within the power-on; grows with each start
     * @param stored what the last process wrote; empty if there is no state file
     * @param wallClock read now
     */
    public Controller(
            ClusterConfiguration config,
            Arbiter arbiter,
            BootId bootId,
            long incarnation,
            Optional<DurableState> stored,
            WallClock wallClock) {
        if (arbiter.mode() != config.mode()) {
            throw new IllegalArgumentException(
                    "arbiter " + arbiter.mode() + " for a pair of mode " + config.mode());
        }
        this.me = config.me();
        this.peer = config.peer();
        this.bootId = bootId;
        this.mode = config.mode();
        var startedNanos = wallClock.nanos();
        stateFound = stored.isPresent();
        var state = stored.orElseGet(() -> DurableState.fresh(config.mode(), me, bootId));
        poweredOn = stored.isEmpty() || !state.bootId().equals(bootId);
        var timing = config.timing();
        var membership = new Membership(startedNanos, timing, config.links(), poweredOn);
        var sequence = new FencingSequence(config.fencing(), QUIET_BEATS * timing.keepaliveNanos());
        var resources = new ResourceManager(config.resources());
        var alarms = new Alarms();

        // Each part is given the parts that it uses, and only those; none is used before it stands.
        time = new StepTime(wallClock);
        rights = new Rights(effects, state);
        session = new PeerSession(effects);
        watch = new PeerWatch(peer, membership, rights, session, time, effects);
        health = new NodeHealth(config, alarms, effects);
        answers = new CommandAnswers(peer, session, time, effects);
        move = new PlannedMove(me, peer, 3 * config.handOverLimitNanos(), answers, time, effects);
        evidence = new Evidence(peer, rights, alarms, effects);
        gate =
                new ServiceGate(
                        config,
                        new ServingLease(config.lease()),
                        resources,
                        lifecycle,
                        rights,
                        session,
                        time,
                        effects);
        fencing =
                new PeerFencing(
                        config, sequence, rights, watch, health, evidence, answers, alarms, time,
                        effects);
        witness =
                new Witness(
                        config, arbiter, rights, lifecycle, evidence, session, gate, alarms, time,
                        effects);
        var arbitration =
                new Arbitration(
                        arbiter, witness, peer, rights, evidence, fencing, alarms, time, effects);
        inSync =
                new InSyncSet(
                        config,
                        rights,
                        lifecycle,
                        evidence,
                        arbitration,
                        watch,
                        session,
                        gate,
                        time,
                        effects);
        publication =
                new Publication(
                        new Publication.Identity(me, bootId, incarnation, config.mode()),
                        lifecycle,
                        rights,
                        watch,
                        session,
                        health,
                        resources,
                        gate,
                        inSync,
                        effects);
        ending = new Ending(me, lifecycle, move, publication, effects);
        var selfFencing = new SelfFencing(me, lifecycle, gate, effects);
        departure =
                new Departure(
                        config,
                        lifecycle,
                        rights,
                        evidence,
                        session,
                        watch,
                        gate,
                        move,
                        selfFencing,
                        ending,
                        alarms,
                        time,
                        effects);
        service =
                new Service(
                        me,
                        resources,
                        lifecycle,
                        rights,
                        session,
                        gate,
                        departure,
                        selfFencing,
                        time,
                        effects);
        promotion =
                new Promotion(
                        config, lifecycle, rights, session, move, gate, alarms, time, effects);
        follower =
                new Follower(
                        config, lifecycle, rights, watch, session, health, fencing, witness,
                        service, promotion, move, ending, alarms, time, effects);
        candidacy =
                new Candidacy(
                        config,
                        startedNanos + (poweredOn ? timing.warnNanos() : 0),
                        lifecycle,
                        rights,
                        evidence,
                        arbitration,
                        watch,
                        session,
                        health,
                        publication,
                        service,
                        promotion,
                        follower,
                        alarms,
                        time,
                        effects);
        overview =
                new Overview(
                        config,
                        rights,
                        publication,
                        watch,
                        session,
                        health,
                        service,
                        gate,
                        fencing,
                        inSync,
                        arbitration,
                        witness,
                        alarms,
                        time);
        leadership =
                new Leadership(
                        config, lifecycle, rights, evidence, inSync, watch, health, gate, service,
                        departure, overview);
        duties =
                new Duties(
                        me,
                        lifecycle,
                        rights,
                        watch,
                        fencing,
                        inSync,
                        witness,
                        service,
                        gate,
                        promotion,
                        follower,
                        candidacy,
                        leadership,
                        departure,
                        move,
                        answers,
                        ending,
                        time,
                        effects);
        var forced =
                new ForcedPromotion(
                        config,
                        lifecycle,
                        rights,
                        evidence,
                        arbitration,
                        watch,
                        session,
                        health,
                        publication,
                        service,
                        promotion,
                        effects);
        operator =
                new OperatorCommands(
                        config,
                        lifecycle,
                        rights,
                        watch,
                        session,
                        health,
                        evidence,
                        fencing,
                        arbitration,
                        forced,
                        service,
                        departure,
                        move,
                        duties,
                        overview,
                        answers,
                        time,
                        effects);
    }

    /**
     * Takes in one event.
     *
     * @return what is to be done, in this order
     * @throws IllegalStateException when an invariant of ours is broken: the process must end, for
     *     a peer fences a node that stopped, but not one that goes on with nonsense
     */
    public List<Effect> step(long nowNanos, Event event) {
        time.is(nowNanos);
        effects.clear();
        if (lifecycle.isEnded()) {
            return List.of();
        }
        take(event);
        if (health.volume().isPresent()) {
            duties.settle();
        }
        publication.publish();
        return effects.inOrder();
    }

    /** When {@link Event.Tick} is due at the latest. */
    public OptionalLong nextDeadlineNanos() {
        if (health.volume().isEmpty() || lifecycle.isEnded()) {
            return OptionalLong.empty();
        }
        var deadlines = new Deadlines(time.nowNanos());
        deadlines.at(watch.nextDeadlineNanos());
        deadlines.at(fencing.nextDeadlineNanos());
        deadlines.at(service.nextDeadlineNanos());
        witness.deadlines(deadlines);
        inSync.deadlines(deadlines);
        promotion.deadlines(deadlines);
        gate.deadlines(deadlines);
        departure.deadlines(deadlines);
        follower.deadlines(deadlines);
        candidacy.deadlines(deadlines);
        answers.deadlines(deadlines);
        move.deadlines(deadlines);
        duties.deadlines(deadlines);
        return deadlines.earliest();
    }

    /** What a person must look at now; the {@link View} has it, too. */
    public List<String> alarms() {
        return overview.alarms();
    }

    /**
     * In which state each of this node's machines is, by the names in their drawings; for whoever
     * counts which of the drawn transitions were taken.
     */
    public SequencedMap<String, String> stages() {
        var stages = new LinkedHashMap<String, String>();
        stages.put("phase", lifecycle.phase().name());
        stages.put("peer", watch.state().name());
        for (var link : watch.links(time.nowNanos())) {
            stages.put("link " + link.name(), link.state().name());
        }
        stages.put("fencing", fencing.phase().name());
        for (var resource : service.status()) {
            stages.put("resource " + resource.name(), resource.state().name());
        }
        stages.put("gate", gate.stage().name());
        stages.put("ensemble", witness.stage().name());
        stages.put("record", share());
        stages.put("copy", rights.state().standing().name());
        return stages;
    }

    /** What the record gives this node. */
    private String share() {
        var record = rights.record();
        if (record.primary().isEmpty()) {
            return "nobody";
        }
        if (record.isPrimary(me)) {
            return record.isSole(me) ? "leads-alone" : "leads-both";
        }
        return record.isInSync(me) ? "follows-in-sync" : "follows-out-of-sync";
    }

    /** How things are at {@code nowNanos}; changes nothing. */
    public View view(long nowNanos) {
        return overview.view(nowNanos);
    }

    // ---------------------------------------------------------------- events

    private void take(Event event) {
        switch (event) {
            case Event.Started started -> start(started);
            case Event.Tick() -> {}
            case Event.BeatReceived beat -> beat(beat);
            case Event.Listened(var until, var stoodStill) -> watch.listened(until, stoodStill);
            case Event.LinkCarrier(var link, var up) -> watch.carrier(link, up);
            case Event.InterfaceChanged(var name, var up) -> health.interfaceChanged(name, up);
            case Event.SessionOpened(var id, var relation) -> sessionOpened(id, relation);
            case Event.SessionClosed(var id, var reason) -> {
                if (session.is(id)) {
                    sessionClosed(id, reason);
                }
            }
            case Event.PeerMessage(var id, var message) -> {
                // R2, H13: a message of an older session changes nothing.
                if (session.is(id)) {
                    fencing.peerHeard();
                    watch.replicationHeard();
                    message(message);
                }
            }
            case Event.ReplicationHeard(var id) -> {
                if (session.is(id)) {
                    watch.replicationHeard();
                }
            }
            case Event.VolumeReport(var status) -> {
                health.volumeReported(status);
                if (status.promised().isAfter(rights.state().promised())) {
                    rights.save(rights.state().withPromised(status.promised()));
                }
                if (!status.writesWaiting()) {
                    inSync.writesFlow();
                }
            }
            case Event.ShrinkWanted(var reason) -> inSync.writesFrozen(reason);
            case Event.GrowWanted(var id, var seq) -> {
                if (session.is(id)) {
                    inSync.peerEqual(seq);
                }
            }
            case Event.VolumeFailed(var reason) -> {
                if (health.diskFailed(reason)) {
                    follower.diskFailed();
                }
            }
            case Event.VolumePromoted(var epoch) -> promotion.promoted(epoch);
            case Event.VolumePromotionFailed(var epoch, var reason) ->
                    promotion.failed(epoch, reason);
            case Event.VolumeDrained(var position) -> departure.drained(position);
            case Event.VolumeDrainFailed(var reason) -> departure.drainFailed(reason);
            case Event.VolumeDemoted() -> departure.demoted();
            case Event.VolumeDemotionFailed(var reason) -> departure.demotionFailed(reason);
            case Event.ResourceStarted(var action, var name) -> service.started(action, name);
            case Event.ResourceStartFailed(var action, var name, var reason) ->
                    service.startFailed(action, name, reason);
            case Event.ResourceStartUnanswered(var action, var name, var silence) ->
                    service.startUnanswered(action, name, silence);
            case Event.ResourceStopped(var action, var name) -> service.stopped(action, name);
            case Event.ResourceStopFailed(var action, var name, var reason) ->
                    service.stopFailed(action, name, reason);
            case Event.MonitorResult(var action, var name, var healthNow) ->
                    service.monitored(action, name, healthNow);
            case Event.ResourceFailed(var name, var reason) -> service.failed(name, reason);
            case Event.FenceResult(var request, var outcome) -> {
                if (fencing.result(request, outcome)) {
                    duties.peerProvenOff();
                }
            }
            case Event.EnsembleHeard(var heard) -> witness.heard(heard);
            case Event.CommandReceived(var id, var command) ->
                    operator.obey(new Origin.Local(id), command);
            case Event.ShutdownRequested(var reason) -> {
                if (!lifecycle.isShuttingDown()) {
                    effects.note("operator", Rule.POLICY, me + " is asked to shut down", reason);
                    lifecycle.requestShutdown(reason);
                }
            }
            case Event.ClockGap(var gapNanos, var clock) -> stoodStill(gapNanos, clock);
            case Event.KeeperLost(var reason) -> {
                effects.note(
                        "lease", Rule.R38, "the keeper is gone: " + me + " stops at once", reason);
                gate.close();
                ending.end("keeper lost: " + reason);
            }
        }
    }

    private void start(Event.Started started) {
        health.volumeReported(started.volume());
        var stored = rights.state();
        rights.save(
                asFound(stored, started.volume())
                        // The volume keeps promises, too: what a lost state had promised is not
                        // taken back (R2).
                        .withPromised(started.volume().promised())
                        .withBoot(bootId, Optional.of(started.volume().deviceId())));
        service.recover(started.running(), stored.failureCounts(), !stored.maintenance().on());
    }

    /**
     * What the stored rights are worth after a power-on, a restart or a new disk (R18, R19, R30).
     */
    private DurableState asFound(DurableState stored, VolumeStatus volume) {
        var next = stored;
        if (!stateFound && !volume.empty()) {
            effects.note(
                    "record",
                    Rule.R18,
                    "the state of rights is lost: this copy counts as outdated",
                    "a volume with data, but no state file");
            next = next.withStanding(Standing.OUTDATED);
        }
        if (stateFound && poweredOn) {
            // One write: the new boot id is never on disk beside the old standing (R18, H8).
            if (next.standing() == Standing.UP_TO_DATE) {
                next = next.withStanding(Standing.CONSISTENT);
            }
            effects.note(
                    "record",
                    Rule.R18,
                    "powered on: this copy is " + next.standing() + " until " + peer + " was met",
                    "boot id " + bootId + ", last run in " + stored.bootId());
        } else if (stateFound) {
            effects.note(
                    "record",
                    Rule.R19,
                    "the daemon was restarted: this copy stays " + next.standing(),
                    "same boot id");
        }
        var record = next.record();
        if (record.primary().isPresent() && record.mode() != mode) {
            effects.note(
                    "record",
                    Rule.R12,
                    "the record belongs to arbiter "
                            + record.mode()
                            + ": "
                            + mode
                            + " decides nothing before both nodes met under it",
                    "the configuration names another arbiter");
        }
        var device = volume.deviceId();
        if (next.deviceId().filter(known -> !known.equals(device)).isPresent()) {
            effects.note(
                    "record",
                    Rule.R30,
                    "the disk was replaced: this copy is inconsistent until it was resynced",
                    "device " + device + ", rights belong to " + next.deviceId().get());
            next = next.withoutPermit().withWasPrimary(false).withStanding(Standing.INCONSISTENT);
        }
        return next;
    }

    private void beat(Event.BeatReceived beat) {
        var said = beat.announcement();
        if (!said.node().equals(peer)) {
            return;
        }
        var changes = watch.beat(beat);
        fencing.beat();
        if (!watch.isHung()) {
            fencing.peerHeard();
        }
        evidence.heard(said.bootId());
        watch.report(changes);
        operator.heard(said.maintenance());
        if (lifecycle.isWriter()) {
            leadership.heard(said);
        } else {
            follower.heard(said);
        }
    }

    private void sessionOpened(long id, Relation relation) {
        session.opened(id, relation);
        inSync.sessionEnded();
        candidacy.sessionEnded();
        evidence.sessionEnded();
        fencing.peerHeard();
        fencing.cancel();
        effects.note(
                "record",
                Rule.R2,
                "replication session " + id + " is open",
                "relation " + relation);
    }

    private void sessionClosed(long id, String reason) {
        session.closed(time.nowNanos(), reason);
        inSync.sessionEnded();
        candidacy.sessionEnded();
        evidence.sessionEnded();
        effects.note("record", Rule.R2, "replication session " + id + " is closed", reason);
        departure.sessionClosed(reason);
        follower.sessionClosed();
    }

    private void message(ClusterMessage message) {
        switch (message) {
            case Hello hello -> {
                if (hello.node().equals(peer)) {
                    session.heard(hello);
                    if (lifecycle.isWriter()) {
                        leadership.heard(hello);
                    }
                }
            }
            case ClusterMessage.Outdated(var epoch, var gen, var reason) ->
                    inSync.peerOutdated(epoch, gen, reason);
            case ClusterMessage.OutdatedNoted _ -> follower.outdatedNoted();
            case ClusterMessage.PromiseRequest request -> follower.promiseAsked(request);
            case ClusterMessage.Promised(var epoch, var standing) ->
                    candidacy.promised(epoch, standing);
            case ClusterMessage.PromiseRefused(var epoch, var higher, var sentence) ->
                    candidacy.promiseRefused(epoch, higher, sentence);
            case ClusterMessage.Grow grow -> follower.letIn(grow);
            case ClusterMessage.GrowAccepted(var epoch, var gen) ->
                    effects.note(
                            "record",
                            Rule.R10,
                            peer + " is up to date",
                            "it stored epoch " + epoch + ", generation " + gen);
            case ClusterMessage.HandOverComing(var epoch) -> candidacy.handOverComing(epoch);
            case ClusterMessage.HandOverCancelled _ -> promotion.unprepared();
            case ClusterMessage.HandOver(var epoch, var gen, var position) ->
                    candidacy.handedOver(epoch, gen, position);
            case ClusterMessage.HandOverTaken(var epoch) ->
                    effects.note(
                            "record",
                            Rule.R17,
                            peer + " took the hand-over",
                            "it won epoch " + epoch);
            case ClusterMessage.ServiceStarted(var epoch) -> move.peerServes(epoch);
            case ClusterMessage.ServiceFailed(var epoch, var reason) ->
                    move.peerCannotServe(epoch, reason);
            case ClusterMessage.ConfirmRequest(var epoch, var nonce) ->
                    follower.confirm(epoch, nonce);
            case ClusterMessage.Confirmed(var epoch, var nonce) -> gate.peerConfirmed(epoch, nonce);
            case ClusterMessage.ForcedEpochs(var epochs) ->
                    rights.save(rights.state().withForced(epochs));
            case ClusterMessage.CommandForwarded(var number, var command) ->
                    operator.obey(new Origin.Remote(number), command);
            case ClusterMessage.CommandAnswered(var number, var result) ->
                    answers.answered(number, result);
        }
    }

    /** Nothing that was believed before a standstill of this process counts (DESIGN.md, 4). */
    private void stoodStill(long gapNanos, WallClock clock) {
        time.is(clock);
        effects.note(
                "lease",
                Rule.PAUSE,
                "this process stood still for " + gapNanos / 1_000_000 + " ms",
                "the gate is shut, and what was believed about " + peer + " is forgotten");
        gate.stoodStill();
        fencing.cancel();
        evidence.stoodStill();
        watch.forget();
    }
}
