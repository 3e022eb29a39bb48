package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.CommandAnswers.Origin;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import java.util.List;
import java.util.Optional;

/**
 * A hand-over that somebody waits for, from its beginning until the new primary serves.
 *
 * <pre>
 *   none --begun by a person, a shutdown, a reason to move--> under way
 *   under way --peer serves | peer could not start | given up | won back here | time limit | shut down--> none, answered
 * </pre>
 */
final class PlannedMove {

    private record Move(List<Origin> origins, long deadlineNanos, boolean standbySet) {}

    private final NodeName me;
    private final NodeName peer;
    private final long limitNanos;
    private final CommandAnswers answers;
    private final StepTime time;
    private final Effects effects;
    private Optional<Move> move = Optional.empty();

    PlannedMove(
            NodeName me,
            NodeName peer,
            long limitNanos,
            CommandAnswers answers,
            StepTime time,
            Effects effects) {
        this.me = me;
        this.peer = peer;
        this.limitNanos = limitNanos;
        this.answers = answers;
        this.time = time;
        this.effects = effects;
    }

    /**
     * @param standbySet it was wanted by a standby, which ends if the hand-over is given up
     */
    void begin(Origin origin, boolean standbySet) {
        move = Optional.of(new Move(List.of(origin), deadlineNanos(), standbySet));
    }

    /** Nobody asked for it, but it is followed to its end all the same. */
    void beginUnasked() {
        if (move.isEmpty()) {
            move = Optional.of(new Move(List.of(), deadlineNanos(), false));
        }
    }

    private long deadlineNanos() {
        return time.nowNanos() + limitNanos;
    }

    boolean isUnderWay() {
        return move.isPresent();
    }

    boolean isForStandby() {
        return move.filter(Move::standbySet).isPresent();
    }

    void finish(CommandResult result, String why) {
        move.ifPresent(done -> {
            move = Optional.empty();
            effects.note("operator", Rule.R17, "the hand-over is over", why);
            done.origins().forEach(origin -> answers.answer(origin, result));
        });
    }

    void peerServes(Epoch epoch) {
        finish(
                new CommandResult.Done(peer + " serves, epoch " + epoch),
                peer + " serves since the hand-over");
    }

    /** What the peer has taken was lost with it; not if it hands back, which it has said before. */
    void wonBack() {
        finish(
                new CommandResult.Failed(
                        peer + " was lost before it served; " + me + " takes over again"),
                me + " has won the record again");
    }

    /** The volume follows back by a grow, and the peer hands back. */
    void peerCannotServe(Epoch epoch, String reason) {
        effects.note(
                "resource",
                Rule.R17,
                peer + " could not start the service in epoch " + epoch,
                reason);
        finish(
                new CommandResult.Failed(
                        peer
                                + " could not start the service ("
                                + reason
                                + "); it hands back as soon as "
                                + me
                                + " is in sync again"),
                "rolling back");
    }

    void expire() {
        if (move.isPresent() && time.nowNanos() >= move.get().deadlineNanos()) {
            finish(
                    new CommandResult.Failed("no word from " + peer + " about its service"),
                    "time limit");
        }
    }

    void deadlines(Deadlines deadlines) {
        move.ifPresent(waiting -> deadlines.ifComing(waiting.deadlineNanos()));
    }
}
