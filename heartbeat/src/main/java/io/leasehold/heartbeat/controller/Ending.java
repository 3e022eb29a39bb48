package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;

/** The orderly end of this process: who waits is answered, the peer is told, then it may stop. */
final class Ending {
    private final NodeName me;
    private final Lifecycle lifecycle;
    private final PlannedMove move;
    private final Publication publication;
    private final Effects effects;

    Ending(
            NodeName me,
            Lifecycle lifecycle,
            PlannedMove move,
            Publication publication,
            Effects effects) {
        this.me = me;
        this.lifecycle = lifecycle;
        this.move = move;
        this.publication = publication;
        this.effects = effects;
    }

    void end(String reason) {
        move.finish(new CommandResult.Failed(me + " shuts down"), reason);
        lifecycle.become(new Phase.Ended(reason));
        publication.publish();
        effects.add(new Effect.ShutDown(reason));
    }
}
