package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/** What {@link Replication} wants done, in the order of its list. */
public sealed interface Effect {

    /** R3: everything up to here is durable on all in-sync nodes: answer whoever waits for it. */
    record Complete(Seq upTo) implements Effect {}

    /** R4: completions are frozen until the record says that this node is alone. */
    record WantShrink(String reason) implements Effect {}

    /** R10: the peer is equal here, and everything after it needs its acknowledgement. */
    record WantGrow(Seq equalAt) implements Effect {}

    /**
     * Send the journal from here on, then go live; a replay of an earlier plan ends.
     *
     * @param plan to be said in {@link Event.WentLive}
     */
    record StartReplay(SessionId session, long plan, Seq from) implements Effect {}

    /**
     * Compare trees; the target announces itself anew when it is done.
     *
     * @param keepBranch what the target has and this history does not is to be kept there
     * @param common up to here the lineages say that both are the same: if roots confirm it there,
     *     or at some place before, what was touched since is all that can differ. Empty if the
     *     lineages are not to be believed: everything is compared
     */
    record StartCompare(SessionId session, String reason, boolean keepBranch, Optional<Seq> common)
            implements Effect {}

    /** Send nothing: the reason is for a person (R24, R29, R30). */
    record RefusePeer(SessionId session, String reason) implements Effect {}

    record CloseSession(SessionId session, String reason) implements Effect {}

    /** The peer holds other operations than we at the same sequence. */
    record ReportDivergence(Seq at) implements Effect {}
}
