package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord.Proposal;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord.Step;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleTiming;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import java.util.List;
import java.util.Optional;

/**
 * The ensemble as the rest of a controller sees it: where a change of the record is wished, where
 * one that was taken waits to be claimed, and where this node confirms that it still leads. In the
 * modes without a witness nothing here does anything, unless the ensemble still keeps the record:
 * then it is closed there before the pair goes over to its new arbiter (R12).
 *
 * <pre>
 *   wish, every round --none in a round--> dropped: what is under way is voided
 *   wish --{@link EnsembleRecord}--> taken --claimed by whoever the change concerns--> in force
 *   a record that is newer than ours is seen --> we follow it: deposed, outdated, or still a member
 * </pre>
 */
final class Witness {

    /** A change that the ensemble took, and when it was asked for. */
    record Taken(Proposal proposal, long sentNanos) {}

    private final NodeName me;
    private final NodeName peer;
    private final boolean configured;
    private final ZookeeperArbiter ensembleRules;
    private final EnsembleRecord machine;
    private final Arbiter arbiter;
    private final long patienceNanos;
    private final Rights rights;
    private final Lifecycle lifecycle;
    private final Evidence evidence;
    private final PeerSession session;
    private final ServiceGate gate;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;
    private boolean wished;
    private boolean growLost;
    private Optional<Taken> taken = Optional.empty();
    private Optional<Epoch> deposedBy = Optional.empty();
    private Optional<String> refusal = Optional.empty();

    Witness(
            ClusterConfiguration config,
            Arbiter arbiter,
            Rights rights,
            Lifecycle lifecycle,
            Evidence evidence,
            PeerSession session,
            ServiceGate gate,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.configured = config.mode() == ArbitrationMode.ZOOKEEPER;
        this.ensembleRules = new ZookeeperArbiter(config.me(), config.peer());
        this.machine = new EnsembleRecord(time.nowNanos(), EnsembleTiming.defaults());
        this.arbiter = arbiter;
        if (rights.state().lastRequestNumber() > 0) {
            machine.settleFirst();
        }
        // As long as a primary that gets no promises needs to confirm at the ensemble (R15).
        this.patienceNanos = 3 * config.lease().lengthNanos() / 8;
        this.rights = rights;
        this.lifecycle = lifecycle;
        this.evidence = evidence;
        this.session = session;
        this.gate = gate;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    /** Whether the record is the ensemble's, or is to be. */
    private boolean isPresent() {
        return configured || rights.record().mode() == ArbitrationMode.ZOOKEEPER;
    }

    // ---------------------------------------------------------------- wishes

    /** Wished for as long as it is said again in every round. */
    void wish(Change change) {
        wished = true;
        // Who is proven silent cannot confirm; who leads already takes nothing from anybody.
        var patient =
                change == Change.TAKE_OVER
                        && !evidence.isPresent()
                        && !rights.record().isPrimary(me);
        machine.wish(change, patient ? patienceNanos : 0);
    }

    void beginRound() {
        wished = false;
    }

    /** After a round: voids what nobody wishes any more, and does what is due. */
    void endRound() {
        if (!isPresent()) {
            return;
        }
        if (!wished) {
            machine.dropWish();
        }
        if (gate.needsEnsemble()) {
            machine.confirm(rights.record());
        } else {
            machine.dropConfirmation();
        }
        take(machine.advance(time.nowNanos()));
    }

    /** What the ensemble took and nobody has claimed yet. */
    Optional<Taken> taken() {
        return taken;
    }

    /** The taken change is in force, or void. */
    void claimed() {
        taken = Optional.empty();
    }

    /** A record of that epoch was seen while this node wrote: it has lost (R11). */
    Optional<Epoch> deposedBy() {
        var epoch = deposedBy;
        deposedBy = Optional.empty();
        return epoch;
    }

    /** The grow was not taken, and never will be: said once. */
    boolean takeGrowLost() {
        var lost = growLost;
        growLost = false;
        return lost;
    }

    // ---------------------------------------------------------------- heard

    void heard(EnsembleEvent event) {
        // Also while it is not asked: later it must be known whether it can be.
        var steps = machine.heard(time.nowNanos(), event);
        if (isPresent()) {
            take(steps);
        }
    }

    private void take(List<Step> steps) {
        for (var step : steps) {
            switch (step) {
                case Step.Ask(var request) -> effects.add(new Effect.AskEnsemble(request));
                case Step.Seen(var record) -> seen(record);
                case Step.Decide(var change, var base) -> decide(change, base);
                case Step.Won(var proposal, long sentNanos) ->
                        taken = Optional.of(new Taken(proposal, sentNanos));
                case Step.Lost(var proposal, var reason) -> lost(proposal, reason);
                case Step.Confirmed(long sentNanos) -> gate.ensembleConfirmed(sentNanos);
                case Step.PeerConfirms() ->
                        effects.note(
                                "arbiter",
                                Rule.R15,
                                me + " does not take over",
                                peer + " is not heard here, but the ensemble hears it");
                case Step.ConnectionChanged(boolean connected, var reason) -> {
                    effects.note(
                            "arbiter",
                            connected ? Rule.R14 : Rule.R13,
                            connected
                                    ? "the ensemble is connected"
                                    : "the ensemble cannot be reached",
                            reason);
                    if (!connected) {
                        gate.ensembleLost();
                    }
                }
                case Step.Trouble(var reason) -> {
                    effects.note("arbiter", Rule.R11, "the ensemble refuses", reason);
                    alarms.raise("ensemble", "the ensemble refuses: " + reason);
                }
            }
        }
    }

    /** What the ensemble says is followed, never the other way round; it only takes rights away. */
    private void seen(Optional<ClusterRecord> record) {
        alarms.clear("ensemble");
        if (record.isEmpty() || !record.get().isNewerThan(rights.record())) {
            return;
        }
        var newer = record.get();
        switch (lifecycle.phase()) {
            case Phase.Promoting _, Phase.Leading _ -> deposedBy = Optional.of(newer.epoch());
            case Phase.Idle _ -> follow(newer);
            case Phase.Departing _, Phase.Leaving _, Phase.Ended _ -> {}
        }
    }

    private void follow(ClusterRecord newer) {
        effects.note(
                "record",
                Rule.R14,
                me + " takes over what the ensemble says",
                "its record is: " + newer.describe());
        var promise = newer.epoch().isAfter(rights.state().promised());
        var next = rights.state().withRecord(newer).withWasPrimary(false);
        boolean newHere =
                rights.record().primary().isEmpty() && rights.state().lastRequestNumber() == 0;
        if (newHere && newer.isInSync(me)) {
            // Whoever this name stood for had another disk (R30): this one never was a member.
            next = next.withStanding(Standing.INCONSISTENT);
            effects.note(
                    "record",
                    Rule.R31,
                    me + " does not stand in for the copy that the ensemble counts on",
                    "nobody has ever been primary, by what is stored here: the disk is a new one");
        }
        rights.save(newer.isInSync(me) ? next : next.outdated());
        if (promise) {
            effects.add(new Effect.PromiseEpoch(newer.epoch()));
        }
    }

    private void decide(Change change, Optional<ClusterRecord> base) {
        // It may have been seen at a moment at which it could not be followed.
        seen(base);
        var word = evidence.proof().or(this::followersWord);
        var refused = ensembleRules.onto(base, rights.state(), word);
        if (refused.isPresent()) {
            alarms.raise("ensemble", refused.get().sentence());
            if (refusal.filter(refused.get().sentence()::equals).isEmpty()) {
                refusal = Optional.of(refused.get().sentence());
                effects.note(
                        "arbiter", refused.get().rule(), "no change", refused.get().sentence());
            }
            return;
        }
        refusal = Optional.empty();
        if (arbiter.rule(change, rights.state(), evidence.proof())
                instanceof Ruling.Proposed proposed) {
            var next = rights.state().withRequest(proposed.record().requestId());
            if (change == Change.ADMIT_PEER) {
                // R10: from here on the ensemble may count the peer in at any moment.
                next = next.withoutPermit();
                gate.permitRevoked();
            }
            var epoch = proposed.record().epoch();
            if (rights.record().isPrimary(me) && epoch.isAfter(next.promised())) {
                // R1: the process that comes after this one must not be promised that epoch by the
                // peer while this request can still be taken.
                next = next.withPromised(epoch);
            }
            rights.save(next);
            take(machine.propose(time.nowNanos(), change, proposed.record()));
        }
    }

    /**
     * Whoever says in this session that it is outdated and has this node's record has stored that
     * before it said so, and has no right by any older one.
     */
    private Optional<Proof> followersWord() {
        var record = rights.record();
        return session.hello()
                .filter(hello ->
                        hello.standing().isOutdated()
                                && hello.stopped()
                                && hello.record().epoch().equals(record.epoch())
                                && hello.record().gen().equals(record.gen()))
                .map(hello ->
                        new Proof.PeerOutdated(
                                record.epoch(),
                                record.gen(),
                                Rule.R28,
                                peer + " is outdated and follows this record"));
    }

    private void lost(Proposal proposal, String reason) {
        effects.note(
                "arbiter",
                Rule.R11,
                "not taken by the ensemble: " + proposal.next().describe(),
                reason);
        var state = rights.state();
        if (proposal.change() == Change.ADMIT_PEER
                && lifecycle.isWriter()
                && state.record().isPrimary(me)
                && state.record().isSole(me)) {
            // Nobody else can have written: the peer is in no record's inSync (R20).
            rights.save(state.withPermit());
            growLost = true;
        }
    }

    // ---------------------------------------------------------------- told

    /** R9: nothing is wished and nothing undecided, so this node may promise not to take over. */
    boolean isQuiet() {
        return machine.isQuiet() && taken.isEmpty();
    }

    /**
     * R11, R27: no change that this node asked for, in this process or an earlier one, can still be
     * taken.
     */
    boolean hasNothingOutstanding() {
        return !isPresent() || (machine.isSettled() && isQuiet());
    }

    /** Empty in the modes without an ensemble. */
    Optional<Situation.Ensemble> situation() {
        return isPresent()
                ? Optional.of(new Situation.Ensemble(machine.isConnected(), machine.describe()))
                : Optional.empty();
    }

    EnsembleRecord.Stage stage() {
        return machine.stage();
    }

    void deadlines(Deadlines deadlines) {
        if (isPresent()) {
            deadlines.at(machine.nextDeadlineNanos());
        }
    }
}
