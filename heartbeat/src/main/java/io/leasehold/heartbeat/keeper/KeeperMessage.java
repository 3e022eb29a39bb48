package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.link.LinkConfiguration;
import io.leasehold.heartbeat.link.LinkStatistics;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What daemon and keeper say to each other over the Unix socket. They may be of different builds:
 * {@link KeeperCodec#PROTOCOL_VERSION}.
 */
sealed interface KeeperMessage {

    /** From the daemon. */
    sealed interface Request extends KeeperMessage {
        /** The first one; {@code nanoTime} lets the keeper check that both read the same clock. */
        record Attach(int protocolVersion, long nanoTime) implements Request {}

        /** The daemon shows that it works; not answered. */
        sealed interface Report extends Request {}

        @SuppressWarnings("ArrayRecordComponent") // nobody compares two of them
        record Publish(long progressNanos, byte[] payload) implements Report {}

        record Progress(long progressNanos) implements Report {}

        /** What it does before it takes part: no progress yet. */
        record Starting(String phase) implements Report {}

        /** What did you hear? Answered by {@link Notification.Listened}, behind the beats. */
        record Listen() implements Request {}

        /** To be carried out and answered. */
        sealed interface Order extends Request {}

        record GetState() implements Order {}

        record ConfigureSupervision(SupervisionPolicy policy) implements Order {}

        record ConfigureLinks(LinkConfiguration configuration) implements Order {}

        record ConfigureGate(GateConfiguration configuration) implements Order {}

        record WatchInterfaces(Set<String> names) implements Order {}

        record OpenGate(long untilNanos) implements Order {}

        record CloseGate() implements Order {}

        record ConfigureWatchdog(Optional<WatchdogConfiguration> configuration) implements Order {}

        record HoldAddress(VirtualAddress address) implements Order {}

        record ReleaseAddress() implements Order {}

        record HoldFuse(Path mountPoint) implements Order {}

        record ReleaseFuse() implements Order {}

        record Spawn(ProcessSpec spec) implements Order {}

        record Signal(String name, int signal) implements Order {}

        record StandDown(String reason) implements Order {}

        record EndWithDaemon() implements Order {}
    }

    /** From the keeper, one for each request that is answered, in their order. */
    sealed interface Answer extends KeeperMessage {
        record Done() implements Answer {}

        record Refused(String reason) implements Answer {}

        /** A descriptor, a process id, or 1 for true. */
        record Value(int value) implements Answer {}

        record State(KeeperState state) implements Answer {}
    }

    /** From the keeper, unasked. */
    sealed interface Notification extends KeeperMessage {
        record BeatReceived(PeerBeat beat) implements Notification {}

        /** All beats that came until then were passed on; see {@link Attention}. */
        record Listened(long untilNanos, long stoodStillNanos) implements Notification {}

        record InterfaceChanged(String name, boolean present, boolean carrier)
                implements Notification {}

        record Statistics(List<LinkStatistics> links) implements Notification {}

        record Health(KeeperHealth health) implements Notification {}

        record Exited(ProcessExit exit) implements Notification {}

        record GateLapsed(String reason) implements Notification {}

        record StoodDown(String reason) implements Notification {}

        record ShutdownRequested() implements Notification {}
    }
}
