package io.leasehold.heartbeat.lease;

import java.util.OptionalLong;

/**
 * Until when this node may be heard by clients (R9).
 *
 * <p>A confirmation counts from the <em>sending</em> of the request that was answered, never from
 * the receipt of the answer. A held solo permit confirms at every instant until it is revoked; the
 * lease then runs from the revocation. In the modes without a witness the proofs P1 and P2 silence
 * a node, and this lease is the second wall: it shuts the gate of a node that cannot tell how
 * things are.
 */
public final class ServingLease {
    private final LeaseTiming timing;
    private OptionalLong confirmedNanos = OptionalLong.empty();

    public ServingLease(LeaseTiming timing) {
        this.timing = timing;
    }

    /** Extends the lease; an older confirmation than the last one changes nothing. */
    public void confirm(long sentNanos) {
        if (confirmedNanos.isEmpty() || sentNanos - confirmedNanos.getAsLong() > 0) {
            confirmedNanos = OptionalLong.of(sentNanos);
        }
    }

    /** Nothing that was confirmed before counts. */
    public void revoke() {
        confirmedNanos = OptionalLong.empty();
    }

    /** When this node must be silent, {@code now < lastConfirm + L - margin}; empty: now. */
    public OptionalLong untilNanos(long nowNanos) {
        if (confirmedNanos.isEmpty()) {
            return OptionalLong.empty();
        }
        var untilNanos = confirmedNanos.getAsLong() + timing.audibleNanos();
        return nowNanos < untilNanos ? OptionalLong.of(untilNanos) : OptionalLong.empty();
    }

    /**
     * How long a node that won the record waits until the other's lease has run out by any clock: L
     * and the drift that the margin stands for, from the later of its win and its last promise.
     */
    public long silenceProvenNanos(long wonNanos, long lastPromiseNanos) {
        return Math.max(wonNanos, lastPromiseNanos) + timing.lengthNanos() + timing.marginNanos();
    }

    /** How far ahead of its end the open gate is renewed. */
    public long renewalNanos() {
        return timing.audibleNanos() / 2;
    }
}
