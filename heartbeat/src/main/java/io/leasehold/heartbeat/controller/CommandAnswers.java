package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who waits for the answer to a command, and where it goes: to a person here, or to the node that
 * forwarded it.
 *
 * <pre>
 *   local --concerns the peer--> forwarded --CommandAnswered | session gone, time limit--> answered
 * </pre>
 */
final class CommandAnswers {

    /** How long a forwarded command waits for the other node's answer. */
    static final long FORWARD_LIMIT_NANOS = 60_000_000_000L;

    /** Who waits for an answer. */
    sealed interface Origin {
        record Local(CommandId id) implements Origin {}

        record Remote(long requestNumber) implements Origin {}
    }

    private record Forwarded(CommandId id, long deadlineNanos) {}

    private final NodeName peer;
    private final PeerSession session;
    private final StepTime time;
    private final Effects effects;
    private final Map<Long, Forwarded> forwarded = new LinkedHashMap<>();
    private long nextForward = 1;

    CommandAnswers(NodeName peer, PeerSession session, StepTime time, Effects effects) {
        this.peer = peer;
        this.session = session;
        this.time = time;
        this.effects = effects;
    }

    void answer(Origin origin, CommandResult result) {
        switch (origin) {
            case Origin.Local(var id) -> effects.add(new Effect.Answer(id, result));
            case Origin.Remote(var number) ->
                    session.send(new ClusterMessage.CommandAnswered(number, result));
        }
    }

    /** A command that came from there is not sent back: the roles changed under way. */
    void forward(Origin origin, Command command) {
        switch (origin) {
            case Origin.Local(var id) -> {
                if (!session.isOpen()) {
                    answer(
                            origin,
                            new CommandResult.Failed(
                                    peer + " cannot be reached: no replication session"));
                } else {
                    var number = nextForward++;
                    forwarded.put(number, new Forwarded(id, time.nowNanos() + FORWARD_LIMIT_NANOS));
                    session.send(new ClusterMessage.CommandForwarded(number, command));
                }
            }
            case Origin.Remote _ ->
                    answer(
                            origin,
                            new CommandResult.Failed("the nodes changed their roles; try again"));
        }
    }

    void answered(long number, CommandResult result) {
        var waiting = forwarded.remove(number);
        if (waiting != null) {
            effects.add(new Effect.Answer(waiting.id(), result));
        }
    }

    void expire() {
        for (var entry : List.copyOf(forwarded.entrySet())) {
            if (time.nowNanos() >= entry.getValue().deadlineNanos()) {
                forwarded.remove(entry.getKey());
                effects.add(
                        new Effect.Answer(
                                entry.getValue().id(),
                                new CommandResult.Failed(peer + " did not answer")));
            }
        }
    }

    /** How many commands wait for the peer. */
    int waiting() {
        return forwarded.size();
    }

    void deadlines(Deadlines deadlines) {
        forwarded.values().forEach(waiting -> deadlines.ifComing(waiting.deadlineNanos()));
    }
}
