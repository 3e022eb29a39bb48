package io.leasehold.ops.control;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The replicated volume on the node that answers.
 *
 * @param role primary or secondary
 * @param disk working or failed
 * @param diskFailure why it failed
 * @param connection of the replication stream: standalone, connecting, connected
 * @param replication what flows in it: established, sync-source, sync-target, off
 * @param mountPoint where it is mounted on this node
 * @param directory of the backing files
 * @param promisedEpoch the highest that this copy has promised
 * @param lastSequence the last operation in this node's journal
 * @param durableSequence the last one that is durable on this node
 * @param committedSequence the last one known to be durable on every in-sync node
 * @param peerSequence the last one that the peer has confirmed
 * @param equalSequence where both copies were last found equal
 * @param frozenMillis how long acknowledgements have been waiting; empty if they are not
 * @param frozenReason why they are
 * @param refusal why the peer is not made equal, and what a person must do; empty if it is
 * @param divergence how the copies were found to differ, and where; empty if they were not
 * @param resync under way
 * @param foundDifferentSequence where the copies were found to differ, also before this daemon
 *     started; the next resync compares everything, and then it is empty
 * @param lastResync the last one that this node has sent or taken since this daemon started
 */
public record VolumeView(
        String role,
        String disk,
        Optional<String> diskFailure,
        String connection,
        String replication,
        Optional<String> mountPoint,
        String directory,
        long promisedEpoch,
        long lastSequence,
        long durableSequence,
        long committedSequence,
        OptionalLong peerSequence,
        OptionalLong equalSequence,
        OptionalLong frozenMillis,
        Optional<String> frozenReason,
        Optional<String> refusal,
        Optional<String> divergence,
        Optional<ResyncView> resync,
        OptionalLong foundDifferentSequence,
        Optional<FinishedResyncView> lastResync)
        implements View {

    /**
     * How far a resync is.
     *
     * @param way replay, changes (what was touched since both were the same), compare (everything)
     *     or verify
     * @param doneBytes of {@code totalBytes}
     * @param totalBytes as far as it is known yet
     * @param bytesPerSecond over the last few seconds
     * @param remainingMillis at that rate; empty while nothing can be said
     */
    public record ResyncView(
            String way,
            long doneBytes,
            long totalBytes,
            long bytesPerSecond,
            OptionalLong remainingMillis) {}

    /**
     * A resync that has come to its end.
     *
     * @param way replay, changes or compare
     * @param bytes replayed, copied or compared
     * @param millis from the first byte to the last
     * @param endedAt by the clock of the node that answers
     */
    public record FinishedResyncView(String way, long bytes, long millis, Instant endedAt) {}
}
