package io.leasehold.heartbeat.keeper;

import java.util.OptionalLong;

/**
 * When the gate's permission is renewed, and when it is over. Pure: the kernel part is {@link
 * Gate}.
 *
 * <p>A permission of {@link #PERMISSION_NANOS} is given anew every {@link #RENEWAL_NANOS}, never
 * beyond the end that the daemon set, so that the kernel shuts the gate at the end even if nobody
 * runs then. Who comes so late that the kernel has already shut it does not open it again. The
 * kernel may carry an order out up to {@link Gate#TICKET} after the look at the clock; each
 * permission is shorter by that, and so never lasts beyond {@link Gate#TIMEOUT} after the look.
 */
final class GateKeeping {
    static final long RENEWAL_NANOS = 100_000_000;

    private static final long TICKET_NANOS = Gate.TICKET.toNanos();
    static final long PERMISSION_NANOS = Gate.TIMEOUT.toNanos() - TICKET_NANOS;
    private static final long MILLI_NANOS = 1_000_000;

    private boolean open;
    private long untilNanos;
    private long renewedNanos;

    /** What to do with the kernel's rules. */
    sealed interface Order {
        record Nothing() implements Order {}

        /**
         * Give a permission of so long, at least a millisecond, the kernel's unit, and say {@link
         * GateKeeping#opened} when the kernel has done it.
         */
        record OpenFor(long millis, long decidedNanos) implements Order {}

        record Shut() implements Order {}

        /** Shut, and say that it was not meant. */
        record Lapsed(long lateNanos) implements Order {}
    }

    Order open(long until, long nowNanos) {
        untilNanos = until;
        if (!open) {
            open = true;
            renewedNanos = nowNanos - RENEWAL_NANOS;
        }
        return permission(nowNanos);
    }

    /** The kernel has given the permission that was decided on then. */
    void opened(Order.OpenFor order) {
        renewedNanos = order.decidedNanos();
    }

    void shut() {
        open = false;
    }

    /** To be called at {@link #nextRenewalNanos}. */
    Order renew(long nowNanos) {
        if (!isDue(nowNanos)) {
            return new Order.Nothing();
        }
        if (nowNanos - renewedNanos >= PERMISSION_NANOS) {
            open = false;
            return new Order.Lapsed(nowNanos - renewedNanos - RENEWAL_NANOS);
        }
        return permission(nowNanos);
    }

    private Order permission(long nowNanos) {
        long millis =
                Math.min(PERMISSION_NANOS, untilNanos - nowNanos - TICKET_NANOS) / MILLI_NANOS;
        if (millis < 1) {
            open = false;
            return new Order.Shut();
        }
        return new Order.OpenFor(millis, nowNanos);
    }

    /** Whether {@link #renew} has something to do. */
    boolean isDue(long nowNanos) {
        return open && nowNanos - nextNanos() >= 0;
    }

    OptionalLong nextRenewalNanos() {
        return open ? OptionalLong.of(nextNanos()) : OptionalLong.empty();
    }

    /** The next renewal, or the end if that comes first. */
    private long nextNanos() {
        long renewal = renewedNanos + RENEWAL_NANOS;
        return untilNanos - renewal < 0 ? untilNanos : renewal;
    }

    boolean isOpen() {
        return open;
    }

    long untilNanos() {
        return untilNanos;
    }
}
