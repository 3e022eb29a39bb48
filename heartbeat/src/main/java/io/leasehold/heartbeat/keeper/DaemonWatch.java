package io.leasehold.heartbeat.keeper;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;

/**
 * Decides what becomes of the daemon: start it, replace it, stand down without it. No clock and no
 * process here.
 *
 * <pre>
 *            start            attached            silent for daemonDeadTime
 *  ABSENT ----------> RUNNING ----------> GUARDED ------------------------> stand down, then as RUNNING
 *    ^                   |                   |
 *    +---- its end ------+-------------------+      silent for daemonHungTime: kill it
 * </pre>
 *
 * <p>It is <i>guarded</i> from the first attach until a stand-down: only then can something be held
 * that must not outlive the daemon for long, whether it is dead, hung or being replaced. The end of
 * the daemon alone is no reason to stand down; that is what the keeper is for.
 */
final class DaemonWatch {
    private SupervisionPolicy policy;

    private boolean running;
    private boolean killed;
    private boolean guarded;
    private long startedNanos;
    private long progressNanos;
    private long nextStartNanos;
    private final Deque<Long> starts = new ArrayDeque<>();

    private boolean ending;
    private boolean endWithDaemon;
    private long endRequestedNanos;

    DaemonWatch(SupervisionPolicy policy, long nowNanos) {
        this.policy = policy;
        this.nextStartNanos = nowNanos;
    }

    /** What is to be done, in order. */
    sealed interface Action {
        record StartDaemon() implements Action {}

        record KillDaemon(String reason) implements Action {}

        record StandDown(String reason) implements Action {}

        /** Everything of the daemon is over: clean up and end. */
        record End() implements Action {}
    }

    void configure(SupervisionPolicy changed) {
        policy = changed;
    }

    void attached(long nowNanos) {
        guarded = true;
        progressNanos = nowNanos;
    }

    /** The daemon proved its progress at that time, which may not be later than now. */
    void progressed(long atNanos, long nowNanos) {
        long notLater = atNanos - nowNanos > 0 ? nowNanos : atNanos;
        if (notLater - progressNanos > 0) {
            progressNanos = notLater;
        }
    }

    long progressAgeNanos(long nowNanos) {
        return Math.max(0, nowNanos - progressNanos);
    }

    /** The daemon itself asked for it. */
    void stoodDown() {
        guarded = false;
    }

    void exited(long nowNanos) {
        running = false;
        killed = false;
        nextStartNanos =
                isRestartLoop(nowNanos) ? nowNanos + policy.restartPause().toNanos() : nowNanos;
    }

    /** The keeper was told to stop. */
    void endRequested(long nowNanos) {
        if (!ending) {
            ending = true;
            endRequestedNanos = nowNanos;
        }
    }

    /** When the daemon ends next, it is meant. */
    void endWithDaemon() {
        endWithDaemon = true;
    }

    boolean isGuarded() {
        return guarded;
    }

    /**
     * Whether this node is as it should be, which is what a watchdog is fed with: the daemon proves
     * its progress, or it is given up.
     *
     * @param notSilenced the node was to be made silent, and something that could serve is left:
     *     then only a reset helps (R38)
     */
    boolean isProven(boolean notSilenced, long nowNanos) {
        return !notSilenced
                && (!guarded || nowNanos - progressNanos < policy.daemonDeadTime().toNanos());
    }

    /** To be called after each event and when {@link #nextDeadlineNanos} has come. */
    List<Action> decide(long nowNanos) {
        var actions = new ArrayList<Action>();
        if (!running && (ending || endWithDaemon)) {
            actions.add(new Action.End());
            return actions;
        }
        if (guarded && nowNanos - progressNanos >= policy.daemonDeadTime().toNanos()) {
            guarded = false;
            actions.add(
                    new Action.StandDown(
                            "the daemon has shown no progress for "
                                    + policy.daemonDeadTime().toMillis()
                                    + " ms"));
        }
        if (guarded && !running && isRestartLoop(nowNanos)) {
            guarded = false;
            actions.add(
                    new Action.StandDown(
                            "the daemon ended %d times within %d s"
                                    .formatted(starts.size(), policy.restartWindow().toSeconds())));
        }
        if (running && !killed) {
            if (ending && nowNanos - endRequestedNanos >= policy.handOverTime().toNanos()) {
                killed = true;
                actions.add(new Action.KillDaemon("it did not end when it was told to"));
            } else if (nowNanos - lastSignNanos() >= policy.daemonHungTime().toNanos()) {
                killed = true;
                actions.add(new Action.KillDaemon("it hangs"));
            }
        }
        if (!running && nowNanos - nextStartNanos >= 0) {
            running = true;
            startedNanos = nowNanos;
            starts.addLast(nowNanos);
            actions.add(new Action.StartDaemon());
        }
        return actions;
    }

    /** When {@link #decide} is to be called at the latest. */
    OptionalLong nextDeadlineNanos(long nowNanos) {
        long earliest = Long.MAX_VALUE;
        if (guarded) {
            earliest =
                    Math.min(
                            earliest, progressNanos + policy.daemonDeadTime().toNanos() - nowNanos);
        }
        if (!running) {
            earliest = Math.min(earliest, nextStartNanos - nowNanos);
        } else if (!killed) {
            earliest =
                    Math.min(
                            earliest,
                            lastSignNanos() + policy.daemonHungTime().toNanos() - nowNanos);
            if (ending) {
                earliest =
                        Math.min(
                                earliest,
                                endRequestedNanos + policy.handOverTime().toNanos() - nowNanos);
            }
        }
        return earliest == Long.MAX_VALUE
                ? OptionalLong.empty()
                : OptionalLong.of(nowNanos + earliest);
    }

    /** A daemon that has just been started has its time to attach. */
    private long lastSignNanos() {
        return startedNanos - progressNanos > 0 ? startedNanos : progressNanos;
    }

    private boolean isRestartLoop(long nowNanos) {
        long windowNanos = policy.restartWindow().toNanos();
        while (!starts.isEmpty() && nowNanos - starts.getFirst() > windowNanos) {
            starts.removeFirst();
        }
        return starts.size() > policy.restartsMax();
    }
}
