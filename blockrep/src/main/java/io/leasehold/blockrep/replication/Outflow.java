package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/**
 * What a writer sends, as operations get their places, and when they may. Pure; not thread-safe:
 * whoever asks holds the lock under which operations get their places, so that what is said in
 * between is in the order, too.
 *
 * <pre>
 *   not writer ──becomeWriter──► writer ──park──► parked ──unpark──► writer
 *        ▲                          │                │
 *        └───────── stopWriting ────┴────────────────┘       fail, from any: nothing gets a place again
 *
 *   to the peer, while writer:   nothing live ──goLive, at the last operation──► live
 *                                     ▲                                           │
 *                                     └──── beginReplay, sessionEnded, stopWriting ┘
 * </pre>
 *
 * @param <S> whatever the shell calls a session
 */
public final class Outflow<S> {
    private long epoch;
    private boolean writer;
    private boolean parked;
    private boolean failed;
    private Optional<S> live = Optional.empty();
    private Seq lastFlushMark = Seq.NONE;
    private long plan;

    /** Whether a replay is at the point where operations are sent as they get their places. */
    public enum Reached {
        LIVE,
        /** Operations have got a place since. */
        NOT_YET,
        /** Another plan has begun, or this node is not the writer any more. */
        REPLACED
    }

    /** Whether an operation may get a place now; if not, it waits. */
    public boolean takesOperations() {
        return writer && !parked && !failed;
    }

    /** Also while it is parked, or its disk has failed. */
    public boolean isWriter() {
        return writer;
    }

    /** Of this writer; the last one if it is not the writer any more. */
    public long epoch() {
        return epoch;
    }

    /** To whom each operation is sent as it gets its place. */
    public Optional<S> live() {
        return live;
    }

    /**
     * From now on operations get their places, in this epoch.
     *
     * @throws IllegalStateException R1: it is not higher than the last one
     */
    public void becomeWriter(long ofEpoch) {
        if (ofEpoch <= epoch) {
            throw new IllegalStateException("R1: writer of " + epoch + ", now of " + ofEpoch);
        }
        epoch = ofEpoch;
        writer = true;
        parked = false;
    }

    /** Operations wait, and nothing is sent any more. */
    public void stopWriting() {
        writer = false;
        parked = false;
        live = Optional.empty();
    }

    /** R17: operations wait; what has its place is still sent. */
    public void park() {
        parked = true;
    }

    /** The hand-over did not come about. */
    public void unpark() {
        parked = false;
    }

    /** R32: nothing gets a place any more. */
    public void fail() {
        failed = true;
    }

    /** A new plan begins: until it goes live nothing is sent as it gets its place. */
    public void beginReplay(long newPlan) {
        plan = newPlan;
        live = Optional.empty();
    }

    /** Whether the replay of a plan may send: what a replaced one sent would come twice. */
    public boolean replays(long ofPlan) {
        return writer && plan == ofPlan;
    }

    /**
     * Goes live if everything was sent.
     *
     * @param sent the last operation that the replay of the plan has sent
     * @param last the last one that has a place
     */
    public Reached goLive(long ofPlan, S session, Seq sent, Seq last) {
        if (!replays(ofPlan)) {
            return Reached.REPLACED;
        }
        if (last.isAfter(sent)) {
            return Reached.NOT_YET;
        }
        live = Optional.of(session);
        lastFlushMark = sent;
        return Reached.LIVE;
    }

    /** The session is over. */
    public void sessionEnded(S session) {
        if (live.isPresent() && live.get().equals(session)) {
            live = Optional.empty();
        }
    }

    /**
     * The place of a flush mark for the live peer, if somebody waits for {@code upTo}; empty if one
     * covers it already. It covers all that has a place, which may be more than was asked for.
     */
    public Optional<Seq> flushMark(Seq upTo, Seq last) {
        if (live.isEmpty() || !upTo.isAfter(lastFlushMark)) {
            return Optional.empty();
        }
        lastFlushMark = last;
        return Optional.of(last);
    }

    /** Whether something can be said to a session at the present end of the order. */
    public boolean isInOrder(S session) {
        return !writer || (live.isPresent() && live.get().equals(session));
    }
}
