package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.controller.ClusterMessage.OutdatedReason;
import io.leasehold.heartbeat.controller.Phase.Purpose;
import io.leasehold.heartbeat.controller.Phase.Stage;
import io.leasehold.heartbeat.fencing.FencingSequence;
import io.leasehold.heartbeat.lease.ServingLease;
import io.leasehold.heartbeat.membership.Membership;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Decision;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.Maintenance;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standby;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceManager;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Decides for one node: who leads, who is fenced, what runs, what is said to the peer. Pure: the
 * same events at the same times give the same effects.
 *
 * <p>Every step has three parts: take in the event; then look at the whole situation and do what it
 * demands, again and again until nothing is left to do ({@code settle}); then say what changed
 * (beat, hello, role). What is done depends on how things are and not on which event came last, so
 * that no order of events leaves the pair waiting for something that has happened already.
 *
 * <p>{@link Phase} draws the states of a node. Rights come only from the {@link Arbiter}; silence
 * only starts procedures (R37).
 *
 * <p>Not safe for use by several threads: one owner calls it.
 */
public final class Controller {

    /** How long a refused or failed automatic move is not tried again. */
    static final long MOVE_PAUSE_NANOS = 10_000_000_000L;

    /** How long a forwarded command waits for the other node's answer. */
    static final long FORWARD_LIMIT_NANOS = 60_000_000_000L;

    /** Pause between two tries of a volume that does not promote. */
    static final long PROMOTION_PAUSE_NANOS = 1_000_000_000L;

    /** Commands that may wait for an answer at one time; more are refused. */
    static final int WAITING_MAX = 64;

    /**
     * Rounds of one step; more means that two duties undo each other, which is an error of ours.
     */
    private static final int ROUNDS_MAX = 64;

    private static final int QUIET_BEATS = 3;
    private static final int ALARMS_MAX = 16;

    private final ClusterConfiguration config;
    private final Arbiter arbiter;
    private final NodeName me;
    private final NodeName peer;
    private final BootId bootId;
    private final long incarnation;
    private final boolean poweredOn;
    private final boolean stateFound;
    private final long startedNanos;
    private final Membership membership;
    private final FencingSequence fencing;
    private final ServingLease lease;
    private final ResourceManager resources;

    private WallClock wallClock;
    private DurableState state;
    private Phase phase = new Phase.Idle();
    private Optional<VolumeStatus> volume = Optional.empty();
    private boolean volumeFailed;
    private Set<String> downInterfaces = new TreeSet<>();

    // The peer, as far as it said.
    private Optional<Announcement> peerSaid = Optional.empty();
    private OptionalLong session = OptionalLong.empty();
    private Relation relation = Relation.EQUAL;
    private Optional<Hello> peerHello = Optional.empty();

    // What was said in this session; a new session starts from nothing.
    private final Set<ClusterMessage> saidOnce = new HashSet<>();
    private Optional<Hello> helloSent = Optional.empty();

    private Optional<Proof> proof = Optional.empty();
    private boolean shrinkWanted;
    private OptionalLong leaveAskedUntilNanos = OptionalLong.empty();
    private OptionalLong growSeq = OptionalLong.empty();
    private boolean fencePursued;
    private boolean prepared;
    private final Set<String> noted = new HashSet<>();

    private OptionalLong gateUntilNanos = OptionalLong.empty();
    private boolean confirmationNeeded;
    private long confirmNonce;
    private long confirmSentNanos;

    private Optional<String> shutdown = Optional.empty();
    private boolean shutdownMoveTried;
    private long noMoveBeforeNanos;
    private OptionalLong promoteAgainNanos = OptionalLong.empty();
    private Optional<Move> move = Optional.empty();
    private Position handOverPosition = Position.EMPTY;
    private final Map<Long, Forwarded> forwarded = new LinkedHashMap<>();
    private long nextForward = 1;
    private final List<Origin> fenceAsked = new ArrayList<>();
    private long lastWinNanos;
    private String lastWin = "";
    private final Map<String, String> alarms = new LinkedHashMap<>();

    private Optional<Announcement> published = Optional.empty();
    private Optional<Effect.NotifiedRole> notified = Optional.empty();

    // Of the step under way.
    private long now;
    private final List<Effect> effects = new ArrayList<>();

    /** Who waits for an answer. */
    private sealed interface Origin {
        record Local(CommandId id) implements Origin {}

        record Remote(long requestNumber) implements Origin {}
    }

    private record Forwarded(CommandId id, long deadlineNanos) {}

    /**
     * A hand-over that somebody waits for.
     *
     * @param standbySet it was wanted by a standby, which ends if the hand-over is given up
     */
    private record Move(List<Origin> origins, long deadlineNanos, boolean standbySet) {}

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
        this.config = config;
        this.arbiter = arbiter;
        this.me = config.me();
        this.peer = config.peer();
        this.incarnation = incarnation;
        this.wallClock = wallClock;
        this.startedNanos = wallClock.nanos();
        this.stateFound = stored.isPresent();
        this.state = stored.orElseGet(() -> DurableState.fresh(config.mode(), me, bootId));
        this.poweredOn = stored.isEmpty() || !state.bootId().equals(bootId);
        this.now = startedNanos;
        this.membership = new Membership(startedNanos, config.timing(), config.links(), poweredOn);
        this.fencing =
                new FencingSequence(
                        config.fencing(), QUIET_BEATS * config.timing().keepaliveNanos());
        this.lease = new ServingLease(config.lease());
        this.resources = new ResourceManager(config.resources());
        this.bootId = bootId;
    }

    /**
     * Takes in one event.
     *
     * @return what is to be done, in this order
     * @throws IllegalStateException when an invariant of ours is broken: the process must end, for
     *     a peer fences a node that stopped, but not one that goes on with nonsense
     */
    public List<Effect> step(long nowNanos, Event event) {
        now = nowNanos;
        effects.clear();
        if (phase instanceof Phase.Ended) {
            return List.of();
        }
        take(event);
        settle();
        publish();
        return List.copyOf(effects);
    }

    /** When {@link Event.Tick} is due at the latest. */
    public OptionalLong nextDeadlineNanos() {
        if (volume.isEmpty() || phase instanceof Phase.Ended) {
            return OptionalLong.empty();
        }
        var next = OptionalLong.empty();
        next = earlier(next, membership.nextDeadlineNanos(now));
        next = earlier(next, fencing.nextDeadlineNanos());
        next = earlier(next, resources.nextDeadlineNanos());
        if (leaveAskedUntilNanos.isPresent()) {
            next = later(next, leaveAskedUntilNanos.getAsLong());
        }
        next = earlier(next, promoteAgainNanos);
        if (gateUntilNanos.isPresent()) {
            next = earlier(next, gateUntilNanos);
            if (state.holdsPermit()) {
                next = later(next, gateUntilNanos.getAsLong() - lease.renewalNanos());
            }
        }
        switch (phase) {
            case Phase.Departing departing -> next = later(next, departing.deadlineNanos());
            case Phase.Leaving leaving -> next = later(next, leaving.deadlineNanos());
            case Phase.Idle() -> next = later(next, listenUntilNanos());
            case Phase.Leading _ -> next = later(next, noMoveBeforeNanos);
            case Phase.Promoting _, Phase.Ended _ -> {}
        }
        for (var waiting : forwarded.values()) {
            next = later(next, waiting.deadlineNanos());
        }
        if (move.isPresent()) {
            next = later(next, move.get().deadlineNanos());
        }
        var standby = state.standby();
        if (standby.isPresent() && standby.get().untilEpochMillis().isPresent()) {
            next = later(next, wallClock.nanosAt(standby.get().untilEpochMillis().getAsLong()));
        }
        return next;
    }

    // ---------------------------------------------------------------- events

    private void take(Event event) {
        switch (event) {
            case Event.Started started -> start(started);
            case Event.Tick() -> {}
            case Event.BeatReceived beat -> beat(beat);
            case Event.LinkCarrier(var link, var up) ->
                    membershipChanged(membership.carrier(now, link, up));
            case Event.InterfaceChanged(var name, var up) -> interfaceChanged(name, up);
            case Event.SessionOpened(var id, var found) -> sessionOpened(id, found);
            case Event.SessionClosed(var id, var reason) -> sessionClosed(id, reason);
            case Event.PeerMessage(var id, var message) -> {
                // R2, H13: a message of an older session changes nothing.
                if (isSession(id)) {
                    heardAlive();
                    membershipChanged(membership.replicationHeard(now));
                    message(message);
                }
            }
            case Event.ReplicationHeard(var id) -> {
                if (isSession(id)) {
                    membershipChanged(membership.replicationHeard(now));
                }
            }
            case Event.VolumeReport(var status) -> {
                volume = Optional.of(status);
                if (!status.writesWaiting()) {
                    shrinkWanted = false;
                }
            }
            case Event.ShrinkWanted(var reason) -> {
                if (!shrinkWanted && isWriter()) {
                    note(
                            "record",
                            Rule.R4,
                            "writes are frozen until "
                                    + peer
                                    + " acknowledges or the record changes",
                            reason);
                }
                shrinkWanted = true;
            }
            case Event.GrowWanted(var id, var seq) -> {
                if (isSession(id)) {
                    growSeq = OptionalLong.of(seq);
                }
            }
            case Event.VolumeFailed(var reason) -> volumeFailed(reason);
            case Event.VolumePromoted(var epoch) -> promoted(epoch);
            case Event.VolumePromotionFailed(var epoch, var reason) ->
                    promotionFailed(epoch, reason);
            case Event.VolumeDrained(var position) -> drained(position);
            case Event.VolumeDrainFailed(var reason) -> {
                if (phase instanceof Phase.Departing departing
                        && departing.stage() == Stage.DRAINING) {
                    giveUpHandOver("the last writes could not be drained: " + reason);
                }
            }
            case Event.VolumeDemoted() -> demoted();
            case Event.VolumeDemotionFailed(var reason) -> {
                if (phase instanceof Phase.Departing) {
                    selfFence(Rule.R38, "the volume does not demote: " + reason);
                }
            }
            case Event.ResourceStarted(var action, var name) ->
                    resourceSteps(resources.started(now, action, name));
            case Event.ResourceStartFailed(var action, var name, var reason) ->
                    resourceSteps(resources.startFailed(now, action, name, reason));
            case Event.ResourceStopped(var action, var name) ->
                    resourceSteps(resources.stopped(now, action, name));
            case Event.ResourceStopFailed(var action, var name, var reason) ->
                    resourceSteps(resources.stopFailed(now, action, name, reason));
            case Event.MonitorResult(var action, var name, var health) ->
                    resourceSteps(resources.monitored(now, action, name, health));
            case Event.ResourceFailed(var name, var reason) ->
                    resourceSteps(resources.failed(now, name, reason));
            case Event.FenceResult(var request, var outcome) ->
                    fencingSteps(fencing.result(now, request, outcome));
            case Event.CommandReceived(var id, var command) ->
                    command(new Origin.Local(id), command);
            case Event.ShutdownRequested(var reason) -> {
                if (shutdown.isEmpty()) {
                    note("operator", Rule.POLICY, me + " is asked to shut down", reason);
                    shutdown = Optional.of(reason);
                }
            }
            case Event.ClockGap(var gapNanos, var clock) -> clockGap(gapNanos, clock);
            case Event.KeeperLost(var reason) -> {
                note("lease", Rule.R38, "the keeper is gone: " + me + " stops at once", reason);
                closeGate();
                end("keeper lost: " + reason);
            }
        }
    }

    private void start(Event.Started started) {
        volume = Optional.of(started.volume());
        var next = state;
        if (!stateFound && !started.volume().empty()) {
            note(
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
            note(
                    "record",
                    Rule.R18,
                    "powered on: this copy is " + next.standing() + " until " + peer + " was met",
                    "boot id " + bootId + ", last run in " + state.bootId());
        } else if (stateFound) {
            note(
                    "record",
                    Rule.R19,
                    "the daemon was restarted: this copy stays " + next.standing(),
                    "same boot id");
        }
        var device = started.volume().deviceId();
        if (next.deviceId().filter(known -> !known.equals(device)).isPresent()) {
            note(
                    "record",
                    Rule.R30,
                    "the disk was replaced: this copy is inconsistent until it was resynced",
                    "device " + device + ", rights belong to " + next.deviceId().get());
            next = next.withoutPermit().withWasPrimary(false).withStanding(Standing.INCONSISTENT);
        }
        save(next.withBoot(bootId, Optional.of(device)));
        resources.recover(now, started.running(), state.failureCounts());
        resources.monitor(now, !state.maintenance().on());
        if (started.running().isEmpty()) {
            effects.add(new Effect.CloseGate());
            resources.gateShut();
        }
    }

    private void beat(Event.BeatReceived beat) {
        var said = beat.announcement();
        if (!said.node().equals(peer)) {
            return;
        }
        var bootBefore = membership.bootId();
        peerSaid = Optional.of(said);
        var changes =
                membership.beat(
                        now,
                        beat.link(),
                        said.bootId(),
                        beat.daemonProgressAgeNanos(),
                        beat.roundTripNanos());
        if (bootBefore.filter(boot -> !boot.equals(said.bootId())).isPresent()) {
            note("membership", Rule.R18, peer + " was powered on again", "new boot id");
        }
        fencingSteps(fencing.beat(now));
        if (!membership.isHung()) {
            heardAlive();
        }
        membershipChanged(changes);
        if (said.maintenance().version() > state.maintenance().version()) {
            maintenance(said.maintenance());
        }
        var sameRecord =
                said.epoch().equals(state.record().epoch())
                        && said.gen().equals(state.record().gen());
        if (isWriter()) {
            if (said.epoch().equals(state.record().epoch())
                    && !confirmationNeeded
                    && !membership.isHung()) {
                lease.confirm(now);
            }
            // "Outdated at my own epoch and generation" stays true until I grow it again, so it
            // is a proof whenever it is heard, in whatever order (ADR 0024).
            if (sameRecord
                    && state.record().isInSync(peer)
                    && isOutdated(said.standing())
                    && !said.serving()) {
                peerOutdated(Rule.R16, peer + " is outdated, by its own word");
            }
            if (said.role() == Role.PRIMARY && said.epoch().isAfter(state.record().epoch())) {
                deposed(said.epoch());
            }
        } else if (phase instanceof Phase.Idle
                && sameRecord
                && said.leaveWanted()
                && resources.isAllStopped()
                && state.record().isPrimary(peer)
                && !isOutdated(state.standing())) {
            note(
                    "record",
                    Rule.R16,
                    me + " marks itself outdated, so that it need not be fenced",
                    peer + " gets no acknowledgements and asks for it");
            save(state.withStanding(Standing.OUTDATED));
        }
    }

    /** The peer's daemon is alive: what was believed about its death is void (R19, R34). */
    private void heardAlive() {
        if (fencing.phase() != FencingSequence.Phase.IDLE) {
            fencing.heard();
            if (fencing.phase() == FencingSequence.Phase.IDLE) {
                note(
                        "fencing",
                        Rule.R34,
                        "the request to fence " + peer + " is void, and so is its answer",
                        peer + " was heard after the request");
                alarms.remove("fencing");
            }
        }
        if (proof.filter(Controller::isPowerOff).isPresent()) {
            proof = Optional.empty();
            note(
                    "fencing",
                    Rule.R34,
                    "the proof that " + peer + " is off is void",
                    peer + " was heard after it");
        }
    }

    private static boolean isPowerOff(Proof given) {
        return switch (given) {
            case Proof.PowerReadOff _, Proof.PowerAssertedOff _ -> true;
            case Proof.PeerOutdated _, Proof.PeerPromised _ -> false;
        };
    }

    private void membershipChanged(List<Membership.Change> changes) {
        for (var change : changes) {
            switch (change) {
                case Membership.Change.PeerOnline _ ->
                        note("membership", Rule.R37, peer + " is online", "beats arrive");
                case Membership.Change.PeerSuspect(var reason) ->
                        note("membership", Rule.R37, peer + " is suspect", reason);
                case Membership.Change.PeerLost(var reason) ->
                        note("membership", Rule.R37, peer + " is lost", reason);
                case Membership.Change.LinkChanged(var link, var linkState) ->
                        note("membership", Rule.R37, "link " + link + " is " + linkState, "beats");
            }
        }
    }

    private void interfaceChanged(String name, boolean up) {
        if (!config.trackInterfaces().contains(name)) {
            return;
        }
        var changed = up ? downInterfaces.remove(name) : downInterfaces.add(name);
        if (changed) {
            note(
                    "resource",
                    Rule.POLICY,
                    "tracked interface " + name + (up ? " is up" : " is down"),
                    "carrier");
        }
    }

    private void sessionOpened(long id, Relation found) {
        session = OptionalLong.of(id);
        relation = found;
        forgetSession();
        heardAlive();
        fencing.cancel();
        note("record", Rule.R2, "replication session " + id + " is open", "relation " + found);
    }

    private void sessionClosed(long id, String reason) {
        if (!isSession(id)) {
            return;
        }
        session = OptionalLong.empty();
        forgetSession();
        note("record", Rule.R2, "replication session " + id + " is closed", reason);
        switch (phase) {
            case Phase.Departing departing
                    when departing.purpose() == Purpose.HAND_OVER
                            && departing.stage() != Stage.DEMOTING ->
                    giveUpHandOver("the replication session broke: " + reason);
            case Phase.Leaving _ -> end("left; the primary was not heard any more");
            case Phase.Departing _,
                    Phase.Idle _,
                    Phase.Promoting _,
                    Phase.Leading _,
                    Phase.Ended _ -> {}
        }
    }

    private void forgetSession() {
        peerHello = Optional.empty();
        helloSent = Optional.empty();
        saidOnce.clear();
        growSeq = OptionalLong.empty();
        shrinkWanted = false;
        // A word that was given in a session dies with it; what is true is said again in the next.
        if (proof.filter(given -> !isPowerOff(given)).isPresent()) {
            proof = Optional.empty();
        }
    }

    private boolean isSession(long id) {
        return session.isPresent() && session.getAsLong() == id;
    }

    private void message(ClusterMessage message) {
        switch (message) {
            case Hello hello -> hello(hello);
            case ClusterMessage.Outdated(var epoch, var gen, var reason) ->
                    peerSaysOutdated(epoch, gen, reason);
            case ClusterMessage.OutdatedNoted _ -> {
                if (phase instanceof Phase.Leaving) {
                    end("left; " + peer + " goes on alone");
                }
            }
            case ClusterMessage.PromiseRequest request -> promiseAsked(request);
            case ClusterMessage.Promised(var epoch, var standing) -> promised(epoch, standing);
            case ClusterMessage.PromiseRefused(var epoch, var higher, var sentence) -> {
                note(
                        "arbiter",
                        Rule.R27,
                        peer + " refuses to promise epoch " + epoch,
                        sentence + " (it promised " + higher + ")");
                save(state.withPromised(higher));
            }
            case ClusterMessage.Grow grow -> grow(grow);
            case ClusterMessage.GrowAccepted(var epoch, var gen) ->
                    note(
                            "record",
                            Rule.R10,
                            peer + " is up to date",
                            "it stored epoch " + epoch + ", generation " + gen);
            case ClusterMessage.HandOverComing(var epoch) -> {
                if (phase instanceof Phase.Idle && epoch.equals(state.record().epoch())) {
                    prepare();
                }
            }
            case ClusterMessage.HandOverCancelled _ -> prepared = false;
            case ClusterMessage.HandOver(var epoch, var gen, var position) ->
                    handedOver(epoch, gen, position);
            case ClusterMessage.HandOverTaken(var epoch) ->
                    note("record", Rule.R17, peer + " took the hand-over", "it won epoch " + epoch);
            case ClusterMessage.ServiceStarted(var epoch) ->
                    finishMove(
                            new CommandResult.Done(peer + " serves, epoch " + epoch),
                            peer + " serves since the hand-over");
            case ClusterMessage.ServiceFailed(var epoch, var reason) -> {
                note(
                        "resource",
                        Rule.R17,
                        peer + " could not start the service in epoch " + epoch,
                        reason);
                finishMove(
                        new CommandResult.Failed(
                                peer
                                        + " could not start the service ("
                                        + reason
                                        + "); it hands back as soon as "
                                        + me
                                        + " is in sync again"),
                        "rolling back");
            }
            case ClusterMessage.ConfirmRequest(var epoch, var nonce) -> {
                // Not while a takeover is wanted or under way (R9).
                if (phase instanceof Phase.Idle
                        && epoch.equals(state.promised())
                        && fencing.phase() == FencingSequence.Phase.IDLE) {
                    send(new ClusterMessage.Confirmed(epoch, nonce));
                }
            }
            case ClusterMessage.Confirmed(var epoch, var nonce) -> {
                if (confirmationNeeded
                        && nonce == confirmNonce
                        && epoch.equals(state.record().epoch())) {
                    confirmationNeeded = false;
                    lease.confirm(confirmSentNanos);
                    note(
                            "lease",
                            Rule.PAUSE,
                            "the gate may open again",
                            peer + " confirmed epoch " + epoch + " after the pause");
                }
            }
            case ClusterMessage.CommandForwarded(var number, var command) ->
                    command(new Origin.Remote(number), command);
            case ClusterMessage.CommandAnswered(var number, var result) -> {
                var waiting = forwarded.remove(number);
                if (waiting != null) {
                    effects.add(new Effect.Answer(waiting.id(), result));
                }
            }
        }
    }

    private void hello(Hello hello) {
        if (!hello.node().equals(peer)) {
            return;
        }
        peerHello = Optional.of(hello);
        if (isWriter() && hello.record().epoch().isAfter(state.record().epoch())) {
            deposed(hello.record().epoch());
        }
    }

    /** P1 in the session (R2): names our record, or is void. */
    private void peerSaysOutdated(Epoch epoch, Generation gen, OutdatedReason reason) {
        var names = epoch.equals(state.record().epoch()) && gen.equals(state.record().gen());
        if (!names) {
            note(
                    "record",
                    Rule.R17,
                    "the word of " + peer + " that it is outdated is void",
                    "it names epoch " + epoch + ", generation " + gen);
            return;
        }
        growSeq = OptionalLong.empty();
        peerOutdated(
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
        if (reason == OutdatedReason.LEAVING && isWriter()) {
            settleRecord();
            send(new ClusterMessage.OutdatedNoted(epoch, gen));
        }
    }

    private void peerOutdated(Rule rule, String sentence) {
        if (proof.isEmpty() || !(proof.get() instanceof Proof.PeerOutdated)) {
            proof =
                    Optional.of(
                            new Proof.PeerOutdated(
                                    state.record().epoch(), state.record().gen(), rule, sentence));
        }
    }

    /** R27, on the peer of the restarted primary. */
    private void promiseAsked(ClusterMessage.PromiseRequest request) {
        var refusal =
                !(phase instanceof Phase.Idle)
                        ? Optional.of(me + " is not a secondary")
                        : !request.epoch().isAfter(state.promised())
                                ? Optional.of("a higher epoch was promised")
                                : !resources.isAllStopped()
                                        ? Optional.of("resources still run on " + me)
                                        : Optional.<String>empty();
        if (refusal.isPresent()) {
            send(
                    new ClusterMessage.PromiseRefused(
                            request.epoch(), state.promised(), refusal.get()));
            return;
        }
        var member =
                !isOutdated(state.standing())
                        && state.record().isInSync(me)
                        && state.record().isPrimary(peer)
                        && state.record().epoch().equals(request.from())
                        && !volumeFailed;
        note(
                "record",
                Rule.R27,
                me + " promises epoch " + request.epoch() + " to " + peer,
                peer + "'s daemon was restarted",
                member ? me + " goes on as a member" : me + " is outdated");
        if (member) {
            save(state.withRecord(peersRecord(request.epoch(), request.gen(), Set.of(me, peer))));
        } else {
            save(outdated(state).withPromised(request.epoch()));
        }
        effects.add(new Effect.PromiseEpoch(request.epoch()));
        send(
                new ClusterMessage.Promised(
                        request.epoch(), member ? state.standing() : Standing.OUTDATED));
    }

    private void promised(Epoch epoch, Standing standing) {
        if (!(phase instanceof Phase.Idle) || !epoch.equals(state.promised().next())) {
            return;
        }
        var member = !isOutdated(standing);
        proof =
                Optional.of(
                        new Proof.PeerPromised(
                                state.record().epoch(),
                                state.record().gen(),
                                epoch,
                                member,
                                peer
                                        + " promised epoch "
                                        + epoch
                                        + (member
                                                ? " and holds every write"
                                                : ", but is outdated")));
        attempt(Change.RESUME);
        // Asking again needs a new answer; an old promise is never used twice.
        proof = Optional.empty();
    }

    private void grow(ClusterMessage.Grow grow) {
        var older =
                state.promised().isAfter(grow.epoch())
                        || (grow.epoch().equals(state.record().epoch())
                                && grow.gen().value() < state.record().gen().value());
        if (older || volumeFailed || !(phase instanceof Phase.Idle)) {
            if (!older && session.isPresent()) {
                send(
                        new ClusterMessage.Outdated(
                                grow.epoch(),
                                grow.gen(),
                                volumeFailed
                                        ? OutdatedReason.DISK_FAILED
                                        : OutdatedReason.LEAVING));
            }
            return;
        }
        note(
                "record",
                Rule.R10,
                me + " is in sync and up to date",
                peer + " let it into inSync at sequence " + grow.seq());
        var promise = grow.epoch().isAfter(state.promised());
        save(
                state.withRecord(peersRecord(grow.epoch(), grow.gen(), Set.of(me, peer)))
                        .withoutPermit()
                        .withWasPrimary(false)
                        .withStanding(Standing.UP_TO_DATE));
        if (promise) {
            effects.add(new Effect.PromiseEpoch(grow.epoch()));
        }
        send(new ClusterMessage.GrowAccepted(grow.epoch(), grow.gen()));
    }

    /** R17, on the new one. */
    private void handedOver(Epoch epoch, Generation gen, Position position) {
        var names = epoch.equals(state.record().epoch()) && gen.equals(state.record().gen());
        if (!names || !(phase instanceof Phase.Idle) || volumeFailed || shutdown.isPresent()) {
            note(
                    "record",
                    Rule.R17,
                    "the hand-over of epoch " + epoch + " is void",
                    "the record is " + state.record().describe());
            return;
        }
        note(
                "record",
                Rule.R17,
                peer + " hands over",
                "drained at sequence " + position.seq(),
                "demoted and outdated, durably");
        peerOutdated(Rule.R17, peer + " handed over at sequence " + position.seq());
        if (attempt(Change.TAKE_OVER)) {
            phase = new Phase.Promoting(state.record().epoch(), true);
            send(new ClusterMessage.HandOverTaken(state.record().epoch()));
        }
    }

    private void volumeFailed(String reason) {
        if (volumeFailed) {
            return;
        }
        volumeFailed = true;
        alarm("disk", "the disk of " + me + " failed: " + reason);
        note("record", Rule.R32, "this disk is gone: it is never used again as it is", reason);
        if (!isWriter() && !(phase instanceof Phase.Departing)) {
            save(outdated(state).withStanding(Standing.INCONSISTENT));
        }
    }

    private void promoted(Epoch epoch) {
        if (phase instanceof Phase.Promoting promoting && promoting.epoch().equals(epoch)) {
            note("record", Rule.R6, me + " is primary of epoch " + epoch, "the volume is promoted");
            phase = new Phase.Leading(promoting.handedOver());
            alarms.remove("promotion");
            promoteAgainNanos = OptionalLong.empty();
        }
    }

    private void promotionFailed(Epoch epoch, String reason) {
        if (phase instanceof Phase.Promoting promoting && promoting.epoch().equals(epoch)) {
            note("record", Rule.R6, "the volume does not promote; tried again", reason);
            alarm("promotion", "the volume does not promote: " + reason);
            promoteAgainNanos = OptionalLong.of(now + PROMOTION_PAUSE_NANOS);
        }
    }

    private void drained(Position position) {
        if (phase instanceof Phase.Departing departing && departing.stage() == Stage.DRAINING) {
            note(
                    "record",
                    Rule.R17,
                    "drained at sequence " + position.seq(),
                    "every write is durable on both nodes");
            handOverPosition = position;
            phase = departing.at(Stage.UNMOUNTING);
        }
    }

    private void demoted() {
        if (!(phase instanceof Phase.Departing departing) || departing.stage() != Stage.DEMOTING) {
            return;
        }
        lease.revoke();
        phase = new Phase.Idle();
        switch (departing.purpose()) {
            case HAND_OVER -> {
                if (session.isPresent()) {
                    note(
                            "record",
                            Rule.R17,
                            me + " is demoted and outdated, and hands over",
                            departing.why());
                    var handOver =
                            new ClusterMessage.HandOver(
                                    state.record().epoch(), state.record().gen(), handOverPosition);
                    save(outdated(state));
                    send(handOver);
                    // It says all that this would say.
                    saidOnce.add(
                            new ClusterMessage.Outdated(
                                    handOver.epoch(), handOver.gen(), OutdatedReason.TARGET));
                } else {
                    // Nobody was told, so the rights are still ours: the pair meets again, or
                    // fences.
                    note(
                            "record",
                            Rule.R17,
                            me + " is demoted, but could not hand over",
                            "the replication session broke");
                    finishMove(
                            new CommandResult.Failed("the replication session broke"), "undecided");
                }
            }
            case STOP -> {
                note("record", Rule.POLICY, me + " is stopped", departing.why());
                end(departing.why());
            }
            case DISK_FAILED -> throw new IllegalStateException("a failed disk does not demote");
            case DEPOSED -> save(outdated(state));
        }
    }

    private void clockGap(long gapNanos, WallClock clock) {
        wallClock = clock;
        note(
                "lease",
                Rule.PAUSE,
                "this process stood still for " + gapNanos / 1_000_000 + " ms",
                "the gate is shut, and what was believed about " + peer + " is forgotten");
        closeGate();
        lease.revoke();
        fencing.cancel();
        proof = proof.filter(given -> !isPowerOff(given));
        confirmationNeeded = isWriter() && !state.holdsPermit();
        confirmNonce++;
        membershipChanged(membership.forget(now));
    }

    // ---------------------------------------------------------------- duties

    /** Does what the situation demands until it demands nothing more. */
    private void settle() {
        if (volume.isEmpty()) {
            return;
        }
        for (var round = 0; round < ROUNDS_MAX; round++) {
            var before = effects.size();
            var phaseBefore = phase;
            membershipChanged(membership.advance(now));
            fencingSteps(fencing.advance(now));
            resourceSteps(resources.advance(now));
            duties();
            if (effects.size() == before && phase.equals(phaseBefore)) {
                return;
            }
        }
        throw new IllegalStateException("no end of duties in " + phase + ", " + state);
    }

    private void duties() {
        fencePursued = false;
        expire();
        switch (phase) {
            case Phase.Idle() -> idle();
            case Phase.Promoting promoting -> {
                settleRecord();
                if (promoteAgainNanos.isPresent() && now >= promoteAgainNanos.getAsLong()) {
                    promoteAgainNanos = OptionalLong.empty();
                    promoteVolume();
                }
                if (shutdown.isPresent()) {
                    end("shut down while promoting epoch " + promoting.epoch());
                }
            }
            case Phase.Leading leading -> leading(leading);
            case Phase.Departing departing -> departing(departing);
            case Phase.Leaving leaving -> {
                if (now >= leaving.deadlineNanos()) {
                    end("left; " + peer + " did not answer");
                }
            }
            case Phase.Ended _ -> {
                return;
            }
        }
        if (!fencePursued
                && fenceAsked.isEmpty()
                && fencing.phase() != FencingSequence.Phase.IDLE) {
            fencing.cancel();
            alarms.remove("fencing");
        }
        gate();
    }

    private void expire() {
        save(state.withFailureCounts(resources.failures()));
        var standby = state.standby();
        if (standby.isPresent()
                && standby.get().untilEpochMillis().isPresent()
                && wallClock.epochMillisAt(now) >= standby.get().untilEpochMillis().getAsLong()) {
            note("operator", Rule.POLICY, me + " is online again", "its standby ended");
            save(state.withStandby(Optional.empty()));
        }
        if (move.isPresent() && now >= move.get().deadlineNanos()) {
            finishMove(
                    new CommandResult.Failed("no word from " + peer + " about its service"),
                    "time limit");
        }
        for (var entry : List.copyOf(forwarded.entrySet())) {
            if (now >= entry.getValue().deadlineNanos()) {
                forwarded.remove(entry.getKey());
                effects.add(
                        new Effect.Answer(
                                entry.getValue().id(),
                                new CommandResult.Failed(peer + " did not answer")));
            }
        }
    }

    /** Not a writer: follow, meet, start alone, or take over; in this order. */
    private void idle() {
        if (shutdown.isPresent()) {
            leave(shutdown.get());
            return;
        }
        if (peerLeads()) {
            follow();
            return;
        }
        var resumable = isResumable();
        if (!resumable) {
            resourceSteps(resources.want(now, 0, false));
        }
        if (volumeFailed) {
            tellOutdated(OutdatedReason.DISK_FAILED);
            return;
        }
        if (state.holdsPermit()) {
            if (resumable || now >= listenUntilNanos() || peerHello.isPresent()) {
                attempt(Change.START_ALONE);
            }
            return;
        }
        if (session.isPresent() && peerHello.isPresent() && membership.state() != PeerState.LOST) {
            meet(peerHello.get());
            return;
        }
        // A session may still look open: TCP notices a dead peer later than the beats do. What is
        // heard in it counts as a sign of life (R37), so lost means that it is silent, too.
        if (membership.state() == PeerState.LOST
                && state.standby().isEmpty()
                && !state.maintenance().on()) {
            pursue(Change.TAKE_OVER);
        }
    }

    /** Whether the other one is primary, by what it said last; never a permission for anything. */
    private boolean peerLeads() {
        if (membership.state() == PeerState.LOST) {
            // Its session may look open for a while longer: TCP notices later than the beats do.
            return false;
        }
        var role = peerHello.map(Hello::role).or(() -> peerSaid.map(Announcement::role));
        var epoch =
                peerHello
                        .map(hello -> hello.record().epoch())
                        .or(() -> peerSaid.map(Announcement::epoch));
        return role.filter(Controller::isWriting).isPresent()
                && epoch.filter(theirs -> !state.record().epoch().isAfter(theirs)).isPresent();
    }

    private static boolean isWriting(Role role) {
        return switch (role) {
            case PROMOTING, PRIMARY, HANDING_OVER -> true;
            case WAITING, SECONDARY, STOPPED -> false;
        };
    }

    private void follow() {
        resourceSteps(resources.want(now, 0, false));
        prepared = prepared && peerHello.isPresent();
        if (peerHello.isEmpty()) {
            return;
        }
        var record = peerHello.get().record();
        if (!resources.isAllStopped()) {
            return;
        }
        // What the primary said before it let us in (or before we promised) is overtaken.
        if (isOlder(record)) {
            return;
        }
        if (record.epoch().isAfter(state.promised())) {
            save(state.withPromised(record.epoch()));
            effects.add(new Effect.PromiseEpoch(record.epoch()));
        }
        var same =
                record.epoch().equals(state.record().epoch())
                        && record.gen().equals(state.record().gen());
        if (!record.isInSync(me)) {
            if (!same) {
                note(
                        "record",
                        Rule.R16,
                        me + " is outdated and follows " + peer,
                        "its record is: " + record.describe());
                save(outdated(state.withRecord(record)));
            } else if (!isOutdated(state.standing())) {
                save(outdated(state));
            }
            return;
        }
        if (volumeFailed) {
            tellOutdated(OutdatedReason.DISK_FAILED);
        } else if (!same || isOutdated(state.standing())) {
            // The primary counts on us, but we are not what it believes: it must know at once.
            tellOutdated(OutdatedReason.TARGET);
        }
    }

    private boolean isOlder(ClusterRecord theirs) {
        var mine = state.record();
        return mine.epoch().isAfter(theirs.epoch())
                || (mine.epoch().equals(theirs.epoch())
                        && mine.gen().value() > theirs.gen().value());
    }

    /** Says P1 once per session and record of the peer, everything here being stopped. */
    private void tellOutdated(OutdatedReason reason) {
        if (session.isEmpty() || peerHello.isEmpty() || !resources.isAllStopped()) {
            return;
        }
        var record = peerHello.get().record();
        var word = new ClusterMessage.Outdated(record.epoch(), record.gen(), reason);
        if (saidOnce.contains(word)) {
            return;
        }
        save(volumeFailed ? outdated(state).withStanding(Standing.INCONSISTENT) : outdated(state));
        note(
                "record",
                reason == OutdatedReason.DISK_FAILED ? Rule.R32 : Rule.R28,
                me + " is outdated and says so to " + peer,
                "everything here is stopped, the gate is shut");
        sendOnce(word);
    }

    private void meet(Hello peers) {
        if (peers.role() == Role.STOPPED) {
            return;
        }
        var outcome = Meeting.decide(hello(), peers, relation, config.lowerNode());
        switch (outcome.lead()) {
            case NOBODY -> {
                noteOnce(
                        "meeting " + outcome.sentence(),
                        "arbiter",
                        outcome.rule(),
                        "nobody leads",
                        outcome.sentence());
                alarm("meeting", outcome.sentence());
            }
            case PEER -> {
                alarms.remove("meeting");
                tellOutdated(OutdatedReason.TARGET);
            }
            case PEER_RESUMING -> alarms.remove("meeting");
            case ME -> {
                alarms.remove("meeting");
                if (proof.isPresent()) {
                    note("arbiter", outcome.rule(), me + " leads", outcome.sentence());
                    attempt(Change.TAKE_OVER);
                }
            }
            case ME_RESUMING -> {
                alarms.remove("meeting");
                sendOnce(
                        new ClusterMessage.PromiseRequest(
                                state.record().epoch(),
                                state.promised().next(),
                                state.record().gen().next()));
            }
        }
    }

    /** Asks the arbiter and, where a proof is missing, goes and gets it. */
    private void pursue(Change change) {
        fencePursued = true;
        switch (arbiter.rule(change, state, proof)) {
            case Ruling.Granted granted -> win(change, granted);
            case Ruling.Refused(var rule, var sentence) -> {
                fencePursued = false;
                noteOnce("refused " + sentence, "arbiter", rule, "no change", sentence);
            }
            case Ruling.Missing(var need, var rule, var sentence) -> {
                switch (need) {
                    case FENCE -> fence(rule, sentence);
                    case PERSON -> {
                        noteOnce(
                                "person " + sentence,
                                "arbiter",
                                rule,
                                "waiting for an operator",
                                sentence);
                        alarm(
                                "operator",
                                peer
                                        + " is silent: make sure that it is powered off, then say"
                                        + " 'clusterctl confirm-fenced "
                                        + peer
                                        + "'");
                    }
                    case PEER -> {}
                }
                if (change == Change.TAKE_OVER) {
                    prepare();
                }
            }
        }
    }

    private void fence(Rule rule, String sentence) {
        if (fencing.phase() != FencingSequence.Phase.IDLE) {
            return;
        }
        var fencingConfig = config.fencing();
        var first = state.record().isPrimary(me);
        // A hung peer hears us and does not shoot: no need to wait for it.
        var delayNanos =
                first || membership.isHung()
                        ? fencingConfig.primaryDelayNanos()
                        : fencingConfig.secondaryDelayNanos();
        var handicapped = !downInterfaces.isEmpty();
        if (handicapped) {
            delayNanos += fencingConfig.handicapNanos();
        }
        note(
                "fencing",
                rule,
                "fencing " + peer + (delayNanos > 0 ? " in " + delayNanos / 1_000_000 + " ms" : ""),
                sentence,
                membership.reason(),
                handicapped ? "own client network is down: waiting longer (R35)" : "R35");
        fencingSteps(
                fencing.request(
                        now,
                        delayNanos,
                        membership.isHung()
                                ? FencingSequence.Beats.OF_A_HUNG_DAEMON
                                : FencingSequence.Beats.NONE));
    }

    private void prepare() {
        if (!prepared) {
            prepared = true;
            config.resources()
                    .forEach(resource -> effects.add(new Effect.PrepareResource(resource.name())));
        }
    }

    /** Says whether the change was won. */
    private boolean attempt(Change change) {
        switch (arbiter.rule(change, state, proof)) {
            case Ruling.Granted granted -> {
                win(change, granted);
                return true;
            }
            case Ruling.Refused(var rule, var sentence) -> {
                noteOnce("refused " + sentence, "arbiter", rule, "no change", sentence);
                return false;
            }
            case Ruling.Missing(_, var rule, var sentence) -> {
                noteOnce("missing " + sentence, "arbiter", rule, "not yet", sentence);
                return false;
            }
        }
    }

    /** The record is won: stored first, then everything that depends on it. */
    private void win(Change change, Ruling.Granted granted) {
        note("arbiter", granted.rule(), granted.sentence(), granted.record().describe());
        lastWin = granted.sentence() + " (" + granted.rule() + ")";
        lastWinNanos = now;
        var next = state.withRecord(granted.record());
        next = granted.permit() ? next.withPermit() : next.withoutPermit();
        proof = Optional.empty();
        fencing.cancel();
        alarms.remove("operator");
        alarms.remove("fencing");
        alarms.remove("meeting");
        noted.clear();
        switch (change) {
            case TAKE_OVER, START_ALONE, RESUME -> {
                save(next.withStanding(Standing.UP_TO_DATE).withWasPrimary(true));
                confirmationNeeded = false;
                lease.confirm(now);
                prepared = false;
                phase = new Phase.Promoting(granted.record().epoch(), false);
                promoteVolume();
            }
            case GO_ALONE -> {
                save(next);
                shrinkWanted = false;
                leaveAskedUntilNanos = OptionalLong.empty();
                growSeq = OptionalLong.empty();
                confirmationNeeded = false;
                recordChanged();
            }
            case ADMIT_PEER -> {
                // R10: one write revokes the permit and counts the peer in; from here both are
                // needed.
                save(next);
                lease.confirm(now);
                recordChanged();
                sendGrow();
            }
        }
    }

    private void promoteVolume() {
        var record = state.record();
        effects.add(new Effect.PromoteVolume(record.epoch(), record.inSync(), record.gen()));
    }

    private void recordChanged() {
        var record = state.record();
        effects.add(new Effect.RecordChanged(record.epoch(), record.inSync(), record.gen()));
    }

    private void sendGrow() {
        sendOnce(
                new ClusterMessage.Grow(
                        state.record().epoch(), state.record().gen(), growSeq.orElse(0)));
        growSeq = OptionalLong.empty();
    }

    /** What a writer owes its record: shrink when the peer is gone, grow when it is equal. */
    private void settleRecord() {
        var record = state.record();
        if (!record.isPrimary(me)) {
            throw new IllegalStateException("writer without a record: " + record.describe());
        }
        if (record.isInSync(peer)) {
            if (proof.isPresent()) {
                attempt(Change.GO_ALONE);
                return;
            }
            var helloed = peerHello;
            if (helloed.isPresent()
                    && helloed.get().standing() == Standing.CONSISTENT
                    && helloed.get().record().epoch().equals(record.epoch())
                    && helloed.get().record().gen().equals(record.gen())
                    && phase instanceof Phase.Leading
                    && (relation == Relation.EQUAL || relation == Relation.PEER_BEHIND)) {
                // It was off for a moment, and nothing was acknowledged without it (R18).
                sendGrow();
            }
            if (state.maintenance().on()) {
                leaveAskedUntilNanos = OptionalLong.empty();
                return;
            }
            if (membership.state() == PeerState.LOST) {
                pursue(Change.GO_ALONE);
            } else if (shrinkWanted) {
                askToLeave();
            } else {
                leaveAskedUntilNanos = OptionalLong.empty();
            }
        } else if (growSeq.isPresent()
                && session.isPresent()
                && phase instanceof Phase.Leading
                && shutdown.isEmpty()
                && membership.state() != PeerState.LOST) {
            attempt(Change.ADMIT_PEER);
        }
    }

    /** The peer is heard but does not acknowledge: ask before shooting (R16, ADR 0024). */
    private void askToLeave() {
        if (leaveAskedUntilNanos.isEmpty()) {
            leaveAskedUntilNanos = OptionalLong.of(now + config.leaveLimitNanos());
            note(
                    "arbiter",
                    Rule.R16,
                    "asking " + peer + " to mark itself outdated",
                    "it is heard, but does not acknowledge writes");
        } else if (now >= leaveAskedUntilNanos.getAsLong()) {
            pursue(Change.GO_ALONE);
        }
    }

    private void leading(Phase.Leading leading) {
        settleRecord();
        if (volumeFailed) {
            depart(Purpose.DISK_FAILED, "the disk failed");
            return;
        }
        if (shutdown.isPresent()) {
            if (!shutdownMoveTried && failedChecks().isEmpty()) {
                shutdownMoveTried = true;
                depart(Purpose.HAND_OVER, shutdown.get());
            } else {
                depart(Purpose.STOP, shutdown.get());
            }
            return;
        }
        var reason = reasonToMove();
        if (reason.isPresent() && now >= noMoveBeforeNanos && failedChecks().isEmpty()) {
            depart(Purpose.HAND_OVER, reason.get());
            return;
        }
        resourceSteps(resources.want(now, config.resources().size(), leading.handedOver()));
    }

    /**
     * Why this primary would rather have the peer serve; the peer must be better in that respect.
     */
    private Optional<String> reasonToMove() {
        if (state.standby().isPresent()) {
            return Optional.of(me + " is in standby");
        }
        if (state.maintenance().on()) {
            return Optional.empty();
        }
        if (!downInterfaces.isEmpty()) {
            return Optional.of("tracked interface down: " + String.join(", ", downInterfaces));
        }
        return resources.isBlocked()
                ? Optional.of("the service does not run here")
                : Optional.empty();
    }

    private void depart(Purpose purpose, String why) {
        note("resource", Rule.R17, me + " stops serving: " + purpose, why);
        phase =
                new Phase.Departing(
                        Stage.STOPPING, purpose, why, now + config.handOverLimitNanos());
        if (purpose == Purpose.HAND_OVER) {
            send(new ClusterMessage.HandOverComing(state.record().epoch()));
            if (move.isEmpty()) {
                move = Optional.of(new Move(List.of(), moveDeadline(), false));
            }
        }
    }

    private long moveDeadline() {
        return now + 3 * config.handOverLimitNanos();
    }

    private void departing(Phase.Departing departing) {
        if (departing.purpose() == Purpose.HAND_OVER
                && departing.stage() != Stage.DEMOTING
                && now >= departing.deadlineNanos()) {
            giveUpHandOver("it was not done within the limit");
            return;
        }
        if (departing.purpose() == Purpose.HAND_OVER
                && departing.stage() != Stage.DEMOTING
                && membership.state() == PeerState.LOST) {
            giveUpHandOver(peer + " is lost: " + membership.reason());
            return;
        }
        switch (departing.stage()) {
            case STOPPING ->
                    resourceSteps(
                            resources.want(
                                    now, departing.purpose() == Purpose.HAND_OVER ? 1 : 0, false));
            case DRAINING, DEMOTING -> {}
            case UNMOUNTING -> resourceSteps(resources.want(now, 0, false));
        }
    }

    /** Before the demotion, a failure leaves the old one serving (R17). */
    private void giveUpHandOver(String reason) {
        note("record", Rule.R17, "the hand-over is given up: " + me + " goes on serving", reason);
        noMoveBeforeNanos = now + MOVE_PAUSE_NANOS;
        if (phase instanceof Phase.Departing departing && departing.stage() != Stage.STOPPING) {
            effects.add(new Effect.Unpark());
        }
        send(new ClusterMessage.HandOverCancelled(state.record().epoch()));
        phase = new Phase.Leading(false);
        if (move.filter(Move::standbySet).isPresent()) {
            save(state.withStandby(Optional.empty()));
        }
        finishMove(
                new CommandResult.Failed(
                        "the hand-over was given up (" + reason + "); " + me + " goes on serving"),
                "given up");
    }

    private void finishMove(CommandResult result, String why) {
        move.ifPresent(done -> {
            move = Optional.empty();
            note("operator", Rule.R17, "the hand-over is over", why);
            done.origins().forEach(origin -> answer(origin, result));
        });
    }

    /** Someone holds a higher epoch: whatever we believe, we have lost (R2, R8). */
    private void deposed(Epoch higher) {
        if (phase instanceof Phase.Departing departing && departing.purpose() == Purpose.DEPOSED) {
            return;
        }
        alarm("deposed", peer + " leads epoch " + higher + " while " + me + " was primary");
        depart(Purpose.DEPOSED, peer + " has the higher epoch " + higher);
        closeGate();
    }

    /** Shutdown of a node that does not write. */
    private void leave(String reason) {
        if (move.isPresent()) {
            // The hand-over that the shutdown began: its service must be seen first.
            return;
        }
        resourceSteps(resources.want(now, 0, false));
        if (!resources.isAllStopped()) {
            return;
        }
        var record = state.record();
        if (session.isPresent()
                && peerLeads()
                && record.isPrimary(peer)
                && record.isInSync(me)
                && !isOutdated(state.standing())
                && membership.state() != PeerState.LOST) {
            note("record", Rule.R16, me + " leaves: marks itself outdated and says so", reason);
            save(outdated(state));
            send(new ClusterMessage.Outdated(record.epoch(), record.gen(), OutdatedReason.LEAVING));
            phase = new Phase.Leaving(now + config.leaveLimitNanos());
        } else {
            end(reason);
        }
    }

    private void end(String reason) {
        finishMove(new CommandResult.Failed(me + " shuts down"), reason);
        phase = new Phase.Ended(reason);
        publish();
        effects.add(new Effect.ShutDown(reason));
    }

    private void selfFence(Rule rule, String reason) {
        note("fencing", rule, me + " resets itself", reason);
        closeGate();
        effects.add(new Effect.SelfFence(rule, reason));
        phase = new Phase.Ended(reason);
    }

    // ---------------------------------------------------------------- gate

    private void gate() {
        if (state.holdsPermit()) {
            lease.confirm(now);
        }
        if (gateUntilNanos.isPresent() && now >= gateUntilNanos.getAsLong()) {
            note(
                    "lease",
                    Rule.R9,
                    "the serving lease ran out: the gate is shut",
                    peer + " is silent");
            closeGate();
        }
        var untilNanos = lease.untilNanos(now);
        var wanted =
                phase instanceof Phase.Leading && resources.gateWanted() && !confirmationNeeded;
        if (!wanted) {
            if (gateUntilNanos.isPresent()) {
                closeGate();
            }
            askConfirmation();
            return;
        }
        if (untilNanos.isEmpty()) {
            return;
        }
        var open = gateUntilNanos;
        if (open.isEmpty()
                || (untilNanos.getAsLong() > open.getAsLong()
                        && open.getAsLong() - now <= lease.renewalNanos())) {
            gateUntilNanos = untilNanos;
            effects.add(new Effect.OpenGate(untilNanos.getAsLong()));
            if (open.isEmpty()) {
                resourceSteps(resources.gateOpened(now));
            }
        }
    }

    private void askConfirmation() {
        if (confirmationNeeded && isWriter() && session.isPresent()) {
            var request = new ClusterMessage.ConfirmRequest(state.record().epoch(), confirmNonce);
            if (!saidOnce.contains(request)) {
                confirmSentNanos = now;
                sendOnce(request);
            }
        }
    }

    private void closeGate() {
        gateUntilNanos = OptionalLong.empty();
        resources.gateShut();
        effects.add(new Effect.CloseGate());
    }

    // ---------------------------------------------------------------- parts' answers

    private void fencingSteps(List<FencingSequence.Step> steps) {
        for (var step : steps) {
            switch (step) {
                case FencingSequence.Step.Run(var id, var action, var level, var timeoutNanos) -> {
                    note(
                            "fencing",
                            Rule.R34,
                            "running fence level "
                                    + config.fencing().levels().get(level).name()
                                    + " against "
                                    + peer
                                    + ", "
                                    + action,
                            "time-out " + timeoutNanos / 1_000_000 + " ms");
                    effects.add(new Effect.RunFenceAgent(id, peer, action, level, timeoutNanos));
                }
                case FencingSequence.Step.Fenced(var evidence) -> fenced(evidence);
                case FencingSequence.Step.LevelFailed(var level, var reason) ->
                        note(
                                "fencing",
                                Rule.R34,
                                "level " + level + " did not confirm: " + peer + " is not fenced",
                                reason);
                case FencingSequence.Step.GaveUp(var attempts, var reason) -> {
                    note(
                            "fencing",
                            Rule.R34,
                            "gave up fencing " + peer + " after " + attempts + " attempts",
                            reason);
                    alarm(
                            "fencing",
                            peer
                                    + " cannot be fenced ("
                                    + reason
                                    + "): make sure that it is powered off, then say 'clusterctl"
                                    + " confirm-fenced "
                                    + peer
                                    + "'");
                    answerFence(new CommandResult.Failed(peer + " could not be fenced: " + reason));
                }
                case FencingSequence.Step.PoweredOn(var evidence) ->
                        note("fencing", Rule.R36, peer + " is powered on again", evidence);
                case FencingSequence.Step.PowerOnFailed(var reason) ->
                        note("fencing", Rule.R36, peer + " was not powered on", reason);
            }
        }
    }

    private void fenced(String evidence) {
        note("fencing", Rule.R34, peer + " is fenced", evidence);
        proof =
                Optional.of(
                        new Proof.PowerReadOff(
                                state.record().epoch(),
                                state.record().gen(),
                                peer + " was fenced: " + evidence));
        var nowMillis = wallClock.epochMillisAt(now);
        var recent =
                state.fencesEpochMillis().stream()
                        .filter(at ->
                                nowMillis - at < config.fencing().loopWindowNanos() / 1_000_000)
                        .count();
        save(state.withFence(nowMillis));
        answerFence(new CommandResult.Done(peer + " is powered off: " + evidence));
        settleProof();
        if (recent + 1 >= config.fencing().loopMax()) {
            note(
                    "fencing",
                    Rule.R36,
                    peer + " stays off: it was fenced too often",
                    (recent + 1) + " times lately");
            alarm("fence loop", peer + " was fenced " + (recent + 1) + " times lately: stays off");
        } else if (config.fencing().powerOnAfter()) {
            fencingSteps(fencing.powerOn());
        }
    }

    /** The proof is used at once, before anything else can void it. */
    private void settleProof() {
        switch (phase) {
            case Phase.Leading _, Phase.Promoting _ -> settleRecord();
            case Phase.Idle() -> {
                if (!peerLeads()) {
                    idle();
                }
            }
            case Phase.Departing _, Phase.Leaving _, Phase.Ended _ -> {}
        }
    }

    private void answerFence(CommandResult result) {
        fenceAsked.forEach(origin -> answer(origin, result));
        fenceAsked.clear();
    }

    private void resourceSteps(List<ResourceManager.Step> steps) {
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
                case ResourceManager.Step.CloseGate() -> closeGate();
                case ResourceManager.Step.Failed(var name, var reason, var failures) -> {
                    note(
                            "resource",
                            Rule.POLICY,
                            name + " failed on " + me + ", failure " + failures,
                            reason);
                }
                case ResourceManager.Step.Blocked(var name, var reason) -> blocked(name, reason);
                case ResourceManager.Step.StopFailed(var name, var reason) ->
                        selfFence(Rule.R38, name + " does not stop: " + reason);
                case ResourceManager.Step.AllStarted() -> allStarted();
                case ResourceManager.Step.StoppedDownTo(var wanted) -> stoppedDownTo(wanted);
            }
        }
    }

    private void blocked(ResourceName name, String reason) {
        note("resource", Rule.POLICY, name + " is not started on " + me + " any more", reason);
        if (phase instanceof Phase.Leading(var handedOver) && handedOver && session.isPresent()) {
            send(new ClusterMessage.ServiceFailed(state.record().epoch(), name + ": " + reason));
            phase = new Phase.Leading(false);
        }
    }

    private void allStarted() {
        note("resource", Rule.ORDER, me + " serves", "every resource runs, the gate is open");
        if (phase instanceof Phase.Leading(var handedOver) && handedOver) {
            send(new ClusterMessage.ServiceStarted(state.record().epoch()));
            phase = new Phase.Leading(false);
        }
    }

    private void stoppedDownTo(int wanted) {
        if (!(phase instanceof Phase.Departing departing)) {
            return;
        }
        switch (departing.stage()) {
            case STOPPING -> {
                if (wanted == 1 && departing.purpose() == Purpose.HAND_OVER) {
                    phase = departing.at(Stage.DRAINING);
                    effects.add(
                            new Effect.ParkAndDrain(Math.max(1, departing.deadlineNanos() - now)));
                } else if (wanted == 0 && departing.purpose() == Purpose.DISK_FAILED) {
                    note(
                            "record",
                            Rule.R32,
                            me + " is inconsistent and gives up its role",
                            "everything here is stopped, the gate is shut");
                    phase = new Phase.Idle();
                    lease.revoke();
                    save(outdated(state).withStanding(Standing.INCONSISTENT));
                } else if (wanted == 0) {
                    demote(departing);
                }
            }
            case UNMOUNTING -> {
                if (wanted == 0) {
                    demote(departing);
                }
            }
            case DRAINING, DEMOTING -> {}
        }
    }

    private void demote(Phase.Departing departing) {
        phase = departing.at(Stage.DEMOTING);
        effects.add(new Effect.DemoteVolume());
    }

    // ---------------------------------------------------------------- commands

    private void command(Origin origin, Command command) {
        if (volume.isEmpty() || fenceAsked.size() + forwarded.size() >= WAITING_MAX) {
            answer(origin, new CommandResult.Failed("the daemon is starting or overloaded"));
            return;
        }
        switch (command) {
            case Command.Takeover(var target) -> takeover(origin, command, target);
            case Command.EnterStandby(var node, var forNanos, var reason) -> {
                if (node.equals(peer)) {
                    forward(origin, command);
                } else {
                    standby(origin, node, forNanos, reason);
                }
            }
            case Command.GoOnline(var node) -> {
                if (node.equals(peer)) {
                    forward(origin, command);
                } else if (isMe(origin, node)) {
                    note("operator", Rule.POLICY, me + " is online", "asked by an operator");
                    save(state.withStandby(Optional.empty()));
                    answer(origin, new CommandResult.Done(me + " may serve again"));
                }
            }
            case Command.SetMaintenance(var on) -> {
                maintenance(state.maintenance().changedTo(on));
                answer(
                        origin,
                        new CommandResult.Done(
                                "maintenance is "
                                        + (on ? "on" : "off")
                                        + (membership.state() == PeerState.ONLINE
                                                ? ""
                                                : "; " + peer + " learns it when it is heard")));
            }
            case Command.Cleanup(var resource) -> cleanup(origin, resource);
            case Command.Fence(var node) -> {
                if (isPeer(origin, node, "a node is not fenced by itself: say it on " + peer)) {
                    fenceByOperator(origin);
                }
            }
            case Command.ConfirmFenced(var node) -> {
                if (isPeer(origin, node, "it answers, so it is not off")) {
                    confirmFenced(origin);
                }
            }
            case Command.Restart(var resource, var reason) ->
                    restart(origin, command, resource, reason);
        }
    }

    private boolean isMe(Origin origin, NodeName node) {
        if (!node.equals(me)) {
            answer(
                    origin,
                    new CommandResult.Refused(
                            "there is no node " + node + " in this pair", Rule.POLICY, List.of()));
        }
        return node.equals(me);
    }

    private boolean isPeer(Origin origin, NodeName node, String ifMe) {
        if (node.equals(peer)) {
            return true;
        }
        if (node.equals(me)) {
            answer(origin, new CommandResult.Refused(me + ": " + ifMe, Rule.R34, List.of()));
            return false;
        }
        return isMe(origin, node);
    }

    private void takeover(Origin origin, Command command, NodeName target) {
        if (target.equals(me)) {
            if (isWriter()) {
                answer(origin, new CommandResult.Done(me + " is primary already"));
            } else if (peerLeads() && session.isPresent()) {
                forward(origin, command);
            } else {
                answer(
                        origin,
                        new CommandResult.Refused(
                                "there is no primary to take over from: " + view(now).verdict(),
                                Rule.R6,
                                List.of()));
            }
            return;
        }
        if (!target.equals(peer)) {
            isMe(origin, target);
            return;
        }
        if (!(phase instanceof Phase.Leading)) {
            if (peerLeads()) {
                answer(origin, new CommandResult.Done(peer + " is primary already"));
            } else {
                refuse(origin, "a takeover now is not possible", readyChecks());
            }
            return;
        }
        beginMove(origin, "an operator asked for a takeover by " + peer, false);
    }

    private boolean beginMove(Origin origin, String why, boolean standbySet) {
        var failed = failedChecks();
        if (!failed.isEmpty()) {
            refuse(origin, "the service stays on " + me, readyChecks());
            return false;
        }
        move = Optional.of(new Move(List.of(origin), moveDeadline(), standbySet));
        depart(Purpose.HAND_OVER, why);
        return true;
    }

    private void refuse(Origin origin, String what, List<View.Check> checks) {
        var failed = checks.stream().filter(check -> !check.ok()).toList();
        var rule = failed.isEmpty() ? Rule.R17 : failed.getFirst().rule();
        answer(
                origin,
                new CommandResult.Refused(
                        what
                                + ": "
                                + failed.stream()
                                        .map(View.Check::sentence)
                                        .collect(Collectors.joining("; ")),
                        rule,
                        failed));
    }

    private void standby(Origin origin, NodeName node, OptionalLong forNanos, String reason) {
        if (!isMe(origin, node)) {
            return;
        }
        var until =
                forNanos.isPresent()
                        ? OptionalLong.of(wallClock.epochMillisAt(now + forNanos.getAsLong()))
                        : OptionalLong.empty();
        var wanted = Optional.of(new Standby(until, reason));
        if (phase instanceof Phase.Leading) {
            if (beginMove(origin, me + " goes to standby: " + reason, true)) {
                save(state.withStandby(wanted));
            }
            return;
        }
        if (!(phase instanceof Phase.Idle)) {
            answer(origin, new CommandResult.Failed(me + " is changing its role; try again"));
            return;
        }
        note("operator", Rule.POLICY, me + " is in standby", reason);
        save(state.withStandby(wanted));
        answer(
                origin,
                new CommandResult.Done(
                        me + " is in standby: it replicates, but would not take over"));
    }

    private void maintenance(Maintenance next) {
        note(
                "operator",
                Rule.POLICY,
                "maintenance is " + (next.on() ? "on" : "off"),
                next.on()
                        ? "no monitoring, no automatic moves, no automatic fencing"
                        : "asked by an operator");
        save(state.withMaintenance(next));
        resources.monitor(now, !next.on());
    }

    private void cleanup(Origin origin, Optional<ResourceName> resource) {
        var known =
                config.resources().stream()
                        .map(ResourceConfiguration::name)
                        .collect(Collectors.toSet());
        if (resource.isPresent() && !known.contains(resource.get())) {
            answer(
                    origin,
                    new CommandResult.Refused(
                            "there is no resource "
                                    + resource.get()
                                    + "; there are "
                                    + sorted(known),
                            Rule.POLICY,
                            List.of()));
            return;
        }
        note("operator", Rule.POLICY, "failures are forgotten", "asked by an operator");
        resourceSteps(resources.cleanup(now, resource.map(Set::of).orElse(known)));
        answer(origin, new CommandResult.Done("failures on " + me + " are forgotten"));
    }

    private void fenceByOperator(Origin origin) {
        if (config.fencing().levels().isEmpty()) {
            answer(
                    origin,
                    new CommandResult.Refused(
                            "no fence device is configured", Rule.R34, List.of()));
            return;
        }
        note("operator", Rule.R34, "an operator has " + peer + " fenced", "clusterctl fence");
        // Whatever was under way starts over: a person's order waits for no delay and no back-off.
        fencing.cancel();
        fenceAsked.add(origin);
        fencingSteps(fencing.request(now, 0, FencingSequence.Beats.OF_A_LIVING_NODE));
    }

    private void confirmFenced(Origin origin) {
        if (membership.state() != PeerState.LOST || session.isPresent()) {
            answer(
                    origin,
                    new CommandResult.Refused(
                            peer
                                    + " is not known to be silent ("
                                    + membership.reason()
                                    + "): a node that is heard is not off",
                            Rule.R19,
                            List.of()));
            return;
        }
        note(
                "operator",
                Rule.R19,
                "an operator asserts that " + peer + " is powered off",
                "clusterctl confirm-fenced");
        proof =
                Optional.of(
                        new Proof.PowerAssertedOff(
                                state.record().epoch(),
                                state.record().gen(),
                                "an operator confirmed that " + peer + " is powered off"));
        settleProof();
        answer(
                origin,
                isWriter()
                        ? new CommandResult.Done(lastWin)
                        : new CommandResult.Failed(
                                "noted, but "
                                        + me
                                        + " may not serve all the same: "
                                        + view(now).verdict()));
    }

    private void restart(Origin origin, Command command, ResourceName resource, String reason) {
        if (peerLeads()) {
            forward(origin, command);
        } else if (!(phase instanceof Phase.Leading)
                || config.resources().stream().noneMatch(known -> known.name().equals(resource))
                || resource.equals(config.mount().name())) {
            answer(
                    origin,
                    new CommandResult.Refused(
                            resource + " does not run on " + me + " or cannot be restarted alone",
                            Rule.POLICY,
                            List.of()));
        } else {
            note("operator", Rule.ORDER, resource + " is restarted", reason);
            resourceSteps(resources.restart(now, resource));
            answer(origin, new CommandResult.Done(resource + " is being restarted"));
        }
    }

    private void forward(Origin origin, Command command) {
        switch (origin) {
            case Origin.Local(var id) -> {
                if (session.isEmpty()) {
                    answer(
                            origin,
                            new CommandResult.Failed(
                                    peer + " cannot be reached: no replication session"));
                } else {
                    var number = nextForward++;
                    forwarded.put(number, new Forwarded(id, now + FORWARD_LIMIT_NANOS));
                    send(new ClusterMessage.CommandForwarded(number, command));
                }
            }
            case Origin.Remote _ ->
                    answer(
                            origin,
                            new CommandResult.Failed("the nodes changed their roles; try again"));
        }
    }

    private void answer(Origin origin, CommandResult result) {
        switch (origin) {
            case Origin.Local(var id) -> effects.add(new Effect.Answer(id, result));
            case Origin.Remote(var number) ->
                    send(new ClusterMessage.CommandAnswered(number, result));
        }
    }

    // ---------------------------------------------------------------- what is said

    private void publish() {
        if (volume.isEmpty()) {
            return;
        }
        var announcement = announcement();
        if (!published.equals(Optional.of(announcement))) {
            published = Optional.of(announcement);
            effects.add(new Effect.PublishBeat(announcement));
        }
        if (session.isPresent()) {
            var hello = hello();
            var known = withoutPosition(hello);
            if (!helloSent.equals(Optional.of(known))) {
                helloSent = Optional.of(known);
                send(hello);
            }
        }
        var role = notifiedRole();
        if (!notified.equals(Optional.of(role))) {
            notified = Optional.of(role);
            effects.add(new Effect.RoleChanged(role));
        }
    }

    private Announcement announcement() {
        return new Announcement(
                me,
                bootId,
                incarnation,
                role(),
                state.record().epoch(),
                state.record().gen(),
                state.standing(),
                gateUntilNanos.isPresent(),
                downInterfaces.isEmpty(),
                state.standby().isPresent(),
                !resources.isBlocked() && !volumeFailed,
                leaveAskedUntilNanos.isPresent(),
                state.maintenance());
    }

    private Hello hello() {
        return new Hello(
                me,
                bootId,
                incarnation,
                role(),
                state.record(),
                state.promised(),
                state.standing(),
                state.holdsPermit(),
                isResumable(),
                resources.isAllStopped() && gateUntilNanos.isEmpty(),
                volume.map(VolumeStatus::head).orElse(Position.EMPTY));
    }

    /** Positions change with every write; they alone are no news. */
    private static Hello withoutPosition(Hello hello) {
        return new Hello(
                hello.node(),
                hello.bootId(),
                hello.incarnation(),
                hello.role(),
                hello.record(),
                hello.promised(),
                hello.standing(),
                hello.permit(),
                hello.resumable(),
                hello.stopped(),
                Position.EMPTY);
    }

    private Role role() {
        return switch (phase) {
            case Phase.Idle() -> peerLeads() ? Role.SECONDARY : Role.WAITING;
            case Phase.Promoting _ -> Role.PROMOTING;
            case Phase.Leading _ -> Role.PRIMARY;
            case Phase.Departing _ -> Role.HANDING_OVER;
            case Phase.Leaving _, Phase.Ended _ -> Role.STOPPED;
        };
    }

    private Effect.NotifiedRole notifiedRole() {
        return switch (phase) {
            case Phase.Leading _ ->
                    resources.isBlocked()
                            ? Effect.NotifiedRole.FAULT
                            : resources.isAllStarted()
                                    ? Effect.NotifiedRole.MASTER
                                    : notified.orElse(Effect.NotifiedRole.BACKUP);
            case Phase.Idle _, Phase.Promoting _, Phase.Departing _ ->
                    volumeFailed ? Effect.NotifiedRole.FAULT : Effect.NotifiedRole.BACKUP;
            case Phase.Leaving _, Phase.Ended _ -> Effect.NotifiedRole.FAULT;
        };
    }

    // ---------------------------------------------------------------- small questions

    private boolean isWriter() {
        return phase instanceof Phase.Leading || phase instanceof Phase.Promoting;
    }

    /** R27: this node was primary in this power-on and neither demoted nor lost a word about it. */
    private boolean isResumable() {
        return phase instanceof Phase.Idle
                && state.wasPrimary()
                && state.record().isPrimary(me)
                && state.standing() == Standing.UP_TO_DATE
                && !volumeFailed
                && shutdown.isEmpty();
    }

    private static boolean isOutdated(Standing standing) {
        return switch (standing) {
            case OUTDATED, INCONSISTENT -> true;
            case CONSISTENT, UP_TO_DATE -> false;
        };
    }

    /**
     * After a power cut a permit is used a moment later: a person may have forced the other side.
     */
    private long listenUntilNanos() {
        return startedNanos + (poweredOn ? config.timing().warnNanos() : 0);
    }

    private static DurableState outdated(DurableState from) {
        return from.withoutPermit()
                .withWasPrimary(false)
                .withStanding(
                        from.standing() == Standing.INCONSISTENT
                                ? Standing.INCONSISTENT
                                : Standing.OUTDATED);
    }

    private ClusterRecord peersRecord(Epoch epoch, Generation gen, Set<NodeName> inSync) {
        return new ClusterRecord(
                config.mode(), epoch, Optional.of(peer), inSync, gen, new RequestId(peer, 0));
    }

    private List<View.Check> readyChecks() {
        return ReadyChecks.of(situation(now));
    }

    private List<View.Check> failedChecks() {
        return readyChecks().stream().filter(check -> !check.ok()).toList();
    }

    private static String sorted(Set<ResourceName> names) {
        return new TreeSet<>(names)
                .stream().map(ResourceName::value).collect(Collectors.joining(", "));
    }

    /** Nothing is written if nothing changed. */
    private void save(DurableState next) {
        if (!next.equals(state)) {
            state = next;
            effects.add(new Effect.PersistState(next));
        }
    }

    private void send(ClusterMessage message) {
        if (session.isPresent()) {
            effects.add(new Effect.SendToPeer(session.getAsLong(), message));
        }
    }

    private void sendOnce(ClusterMessage message) {
        if (session.isPresent() && saidOnce.add(message)) {
            send(message);
        }
    }

    private void note(String subject, Rule rule, String text, String... causes) {
        effects.add(new Effect.Note(new Decision(subject, rule, text, List.of(causes))));
    }

    /** For findings of {@link #duties}, which are made again and again until the record changes. */
    private void noteOnce(String key, String subject, Rule rule, String text, String... causes) {
        if (noted.add(key)) {
            note(subject, rule, text, causes);
        }
    }

    private void alarm(String key, String text) {
        if (alarms.containsKey(key) || alarms.size() < ALARMS_MAX) {
            alarms.put(key, text);
        }
    }

    private static OptionalLong earlier(OptionalLong one, OptionalLong other) {
        if (one.isEmpty()) {
            return other;
        }
        return other.isPresent() && other.getAsLong() < one.getAsLong() ? other : one;
    }

    /** Takes a deadline in only if it is still to come. */
    private OptionalLong later(OptionalLong next, long candidate) {
        return candidate > now ? earlier(next, OptionalLong.of(candidate)) : next;
    }

    // ---------------------------------------------------------------- view

    /** How things are at {@code nowNanos}; changes nothing. */
    public View view(long nowNanos) {
        return Narrator.tell(situation(nowNanos));
    }

    private Situation situation(long nowNanos) {
        return new Situation(
                nowNanos,
                config,
                wallClock,
                state,
                role(),
                membership.state(),
                membership.reason(),
                membership.silentNanos(nowNanos),
                membership.links(nowNanos),
                peerSaid,
                peerHello,
                session.isPresent(),
                volume,
                resources.status(),
                resources.isAllStarted(),
                gateUntilNanos,
                fencing.phase(),
                fencing.describe(),
                downInterfaces.isEmpty(),
                resources.isBlocked(),
                shrinkWanted,
                lastWinNanos,
                lastWin,
                List.copyOf(alarms.values()));
    }
}
