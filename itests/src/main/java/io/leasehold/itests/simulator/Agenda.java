package io.leasehold.itests.simulator;

import java.util.PriorityQueue;

/**
 * What happens when, in virtual time. Of two things at the same nanosecond the one that was planned
 * first happens first, so that one seed is one history.
 */
final class Agenda {
    private record Entry(long atNanos, long order, Runnable action) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Entry> entries = new PriorityQueue<>();
    private long nowNanos;
    private long planned;

    long nowNanos() {
        return nowNanos;
    }

    /**
     * Plans an action for a moment; if that has passed already, the action is the next one due now.
     */
    void at(long nanos, Runnable action) {
        entries.add(new Entry(Math.max(nanos, nowNanos), planned++, action));
    }

    void after(long nanos, Runnable action) {
        at(nowNanos + nanos, action);
    }

    /** Lets the next thing happen; false if nothing is planned before or at {@code untilNanos}. */
    boolean step(long untilNanos) {
        var next = entries.peek();
        if (next == null || next.atNanos > untilNanos) {
            nowNanos = Math.max(nowNanos, untilNanos);
            return false;
        }
        entries.remove();
        nowNanos = next.atNanos;
        next.action.run();
        return true;
    }
}
