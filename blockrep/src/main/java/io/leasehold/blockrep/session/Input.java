package io.leasehold.blockrep.session;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame.Envelope;

/** What {@link SessionProtocol} is told. */
public sealed interface Input {

    /** The session has begun: nothing was sent, nothing has come. Once, and first. */
    record Opened() implements Input {}

    /** A frame of the peer. */
    record Arrived(Envelope envelope) implements Input {}

    /**
     * All that was ordered for the last frame is done.
     *
     * @param moreIsHere whether the next one has come already: a flush may wait for it
     */
    record Handled(boolean moreIsHere) implements Input {}

    /** This copy is another one than the peer was told, by other than its operations. */
    record StandingChanged() implements Input {}

    /**
     * The answer to {@link Order.Append}.
     *
     * @param sameRoot false: it leads to another root than the peer's, and nothing was written
     */
    record Appended(Seq seq, int bytes, boolean sameRoot) implements Input {}

    /** The answer to {@link Order.MakeRoom} if the journal has too little. */
    record RoomNeeded() implements Input {}

    /** The answer to {@link Order.Sync}. */
    record Synced(Seq last, Root root, boolean acknowledge) implements Input {}

    /** The answer to {@link Order.EndCompare}: the shadow is the tree, the journal begins there. */
    record CompareEnded() implements Input {}

    /** R39: this node is about to become the writer, or closes: nothing more is taken from here. */
    record Settling() implements Input {}

    /** What the peer sent is no frame, or cannot be carried out as what it is. */
    record Malformed(String what) implements Input {}

    /** This node could not do what was ordered, or what it began for the peer; the peer is well. */
    record Failed(String what) implements Input {}

    /** The session is over, whoever ended it. Once, and last. */
    record Closed(String reason) implements Input {}
}
