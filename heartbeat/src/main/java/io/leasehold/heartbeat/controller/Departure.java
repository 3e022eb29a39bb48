package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.OutdatedReason;
import io.leasehold.heartbeat.controller.Phase.Purpose;
import io.leasehold.heartbeat.controller.Phase.Stage;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a writer stops being one: above all the planned hand-over (R17), but also a stop without a
 * successor, a failed disk, a higher epoch elsewhere, and a split brain.
 *
 * <pre>
 *   purpose      STOPPING            DRAINING          UNMOUNTING        DEMOTING
 *   HAND_OVER    all but the mount → writes drained  → mount stopped   → demoted → Idle, HandOver said
 *   STOP         all               ----------------------------------→ demoted → Ended
 *   DEPOSED      all               ----------------------------------→ demoted → Idle, outdated
 *   SPLIT_BRAIN  all               ----------------------------------→ demoted → Idle, outdated
 *   DISK_FAILED  all → Idle, inconsistent
 *
 *   HAND_OVER, before DEMOTING: limit, peer lost, outdated or proven off, session broken, not
 *                               drained → Leading (given up)
 *   any: a resource does not stop, the volume does not demote → self-fence (R38)
 * </pre>
 */
final class Departure {

    /** Subject of the alarm that this node stopped because of one. */
    static final String SPLIT_BRAIN = "split brain";

    /** Subject of the alarm that the peer won while this node still believed that it leads. */
    static final String DEPOSED = "deposed";

    /** How long a refused or failed automatic move is not tried again. */
    static final long MOVE_PAUSE_NANOS = 10_000_000_000L;

    private final NodeName me;
    private final NodeName peer;
    private final long limitNanos;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final Evidence evidence;
    private final PeerSession session;
    private final PeerWatch watch;
    private final ServiceGate gate;
    private final PlannedMove move;
    private final SelfFencing selfFencing;
    private final Ending ending;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;
    private Position drainedAt = Position.EMPTY;
    private long noMoveBeforeNanos;

    Departure(
            ClusterConfiguration config,
            Lifecycle lifecycle,
            Rights rights,
            Evidence evidence,
            PeerSession session,
            PeerWatch watch,
            ServiceGate gate,
            PlannedMove move,
            SelfFencing selfFencing,
            Ending ending,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.limitNanos = config.handOverLimitNanos();
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.evidence = evidence;
        this.session = session;
        this.watch = watch;
        this.gate = gate;
        this.move = move;
        this.selfFencing = selfFencing;
        this.ending = ending;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    // ---------------------------------------------------------------- begun

    void begin(Purpose purpose, String why) {
        effects.note("resource", rule(purpose), me + " stops serving: " + purpose, why);
        lifecycle.become(
                new Phase.Departing(Stage.STOPPING, purpose, why, time.nowNanos() + limitNanos));
        if (purpose == Purpose.HAND_OVER) {
            session.send(new ClusterMessage.HandOverComing(rights.record().epoch()));
            move.beginUnasked();
        }
    }

    private static Rule rule(Purpose purpose) {
        return purpose == Purpose.SPLIT_BRAIN ? Rule.R29 : Rule.R17;
    }

    /** Someone holds a higher epoch: whatever we believe, we have lost (R2, R8). */
    void deposed(Epoch higher) {
        alarms.raise(DEPOSED, peer + " leads epoch " + higher + " while " + me + " was primary");
        begin(Purpose.DEPOSED, peer + " has the higher epoch " + higher);
        gate.close();
    }

    /**
     * R29: no rule says which of two histories goes on; only a person knows which leases shall
     * stay. The other node finds the same and stops, too.
     */
    void splitBrain(String found) {
        alarms.raise(
                SPLIT_BRAIN,
                "split brain (R29): " + found + ". Both nodes stop. " + Meeting.CHOICE);
        begin(Purpose.SPLIT_BRAIN, found);
        gate.close();
        // At once and durably, the permit with it: a crash before the demotion chooses nobody.
        rights.save(rights.state().outdated());
    }

    /** Whether an automatic move may be tried: one that failed a moment ago is not. */
    boolean mayMove() {
        return time.nowNanos() >= noMoveBeforeNanos;
    }

    // ---------------------------------------------------------------- duty

    /**
     * Gives up what cannot be finished.
     *
     * @return how many resources shall still run; empty: as many as now
     */
    OptionalInt advance(Phase.Departing departing) {
        if (departing.purpose() == Purpose.HAND_OVER && departing.stage() != Stage.DEMOTING) {
            if (time.nowNanos() >= departing.deadlineNanos()) {
                giveUp("it was not done within the limit");
                return OptionalInt.empty();
            }
            if (watch.isLost()) {
                giveUp(peer + " is lost: " + watch.reason());
                return OptionalInt.empty();
            }
            // It does not become primary by a hand-over any more (R6), and the record needs it no
            // longer.
            if (evidence.proof().isPresent()) {
                giveUp(evidence.proof().get().sentence());
                return OptionalInt.empty();
            }
        }
        return switch (departing.stage()) {
            case STOPPING -> OptionalInt.of(departing.purpose() == Purpose.HAND_OVER ? 1 : 0);
            case DRAINING, DEMOTING -> OptionalInt.empty();
            case UNMOUNTING -> OptionalInt.of(0);
        };
    }

    /** Before the demotion, a failure leaves the old one serving (R17). */
    private void giveUp(String reason) {
        effects.note(
                "record",
                Rule.R17,
                "the hand-over is given up: " + me + " goes on serving",
                reason);
        noMoveBeforeNanos = time.nowNanos() + MOVE_PAUSE_NANOS;
        if (lifecycle.phase() instanceof Phase.Departing departing
                && departing.stage() != Stage.STOPPING) {
            effects.add(new Effect.Unpark());
        }
        session.send(new ClusterMessage.HandOverCancelled(rights.record().epoch()));
        lifecycle.become(new Phase.Leading(false));
        if (move.isForStandby()) {
            rights.save(rights.state().withStandby(Optional.empty()));
        }
        move.finish(
                new CommandResult.Failed(
                        "the hand-over was given up (" + reason + "); " + me + " goes on serving"),
                "given up");
    }

    // ---------------------------------------------------------------- answered

    /** Nothing from index {@code wanted} on runs any more. */
    void stoppedDownTo(int wanted) {
        if (!(lifecycle.phase() instanceof Phase.Departing departing)) {
            return;
        }
        switch (departing.stage()) {
            case STOPPING -> {
                if (wanted == 1 && departing.purpose() == Purpose.HAND_OVER) {
                    lifecycle.become(departing.at(Stage.DRAINING));
                    effects.add(
                            new Effect.ParkAndDrain(
                                    Math.max(1, departing.deadlineNanos() - time.nowNanos())));
                } else if (wanted == 0 && departing.purpose() == Purpose.DISK_FAILED) {
                    effects.note(
                            "record",
                            Rule.R32,
                            me + " is inconsistent and gives up its role",
                            "everything here is stopped, the gate is shut");
                    lifecycle.become(new Phase.Idle());
                    gate.demoted();
                    rights.save(rights.state().outdated().withStanding(Standing.INCONSISTENT));
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
        lifecycle.become(departing.at(Stage.DEMOTING));
        effects.add(new Effect.DemoteVolume());
    }

    void drained(Position position) {
        if (lifecycle.phase() instanceof Phase.Departing departing
                && departing.stage() == Stage.DRAINING) {
            effects.note(
                    "record",
                    Rule.R17,
                    "drained at sequence " + position.seq(),
                    "every write is durable on both nodes");
            drainedAt = position;
            lifecycle.become(departing.at(Stage.UNMOUNTING));
        }
    }

    void drainFailed(String reason) {
        if (lifecycle.phase() instanceof Phase.Departing departing
                && departing.stage() == Stage.DRAINING) {
            giveUp("the last writes could not be drained: " + reason);
        }
    }

    void sessionClosed(String reason) {
        if (lifecycle.phase() instanceof Phase.Departing departing
                && departing.purpose() == Purpose.HAND_OVER
                && departing.stage() != Stage.DEMOTING) {
            giveUp("the replication session broke: " + reason);
        }
    }

    void demoted() {
        if (!(lifecycle.phase() instanceof Phase.Departing departing)
                || departing.stage() != Stage.DEMOTING) {
            return;
        }
        gate.demoted();
        lifecycle.become(new Phase.Idle());
        switch (departing.purpose()) {
            case HAND_OVER -> handOver(departing);
            case STOP -> {
                effects.note("record", Rule.POLICY, me + " is stopped", departing.why());
                ending.end(departing.why());
            }
            case DISK_FAILED -> throw new IllegalStateException("a failed disk does not demote");
            case DEPOSED -> rights.save(rights.state().outdated());
            // It is outdated since it was found.
            case SPLIT_BRAIN -> {}
        }
    }

    private void handOver(Phase.Departing departing) {
        if (!session.isOpen()) {
            // Nobody was told, so the rights are still ours: the pair meets again, or fences.
            effects.note(
                    "record",
                    Rule.R17,
                    me + " is demoted, but could not hand over",
                    "the replication session broke");
            move.finish(new CommandResult.Failed("the replication session broke"), "undecided");
            return;
        }
        effects.note(
                "record",
                Rule.R17,
                me + " is demoted and outdated, and hands over",
                departing.why());
        var record = rights.record();
        rights.save(rights.state().outdated());
        session.send(new ClusterMessage.HandOver(record.epoch(), record.gen(), drainedAt));
        session.needNotSay(
                new ClusterMessage.Outdated(record.epoch(), record.gen(), OutdatedReason.TARGET));
    }

    void demotionFailed(String reason) {
        if (lifecycle.phase() instanceof Phase.Departing) {
            selfFencing.reset(Rule.R38, "the volume does not demote: " + reason);
        }
    }

    void deadlines(Deadlines deadlines) {
        switch (lifecycle.phase()) {
            case Phase.Departing departing -> deadlines.ifComing(departing.deadlineNanos());
            case Phase.Leading _ -> deadlines.ifComing(noMoveBeforeNanos);
            case Phase.Idle _, Phase.Promoting _, Phase.Leaving _, Phase.Ended _ -> {}
        }
    }
}
