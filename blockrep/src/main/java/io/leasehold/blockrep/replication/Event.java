package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.Set;

/**
 * What {@link Replication} is told. Events of a session that is not the open one change nothing
 * (H13).
 */
public sealed interface Event {

    // ---- from whoever holds the record ----

    /** A promise of this epoch is durable (R2). */
    record Promised(long epoch) implements Event {}

    /**
     * This node is the writer of an epoch; its lineage says so durably.
     *
     * @param tail the last operation of the history so far: must be on every in-sync node before it
     *     is served (R27)
     * @param decided the epochs of its lineage that a person forced (R21): what a peer has behind
     *     the begin of one of them was given up with open eyes
     */
    record Promoted(
            long epoch,
            Set<NodeName> inSync,
            long recordGeneration,
            Seq tail,
            Seq durable,
            Lineage decided)
            implements Event {}

    /** The record of this epoch now says this; durable here. */
    record RecordChanged(long epoch, Set<NodeName> inSync, long recordGeneration)
            implements Event {}

    record Demoted() implements Event {}

    // ---- from the session ----

    /**
     * A session is open and the peer's standing is known: at its begin, and again when a compare
     * has ended.
     */
    record PeerReady(SessionId session, PeerFacts peer, ReplayCheck replay) implements Event {}

    record SessionClosed(SessionId session, String reason) implements Event {}

    /** On the target: the source has begun to send. */
    record SourceBegan(SessionId session, ReplicationState state) implements Event {}

    /**
     * On the source: the replay of this plan has reached the head; from the operation behind {@code
     * at} on each is sent at once.
     */
    record WentLive(SessionId session, long plan, Seq at) implements Event {}

    /**
     * On the source: everything of a compare is in the queue. The target ends it by saying that it
     * now stands here.
     */
    record CompareSent(SessionId session, Seq at, Root root) implements Event {}

    /** The peer's journal is durable up to here. */
    record PeerDurable(SessionId session, Seq upTo, RootCheck roots) implements Event {}

    // ---- from this node ----

    /**
     * Whether the two copies were found to differ, and not everything was compared since. Found by
     * a verification, or known from before this process started.
     */
    record FoundDifferent(boolean yes) implements Event {}

    /** Somebody waits until everything up to here is complete. */
    record FlushWanted(Seq upTo) implements Event {}

    record LocallyDurable(Seq upTo) implements Event {}

    /** R32. */
    record DiskFailed(String reason) implements Event {}

    record Tick() implements Event {}

    /** Whether the journal can bring the peer up to date. */
    enum ReplayCheck {
        POSSIBLE,
        /** The ring has overtaken the peer. */
        RECORDS_GONE,
        /** The peer's root at its last operation is not ours: same lineage, other content. */
        ROOTS_DIFFER
    }

    /** Comparison of both roots at the sequence of an acknowledgement. */
    enum RootCheck {
        EQUAL,
        DIFFERENT,
        /** The own root at that sequence is not in memory any more. */
        UNKNOWN
    }
}
