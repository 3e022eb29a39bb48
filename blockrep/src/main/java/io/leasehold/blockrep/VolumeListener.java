package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/**
 * What a volume reports. Called on the volume's event thread, one call at a time and in the order
 * in which things happened; an implementation hands over and returns, it never blocks and never
 * throws.
 */
public interface VolumeListener {

    /**
     * A session has opened: both ends proved their identity and exchanged their standing. Messages
     * can be sent from now on. Nothing flows yet that could change the peer's tree.
     */
    void peerConnected(SessionId session, PeerFacts peer);

    /** The session has ended; nothing of it arrives any more (H13). */
    void peerDisconnected(SessionId session, String reason);

    /**
     * An opaque message, in the order in which the peer sent it, operations of the session included
     * (R2).
     */
    void peerMessage(SessionId session, byte[] message);

    /**
     * R4: the peer does not acknowledge, completions are frozen: no error, no success. They go on
     * when {@link ReplicatedVolume#recordChanged} says that {@code inSync} is this node alone.
     */
    void shrinkWanted(String reason);

    /**
     * R10: the peer is equal at {@code equalAt} (root and sequence), and every completion since
     * then needs its acknowledgement. The record may now be grown; until {@link
     * ReplicatedVolume#recordChanged} says how that ended, both are needed.
     *
     * @param resync how the peer was made equal, if that is known
     */
    void growWanted(Seq equalAt, Optional<VolumeFacts.FinishedResync> resync);

    /** R32: this node's disk is gone for this process. Nothing is acknowledged any more. */
    void diskFailed(String reason);

    /**
     * The peer's copy holds other data than ours at the same position. Completions go on; the
     * operator must know, and a compare is due.
     */
    void divergenceFound(Divergence divergence);

    /**
     * Something that {@link VolumeFacts} shows has changed; progress and counters at most once a
     * second.
     */
    void factsChanged(VolumeFacts facts);
}
