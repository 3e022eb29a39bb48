package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Standing;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What two controllers say to each other. It travels in the replication session, in order with the
 * operations, and dies with the session (R2). {@link ClusterMessageCodec} has the byte layout.
 *
 * <p>The conversations:
 *
 * <pre>
 *   session opens      both: Hello
 *   nobody is primary  target: Outdated --> source promotes                              (R28)
 *   daemon restarted   A: PromiseRequest --> B: Promised --> A promotes                  (R27)
 *   B became equal     A: Grow --> B: GrowAccepted                                       (R10)
 *   B leaves           B: Outdated --> A goes on alone: OutdatedNoted --> B stops        (R16)
 *   hand-over          A: HandOverComing ... A: HandOver --> B: HandOverTaken, ServiceStarted (R17)
 *   after a pause      A: ConfirmRequest --> B: Confirmed                                (R9)
 *   after a force      ForcedEpochs, so that both mark them                              (R21)
 *   operator           CommandForwarded --> CommandAnswered
 * </pre>
 */
public sealed interface ClusterMessage {

    /**
     * Who I am; sent first by both, and again whenever what it says has changed.
     *
     * @param position end of the sender's history
     * @param resumable the sender was primary in this power-on and its service still runs (R27)
     * @param permit the sender holds the solo permit of its record's epoch
     * @param arbiter that the sender is configured for; its record may still belong to another
     *     (R12)
     * @param stopped everything of the sender that serves is stopped and its gate is shut: without
     *     this, <em>outdated</em> is no proof P1 (H12)
     */
    record Hello(
            NodeName node,
            BootId bootId,
            long incarnation,
            Role role,
            ClusterRecord record,
            Epoch promised,
            Standing standing,
            boolean permit,
            boolean resumable,
            boolean stopped,
            Position position,
            ArbitrationMode arbiter)
            implements ClusterMessage {}

    /** P1: the sender is durably outdated, its gate is shut; names the receiver's record. */
    record Outdated(Epoch epoch, Generation gen, OutdatedReason reason) implements ClusterMessage {}

    /** The receiver's P1 took effect; a leaving node may stop. */
    record OutdatedNoted(Epoch epoch, Generation gen) implements ClusterMessage {}

    /**
     * R27: promise {@code epoch} to me; {@code from} is the epoch that the sender last wrote in.
     */
    record PromiseRequest(Epoch from, Epoch epoch, Generation gen) implements ClusterMessage {}

    /** R27: promised, durably; the sender's standing says whether it is still a member. */
    record Promised(Epoch epoch, Standing standing) implements ClusterMessage {}

    /** R27: not promised. */
    record PromiseRefused(Epoch epoch, Epoch promised, String sentence) implements ClusterMessage {}

    /** R10: you are in sync from here on. */
    record Grow(Epoch epoch, Generation gen, long seq) implements ClusterMessage {}

    record GrowAccepted(Epoch epoch, Generation gen) implements ClusterMessage {}

    /** A hand-over has begun; the receiver may prepare. Grants nothing. */
    record HandOverComing(Epoch epoch) implements ClusterMessage {}

    /** The hand-over was given up; the sender goes on serving. */
    record HandOverCancelled(Epoch epoch) implements ClusterMessage {}

    /**
     * R17: the sender is drained, demoted and outdated; void unless the record is still this one.
     */
    record HandOver(Epoch epoch, Generation gen, Position position) implements ClusterMessage {}

    /** The receiver's hand-over was taken: the record is won at {@code epoch}. */
    record HandOverTaken(Epoch epoch) implements ClusterMessage {}

    /**
     * The sender is the primary of {@code epoch}, and the service runs there: once in a session.
     */
    record ServiceStarted(Epoch epoch) implements ClusterMessage {}

    /** After a hand-over: the service does not start here; the volume follows back by a grow. */
    record ServiceFailed(Epoch epoch, String reason) implements ClusterMessage {}

    /** Is {@code epoch} still mine, as far as you know? */
    record ConfirmRequest(Epoch epoch, long nonce) implements ClusterMessage {}

    record Confirmed(Epoch epoch, long nonce) implements ClusterMessage {}

    /** An operator's wish that concerns the receiver. */
    record CommandForwarded(long requestNumber, Command command) implements ClusterMessage {}

    record CommandAnswered(long requestNumber, CommandResult result) implements ClusterMessage {}

    /** R21: these epochs were forced by a person; said once in a session, if there are any. */
    record ForcedEpochs(SortedSet<Epoch> epochs) implements ClusterMessage {
        public ForcedEpochs {
            epochs = Collections.unmodifiableSortedSet(new TreeSet<>(epochs));
        }
    }

    /** Why a node marked itself outdated. */
    enum OutdatedReason {
        /** It leaves gracefully (R16). */
        LEAVING,
        /** Both met, and the receiver's history is the source (R28). */
        TARGET,
        /** The receiver gets no acknowledgements and asked. */
        ASKED,
        /** Its disk failed (R32). */
        DISK_FAILED
    }
}
