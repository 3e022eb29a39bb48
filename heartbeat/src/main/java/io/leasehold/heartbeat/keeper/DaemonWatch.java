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
 *          start             first progress, or                 silent for daemonDeadTime,
 *                            given what serves                  something held: silence it
 *  ABSENT ------> STARTING -------------------> TAKING PART --------------------------> stand down
 *    ^               |                              |
 *    |               | daemonStartLimit: kill it    | silent for daemonHungTime: kill it
 *    +--- its end ---+------------------------------+
 * </pre>
 *
 * <p>This node is <i>guarded</i> from the moment at which a daemon takes part until a stand-down,
 * whoever is the daemon then, and as long as the keeper <i>holds</i> something for it: that must
 * not outlive a daemon for long, whether that is dead, hung, being replaced, or a successor that
 * starts too slowly. The end of the daemon alone is no reason to stand down; that is what the
 * keeper is for.
 *
 * <p>While nothing is held, or nothing guarded (after a power-on, or after a stand-down), a daemon
 * has nothing to be given up for: a slow disk or a busy machine may hold up its start, or a flush
 * of a secondary, for longer than {@code daemonDeadTime}, and to end it in the middle would only
 * begin the same anew, perhaps just when it is needed. Its time is limited all the same, and its
 * beats say how old its progress is.
 */
final class DaemonWatch {
    private static final String NOT_ATTACHED = "it has not attached";

    private SupervisionPolicy policy;

    private boolean running;
    private boolean killed;
    private boolean takesPart;
    private boolean guarded;
    private long startedNanos;
    private String startPhase = NOT_ATTACHED;
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

    /** A daemon is there; of what its predecessor left it may take care from now on. */
    void attached(long nowNanos) {
        takesPart = false;
        progressNanos = nowNanos;
        startPhase = "it has attached";
    }

    /** What the daemon does before it takes part; for the person who asks why it did not. */
    void starting(String phase) {
        startPhase = phase;
    }

    /** The daemon proved its progress at that time, which may not be later than now. */
    void progressed(long atNanos, long nowNanos) {
        long notLater = atNanos - nowNanos > 0 ? nowNanos : atNanos;
        if (notLater - progressNanos > 0) {
            progressNanos = notLater;
        }
        takesPart();
    }

    /**
     * The daemon was given something that serves, or without which nothing can.
     *
     * @param held the keeper holds something for it already
     */
    void entrusted(boolean held, long nowNanos) {
        if (!takesPart || !held) {
            // It has only now something to be given up for, however long it took to come here.
            progressNanos = nowNanos;
        }
        takesPart();
    }

    /** Once: what a daemon says after a stand-down makes nothing of it undone. */
    private void takesPart() {
        if (!takesPart) {
            takesPart = true;
            guarded = true;
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
        takesPart = false;
        startPhase = NOT_ATTACHED;
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

    /** Whether the daemon that runs now has begun to; how it goes on is another question. */
    boolean isTakingPart() {
        return takesPart;
    }

    /**
     * Whether this node is as it should be, which is what a watchdog is fed with: the daemon proves
     * its progress, or it is given up.
     *
     * @param held the keeper holds something for the daemon
     * @param notSilenced the node was to be made silent, and something that could serve is left:
     *     then only a reset helps (R38)
     */
    boolean isProven(boolean held, boolean notSilenced, long nowNanos) {
        return !notSilenced
                && (!guarded
                        || !held
                        || nowNanos - progressNanos < policy.daemonDeadTime().toNanos());
    }

    /**
     * To be called after each event and when {@link #nextDeadlineNanos} has come.
     *
     * @param held the keeper holds something for the daemon
     */
    List<Action> decide(boolean held, long nowNanos) {
        var actions = new ArrayList<Action>();
        if (!running && (ending || endWithDaemon)) {
            actions.add(new Action.End());
            return actions;
        }
        if (guarded && held && nowNanos - progressNanos >= policy.daemonDeadTime().toNanos()) {
            guarded = false;
            actions.add(
                    new Action.StandDown(
                            "the daemon has shown no progress for "
                                    + policy.daemonDeadTime().toMillis()
                                    + " ms"));
        }
        if (guarded && held && !running && isRestartLoop(nowNanos)) {
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
            } else if (nowNanos - daemonLimitNanos() >= 0) {
                killed = true;
                actions.add(new Action.KillDaemon(takesPart ? "it hangs" : slowStart()));
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
    OptionalLong nextDeadlineNanos(boolean held, long nowNanos) {
        long earliest = Long.MAX_VALUE;
        if (guarded && held) {
            earliest =
                    Math.min(
                            earliest, progressNanos + policy.daemonDeadTime().toNanos() - nowNanos);
        }
        if (!running) {
            earliest = Math.min(earliest, nextStartNanos - nowNanos);
        } else if (!killed) {
            earliest = Math.min(earliest, daemonLimitNanos() - nowNanos);
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

    /** When the daemon that runs is killed if nothing is heard of it until then. */
    private long daemonLimitNanos() {
        return takesPart
                ? progressNanos + policy.daemonHungTime().toNanos()
                : startedNanos + policy.daemonStartLimit().toNanos();
    }

    private String slowStart() {
        return "it does not take part %d ms after its start (timing.daemon-start-limit); last: %s"
                .formatted(policy.daemonStartLimit().toMillis(), startPhase);
    }

    private boolean isRestartLoop(long nowNanos) {
        long windowNanos = policy.restartWindow().toNanos();
        while (!starts.isEmpty() && nowNanos - starts.getFirst() > windowNanos) {
            starts.removeFirst();
        }
        return starts.size() > policy.restartsMax();
    }
}
