package io.leasehold.blockrep.replication;

import io.leasehold.blockrep.volume.Seq;
import java.util.OptionalLong;

/**
 * Remembers when the peer last held completions up for so long that whoever waits for one could be
 * taken for dead. Pure, and guarded as its {@link Replication} is.
 *
 * <pre>
 *   NOT WAITING --durable here, not there--> WAITING --completed, or not needed any more--> NOT WAITING
 *                                            WAITING --some of it is completed--> WAITING, from then on
 *   each WAITING of {@link #HELD_UP_NANOS} or longer is a delay
 * </pre>
 */
public final class PeerDelay {
    /**
     * A hundred times what an acknowledgement takes, so that the load of a healthy pair is none;
     * far below what a question to a DHCP server waits for its answer.
     */
    static final long HELD_UP_NANOS = 100_000_000L;

    private boolean waiting;
    private long waitingSinceNanos;
    private Seq completed = Seq.NONE;
    private OptionalLong endedNanos = OptionalLong.empty();

    /** Looks at the machine; to be called after each of its steps. */
    public void observe(long nowNanos, Replication machine) {
        observe(nowNanos, machine.isHeldUp(), machine.completed());
    }

    void observe(long nowNanos, boolean heldUp, Seq nowCompleted) {
        if (waiting && (!heldUp || !nowCompleted.equals(completed))) {
            if (isLong(nowNanos)) {
                endedNanos = OptionalLong.of(nowNanos);
            }
            waiting = false;
        }
        if (heldUp && !waiting) {
            waiting = true;
            waitingSinceNanos = nowNanos;
        }
        completed = nowCompleted;
    }

    /** When the last delay ended: now if one is going on. Empty: there was none. */
    public OptionalLong lastNanos(long nowNanos) {
        return waiting && isLong(nowNanos) ? OptionalLong.of(nowNanos) : endedNanos;
    }

    private boolean isLong(long nowNanos) {
        return nowNanos - waitingSinceNanos >= HELD_UP_NANOS;
    }
}
