package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.ConnectionState;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * One consistent picture of a volume on one node.
 *
 * @param device this node's copy
 * @param role writer or not
 * @param disk whether the disk still takes what it is given
 * @param connection the session to the peer
 * @param replication what flows in it
 * @param refusal why the peer is not synced, for a person (R24, R29, R30); empty if it is
 * @param splitBrain it is not because both copies may have what clients were told and the other one
 *     lacks: whoever writes must stop serving until a person has decided (R29)
 * @param promisedEpoch the highest epoch promised; writers with lower ones are rejected (R2)
 * @param lineage who wrote this history
 * @param last the last operation in the journal
 * @param durable the last operation that is durable on this node
 * @param committed the last operation known to be durable on every in-sync node
 * @param root the rolling hash at {@code last}
 * @param inSync as last told by {@link ReplicatedVolume#recordChanged}; empty on a secondary
 * @param recordGeneration as last told
 * @param peer what the peer said of itself; empty without a session
 * @param peerDurable the last operation that the peer acknowledged in this session
 * @param frozenForNanos since when completions wait for the peer or for the record; empty if they
 *     don't
 * @param frozenReason why, for a person; empty if not frozen
 * @param resync progress of a replay or compare that is under way
 * @param lastResync the last one, with a verification left out, that this node has sent or taken
 *     since this process started and that had anything to do
 * @param divergence the last difference that was found since this process started, unless a full
 *     verification by this node has found none since, or this copy has been replaced by the peer's
 * @param foundDifferent where the copies were found to differ, also before this process started;
 *     the next resync compares everything, and then it is empty
 * @param lastRootCheck the last position at which both nodes' roots were found equal
 * @param mountPoint where the volume is mounted on this node
 * @param counters since this process started
 */
public record VolumeFacts(
        DeviceId device,
        Role role,
        Disk disk,
        ConnectionState connection,
        ReplicationState replication,
        Optional<String> refusal,
        boolean splitBrain,
        long promisedEpoch,
        Lineage lineage,
        Seq last,
        Seq durable,
        Seq committed,
        Root root,
        Set<NodeName> inSync,
        long recordGeneration,
        Optional<PeerFacts> peer,
        Optional<Seq> peerDurable,
        OptionalLong frozenForNanos,
        Optional<String> frozenReason,
        Optional<ResyncProgress> resync,
        Optional<FinishedResync> lastResync,
        Optional<Divergence> divergence,
        Optional<Seq> foundDifferent,
        Optional<Seq> lastRootCheck,
        Optional<Path> mountPoint,
        Counters counters) {

    /** The state of this node's disk. */
    public sealed interface Disk {
        /** Everything that was asked of it was done. */
        record Working() implements Disk {}

        /**
         * A write or flush failed, or there is no room left: R32, not used again by this process.
         */
        record Failed(String reason) implements Disk {}
    }

    /**
     * How far a resync has come.
     *
     * @param kind what is done
     * @param done bytes compared, copied or replayed
     * @param total bytes to do in all, as far as it is known yet
     * @param bytesPerSecond over the last few seconds
     * @param remaining at that rate; empty while nothing can be said
     */
    public record ResyncProgress(
            ResyncKind kind,
            long done,
            long total,
            long bytesPerSecond,
            Optional<Duration> remaining) {}

    /**
     * A resync that has come to its end.
     *
     * @param kind what was done
     * @param bytes compared, copied or replayed
     * @param took from the first byte to the last
     * @param endedAt by this node's clock
     */
    public record FinishedResync(ResyncKind kind, long bytes, Duration took, Instant endedAt) {
        /** As a person reads it. */
        public String describe() {
            var what =
                    switch (kind) {
                        case REPLAY -> "bytes of the journal were replayed";
                        case COMPARE -> "bytes were compared or copied";
                        case CHANGES -> "bytes were copied, what had been touched";
                        case VERIFY -> "bytes were verified";
                    };
            return bytes + " " + what + ", in " + took.toMillis() + " ms";
        }
    }

    /** How a node is made equal. */
    public enum ResyncKind {
        REPLAY,
        COMPARE,
        /** Only what either node has touched since both were the same. */
        CHANGES,
        VERIFY
    }

    /**
     * What has been counted since this process started.
     *
     * @param operations appended to the journal
     * @param syncs of the journal
     * @param bytesJournalled operations with their headers
     * @param bytesSent on the wire, in frames
     * @param bytesReceived on the wire, in frames
     * @param sessions opened
     * @param refusedConnections closed before a session opened: wrong certificate, garbage, not the
     *     peer
     * @param rejectedFrames frames of an old epoch or out of order (R2)
     * @param freezes how often completions had to wait for the record
     */
    public record Counters(
            long operations,
            long syncs,
            long bytesJournalled,
            long bytesSent,
            long bytesReceived,
            long sessions,
            long refusedConnections,
            long rejectedFrames,
            long freezes) {}
}
