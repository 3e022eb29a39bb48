package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import java.util.List;
import java.util.Optional;

/** One thing that happens to one box. */
sealed interface Input {

    /** Its daemon takes the next event that its own volume has for it. */
    record Inbox() implements Input {}

    /** From now on its daemon is behind its volume, until time passes. */
    record Lag() implements Input {}

    /** The next order of its daemon is carried out. */
    record Order() implements Input {}

    /** Its journal is synced, for somebody who waits. */
    record Sync() implements Input {}

    /** What came from the peer is made durable, and acknowledged. */
    record Commit() implements Input {}

    /** What the peer lacks is put into the session. */
    record Copy() implements Input {}

    record Tick() implements Input {}

    record Beat(Announcement said, long ageNanos) implements Input {}

    /** What one step of the peer sent. */
    record Receive(List<Packet> packets) implements Input {
        public Receive {
            packets = List.copyOf(packets);
        }
    }

    record Connect() implements Input {}

    /**
     * A quantum of time.
     *
     * @param session signs of life came through the session
     * @param beat that came meanwhile and says nothing new
     * @param renumbering that keeps the space finite
     */
    record Pass(
            boolean session, Optional<Announcement> beat, long ageNanos, Renumbering renumbering)
            implements Input {}

    record Write(long id) implements Input {}

    record FenceAnswer(FenceRequestId request, FenceOutcome outcome, boolean off)
            implements Input {}

    record HearEnsemble(EnsembleEvent event) implements Input {}

    record PowerOn() implements Input {}

    record PowerOff(boolean losesTail) implements Input {}

    record KillDaemon() implements Input {}

    record StartDaemon() implements Input {}

    /** SIGTERM: it leaves, or hands over. */
    record Terminate() implements Input {}

    record Ask(Command command) implements Input {}

    /** {@code first}, but {@code death} comes when so many effects of it have been performed. */
    record DiesWithin(Input first, int effects, Input death) implements Input {}
}
