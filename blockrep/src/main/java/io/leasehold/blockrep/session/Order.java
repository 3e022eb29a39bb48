package io.leasehold.blockrep.session;

import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;

/**
 * What {@link SessionProtocol} wants done, in the order of its list: each is complete before the
 * next begins, so "durable before acknowledged" is the order of two entries. If one fails, those
 * behind it are dropped, and {@link Input.Failed} or {@link Input.Malformed} is brought.
 */
@SuppressWarnings(
        "ArrayRecordComponent") // Carries bytes from one place to the next; never compared.
public sealed interface Order {

    /** Send this at once, behind all that is queued. */
    record Send(long epoch, Seq seq, Frame frame) implements Order {}

    /** End the session. */
    record End(String reason, Cause cause) implements Order {}

    /** Why a session is ended. */
    enum Cause {
        /** The next one may be better. */
        ORDINARY,
        /** One of the two refuses the other: if that goes on, only a person changes it. */
        REFUSAL,
        /** The peer sent what it must not: a bug, or not our peer. */
        VIOLATION,
        /** This node cannot do its part: its disk is full or damaged, or the journal too small. */
        FAILURE
    }

    // ---- to this node ----

    /** Tell the replication machine. */
    record Tell(Event event) implements Order {}

    /** Both ends have said who they are: messages can be sent. */
    record Greeted(PeerFacts peer) implements Order {}

    /**
     * Find out by {@link PeerFacts#replayCheck} whether the journal can bring the peer up to date,
     * and tell the replication machine {@link Event.PeerReady}.
     */
    record CheckReplay(PeerFacts peer) implements Order {}

    /** Hand over what the peer's cluster manager says. */
    record Deliver(byte[] message) implements Order {}

    /** Note that both roots are the same here. */
    record NoteRootsEqual(Seq at) implements Order {}

    /** Note that the peer writes an epoch that was given up (R2). */
    record NoteRejected(String reason) implements Order {}

    /** Tell a person that the copies differ. */
    record ReportDivergence(Seq at, String what) implements Order {}

    /** A session that was greeted is over: nothing of it may arrive any more (H13). */
    record Farewell(String reason) implements Order {}

    // ---- to the journal and the tree ----

    /** R2: durably promise this epoch, then tell the replication machine. */
    record Promise(long epoch) implements Order {}

    /**
     * Durably take this as the lineage of the copy, and promise the epoch. What this node
     * acknowledged alone is by now the peer's too.
     */
    record AdoptLineage(Lineage lineage, long promisedEpoch) implements Order {}

    /** If the journal has little room: bring {@link Input.RoomNeeded}, then make a checkpoint. */
    record MakeRoom() implements Order {}

    /** Put the operation behind the journal's end; bring {@link Input.Appended}. */
    record Append(Seq seq, Frame.OperationIs operation) implements Order {}

    /**
     * Make durable what was appended; bring {@link Input.Synced}.
     *
     * @param acknowledge as it is to be said in the answer
     */
    record Sync(boolean acknowledge) implements Order {}

    /** R26: bring to the tree what is durable in the journal. */
    record Apply() implements Order {}

    // ---- compare and verify ----

    /** Begin a shadow of what the peer has at {@code base}. */
    record BeginCompare(long epoch, Seq base, Frame.CompareBegins begins) implements Order {}

    /** Take a part of the compare. */
    record TakePart(Seq seq, Frame.ComparePart part) implements Order {}

    /** Put the shadow into the tree's place (R31); bring {@link Input.CompareEnded}. */
    record EndCompare(Seq seq, Frame.CompareEnds ends) implements Order {}

    /** Throw the shadow away. */
    record AbandonCompare() implements Order {}

    /** The peer, as target of a compare, says what it has or wants. */
    record Provide(Seq seq, Frame.CompareAnswer answer) implements Order {}

    /** Digest the same piece here, at the same place in the order, and send the answer. */
    record AnswerVerify(long epoch, Seq seq, Frame.VerifyPiece piece) implements Order {}

    /** The peer's answer to a verification that runs here. */
    record Verified(Frame.VerifyAnswer answer) implements Order {}
}
