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
    private OptionalLong ensembleConfirmedNanos = OptionalLong.empty();

    public ServingLease(LeaseTiming timing) {
        this.timing = timing;
    }

    /** Extends the lease; an older confirmation than the last one changes nothing. */
    public void confirm(long sentNanos) {
        confirmedNanos = later(confirmedNanos, sentNanos);
    }

    /** As {@link #confirm}, by a conditional write that the ensemble took. */
    public void confirmByEnsemble(long sentNanos) {
        ensembleConfirmedNanos = later(ensembleConfirmedNanos, sentNanos);
    }

    /** The ensemble cannot be reached: what it confirmed does not keep the gate open any more. */
    public void ensembleLost() {
        ensembleConfirmedNanos = OptionalLong.empty();
    }

    /** Nothing that was confirmed before counts. */
    public void revoke() {
        confirmedNanos = OptionalLong.empty();
        ensembleConfirmedNanos = OptionalLong.empty();
    }

    /** The sending of the last confirmation, whoever gave it. */
    public OptionalLong lastConfirmedNanos() {
        return ensembleConfirmedNanos.isEmpty()
                ? confirmedNanos
                : later(confirmedNanos, ensembleConfirmedNanos.getAsLong());
    }

    private static OptionalLong later(OptionalLong before, long nanos) {
        return before.isPresent() && before.getAsLong() - nanos >= 0
                ? before
                : OptionalLong.of(nanos);
    }

    /** When this node must be silent, {@code now < lastConfirm + L - margin}; empty: now. */
    public OptionalLong untilNanos(long nowNanos) {
        var confirmed = lastConfirmedNanos();
        if (confirmed.isEmpty()) {
            return OptionalLong.empty();
        }
        var untilNanos = confirmed.getAsLong() + timing.audibleNanos();
        return nowNanos < untilNanos ? OptionalLong.of(untilNanos) : OptionalLong.empty();
    }

    /**
     * How long a node that won the record waits until the other's lease has run out by any clock: L
     * and the drift that the margin stands for, from its win. Its last promise is older: it
     * promises nothing from the moment on in which it wishes to take over.
     */
    public long silenceProvenNanos(long wonNanos) {
        return wonNanos + timing.lengthNanos() + timing.marginNanos();
    }

    /** How often a primary that needs one asks for a confirmation. */
    public long askNanos() {
        return timing.lengthNanos() / 8;
    }

    /** How far ahead of its end the open gate is renewed. */
    public long renewalNanos() {
        return timing.audibleNanos() / 2;
    }
}
