package io.leasehold.heartbeat.resource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Brings an ordered list of resources up to a wanted length, or down to it, one action at a time.
 *
 * <p>Started from the first to the last, stopped from the last to the first; the gate is shut
 * before anything below it stops and opened (by the owner, who knows the lease) when everything
 * below it runs. A resource that fails is stopped with all that stand on it and started again,
 * until it failed {@code migration-threshold} times; then it is <em>blocked</em> and the owner may
 * move the service. A stop that fails is reported and never repeated: the owner resets the node
 * (R38).
 *
 * <p>{@link ResourceState} draws the life of one resource.
 */
public final class ResourceManager {

    /** What the manager orders or reports, in order. */
    public sealed interface Step {
        record Start(ActionId action, ResourceName resource, long timeoutNanos, boolean adopt)
                implements Step {}

        record Stop(ActionId action, ResourceName resource, long timeoutNanos) implements Step {}

        record Monitor(ActionId action, ResourceName resource, long timeoutNanos) implements Step {}

        /** Before the stops that follow. */
        record CloseGate() implements Step {}

        record Failed(ResourceName resource, String reason, int failures) implements Step {}

        /**
         * It does not answer, which is no failure: it is held up. Said once until it answers or
         * runs.
         */
        record HeldUp(ResourceName resource, String reason) implements Step {}

        /** Failed too often; it stays down until a cleanup or the failure-timeout. */
        record Blocked(ResourceName resource, String reason) implements Step {}

        record StopFailed(ResourceName resource, String reason) implements Step {}

        /** All that are wanted run, and the gate is open where one of them needs it. */
        record AllStarted() implements Step {}

        /** Nothing from index {@code wanted} on runs any more. */
        record StoppedDownTo(int wanted) implements Step {}
    }

    private static final class Entry {
        private final ResourceConfiguration configuration;
        private final int index;
        private ResourceState state = ResourceState.STOPPED;
        private boolean carriedOver;
        private boolean mustStop;
        private long action = -1;
        private long deadlineNanos;
        private long monitor = -1;
        private long monitorAtNanos;
        private long askedNanos;
        private boolean heldUp;
        private int failures;
        private long lastFailureNanos;
        private String remark = "";

        private Entry(ResourceConfiguration configuration, int index) {
            this.configuration = configuration;
            this.index = index;
        }

        private boolean inFlight() {
            return state == ResourceState.STARTING || state == ResourceState.STOPPING;
        }

        private boolean down() {
            return state == ResourceState.STOPPED || state == ResourceState.BLOCKED;
        }
    }

    private static final int UNDECIDED = -1;

    /**
     * Beyond the time-out of a monitor or a start, for the shell to answer that it has passed, and
     * why.
     */
    static final long ANSWER_GRACE_NANOS = 1_000_000_000L;

    private final List<Entry> entries = new ArrayList<>();
    private final int gateIndex;
    private int wanted = UNDECIDED;
    private boolean settled;
    private boolean gateOpen;
    private boolean gateUnknown = true;
    private boolean monitoring = true;
    private boolean oneAttempt;
    private long nextAction;

    public ResourceManager(List<ResourceConfiguration> resources) {
        var gate = resources.size();
        for (var i = resources.size() - 1; i >= 0; i--) {
            if (resources.get(i).needsOpenGate()) {
                gate = i;
            }
        }
        gateIndex = gate;
        for (var i = 0; i < resources.size(); i++) {
            entries.add(new Entry(resources.get(i), i));
        }
    }

    /**
     * What an earlier process left behind. Running resources are neither started nor stopped until
     * the first {@link #want}.
     */
    public void recover(long nowNanos, Set<ResourceName> running, Map<String, Integer> failures) {
        for (var entry : entries) {
            entry.failures = failures.getOrDefault(entry.configuration.name().value(), 0);
            entry.lastFailureNanos = nowNanos;
            if (running.contains(entry.configuration.name())) {
                entry.state = ResourceState.STARTED;
                entry.carriedOver = true;
            }
        }
    }

    /**
     * Wants the first {@code count} resources running and the others stopped.
     *
     * @param oneAttempt the first failing start blocks, because another node is known to be able
     */
    public List<Step> want(long nowNanos, int count, boolean oneAttempt) {
        this.oneAttempt = oneAttempt;
        if (count != wanted) {
            wanted = count;
            settled = false;
        }
        return plan(nowNanos);
    }

    /** The owner opened the gate. */
    public List<Step> gateOpened(long nowNanos) {
        gateOpen = true;
        gateUnknown = false;
        return plan(nowNanos);
    }

    /** The owner shut the gate, or the lease ran out; what runs goes on running. */
    public void gateShut() {
        gateOpen = false;
        gateUnknown = false;
    }

    /** Whether everything below the gate runs and is meant to. */
    public boolean gateWanted() {
        if (wanted < gateIndex) {
            return false;
        }
        for (var entry : entries.subList(0, gateIndex)) {
            if (entry.state != ResourceState.STARTED || entry.carriedOver || entry.mustStop) {
                return false;
            }
        }
        return true;
    }

    /** Switches monitoring; after a pause every monitor waits a whole interval. */
    public void monitor(long nowNanos, boolean on) {
        if (monitoring != on) {
            monitoring = on;
            for (var entry : entries) {
                entry.monitor = -1;
                entry.monitorAtNanos = nowNanos + entry.configuration.monitorIntervalNanos();
            }
        }
    }

    public List<Step> started(long nowNanos, ActionId action, ResourceName name) {
        var entry = expecting(action, name, ResourceState.STARTING);
        if (entry.isEmpty()) {
            return List.of();
        }
        up(nowNanos, entries.get(entry.getAsInt()), "");
        return plan(nowNanos);
    }

    public List<Step> startFailed(
            long nowNanos, ActionId action, ResourceName name, String reason) {
        var index = expecting(action, name, ResourceState.STARTING);
        return index.isEmpty()
                ? List.of()
                : startFailed(nowNanos, entries.get(index.getAsInt()), reason);
    }

    /**
     * The start did not end, or what was started did not answer, in its time. That is a failed
     * start, unless it was held up in any part of that time: then nothing is concluded from it, and
     * it is tried again.
     */
    public List<Step> startUnanswered(
            long nowNanos, ActionId action, ResourceName name, Health.Unanswered silence) {
        var index = expecting(action, name, ResourceState.STARTING);
        if (index.isEmpty()) {
            return List.of();
        }
        var entry = entries.get(index.getAsInt());
        if (!wasHeldUp(entry, silence) || entry.configuration.mayFail()) {
            return startFailed(nowNanos, entry, silence.reason());
        }
        var steps = new ArrayList<>(heldUp(entry, silence.reason()));
        stopBeforeNextTry(entry);
        steps.addAll(plan(nowNanos));
        return steps;
    }

    public List<Step> stopped(long nowNanos, ActionId action, ResourceName name) {
        var index = expecting(action, name, ResourceState.STOPPING);
        if (index.isEmpty()) {
            return List.of();
        }
        var entry = entries.get(index.getAsInt());
        entry.action = -1;
        entry.mustStop = false;
        var steps = new ArrayList<Step>();
        if (isTooOften(entry) && !entry.heldUp) {
            entry.state = ResourceState.BLOCKED;
            steps.add(new Step.Blocked(name, entry.remark));
        } else {
            entry.state = ResourceState.STOPPED;
        }
        steps.addAll(plan(nowNanos));
        return steps;
    }

    public List<Step> stopFailed(long nowNanos, ActionId action, ResourceName name, String reason) {
        var index = expecting(action, name, ResourceState.STOPPING);
        return index.isEmpty() ? List.of() : stopFailed(entries.get(index.getAsInt()), reason);
    }

    public List<Step> monitored(long nowNanos, ActionId action, ResourceName name, Health health) {
        for (var entry : entries) {
            if (entry.configuration.name().equals(name) && entry.monitor == action.value()) {
                entry.monitor = -1;
                entry.monitorAtNanos = nowNanos + entry.configuration.monitorIntervalNanos();
                return switch (health) {
                    case Health.Good() -> {
                        answers(entry);
                        yield List.of();
                    }
                    case Health.Failed(var reason) -> runningFailed(nowNanos, entry, reason);
                    case Health.Unanswered silence when wasHeldUp(entry, silence) ->
                            heldUp(entry, silence.reason());
                    case Health.Unanswered(var reason, _) -> runningFailed(nowNanos, entry, reason);
                };
            }
        }
        return List.of();
    }

    /** A started resource failed by itself. */
    public List<Step> failed(long nowNanos, ResourceName name, String reason) {
        for (var entry : entries) {
            if (entry.configuration.name().equals(name)
                    && entry.state == ResourceState.STARTED
                    && !entry.mustStop) {
                return runningFailed(nowNanos, entry, reason);
            }
        }
        return List.of();
    }

    /** Restarts a running resource and what stands on it; no failure is counted. */
    public List<Step> restart(long nowNanos, ResourceName name) {
        for (var entry : entries) {
            if (entry.configuration.name().equals(name) && entry.state == ResourceState.STARTED) {
                entry.mustStop = true;
                settled = false;
            }
        }
        return plan(nowNanos);
    }

    /** Forgets the failures of those named, and tries blocked ones again. */
    public List<Step> cleanup(long nowNanos, Set<ResourceName> names) {
        for (var entry : entries) {
            if (names.contains(entry.configuration.name())) {
                forgive(entry);
            }
        }
        return plan(nowNanos);
    }

    /** Lets time pass: time-outs, monitors, forgotten failures. */
    public List<Step> advance(long nowNanos) {
        var steps = new ArrayList<Step>();
        for (var entry : entries) {
            if (entry.inFlight() && nowNanos - entry.deadlineNanos >= 0) {
                var starting = entry.state == ResourceState.STARTING;
                var text =
                        (starting ? "start" : "stop")
                                + " not done within "
                                + (starting
                                                ? entry.configuration.startTimeoutNanos()
                                                : entry.configuration.stopTimeoutNanos())
                                        / 1_000_000
                                + " ms";
                steps.addAll(
                        starting ? startFailed(nowNanos, entry, text) : stopFailed(entry, text));
            }
            if (entry.monitor >= 0 && nowNanos - entry.deadlineNanos >= 0) {
                entry.monitor = -1;
                steps.addAll(runningFailed(nowNanos, entry, "monitor did not answer in time"));
            }
            if (isMonitorDue(entry) && nowNanos - entry.monitorAtNanos >= 0) {
                entry.monitor = nextAction++;
                entry.askedNanos = nowNanos;
                entry.deadlineNanos =
                        nowNanos + entry.configuration.monitorTimeoutNanos() + ANSWER_GRACE_NANOS;
                steps.add(
                        new Step.Monitor(
                                new ActionId(entry.monitor),
                                entry.configuration.name(),
                                entry.configuration.monitorTimeoutNanos()));
            }
            if (mayForgive(entry) && nowNanos - forgivenAtNanos(entry) >= 0) {
                forgive(entry);
                steps.addAll(plan(nowNanos));
            }
        }
        return steps;
    }

    public OptionalLong nextDeadlineNanos() {
        var next = OptionalLong.empty();
        for (var entry : entries) {
            if (entry.inFlight() || entry.monitor >= 0) {
                next = earlier(next, entry.deadlineNanos);
            }
            if (isMonitorDue(entry)) {
                next = earlier(next, entry.monitorAtNanos);
            }
            if (mayForgive(entry)) {
                next = earlier(next, forgivenAtNanos(entry));
            }
        }
        return next;
    }

    /** Everything is stopped. */
    public boolean isAllStopped() {
        for (var entry : entries) {
            if (!entry.down()) {
                return false;
            }
        }
        return true;
    }

    public boolean isBlocked() {
        for (var entry : entries) {
            if (entry.state == ResourceState.BLOCKED) {
                return true;
            }
        }
        return false;
    }

    /** Everything that is configured runs. */
    public boolean isAllStarted() {
        return settled && wanted == entries.size();
    }

    /** Counts above 0, by resource. */
    public Map<String, Integer> failures() {
        var counts = new TreeMap<String, Integer>();
        for (var entry : entries) {
            if (entry.failures > 0) {
                counts.put(entry.configuration.name().value(), entry.failures);
            }
        }
        return counts;
    }

    /** One resource, as it is now. */
    public record Status(ResourceName name, ResourceState state, int failures, String remark) {}

    public List<Status> status() {
        return entries.stream()
                .map(entry ->
                        new Status(
                                entry.configuration.name(),
                                entry.state,
                                entry.failures,
                                entry.remark))
                .toList();
    }

    /** The one next action, if none is under way. */
    private List<Step> plan(long nowNanos) {
        if (wanted == UNDECIDED || isActionUnderWay()) {
            return List.of();
        }
        var stopFrom = entries.size();
        for (var entry : entries) {
            if (!entry.down() && (entry.mustStop || entry.index >= wanted)) {
                stopFrom = entry.index;
                break;
            }
        }
        if (stopFrom < entries.size()) {
            return stopHighest(nowNanos, stopFrom);
        }
        for (var entry : entries.subList(0, wanted)) {
            if (entry.state == ResourceState.BLOCKED) {
                return List.of();
            }
            if (entry.state == ResourceState.STARTED && !entry.carriedOver) {
                continue;
            }
            if (entry.configuration.needsOpenGate() && !gateOpen) {
                return List.of();
            }
            return List.of(start(nowNanos, entry));
        }
        if (settled || (wanted > gateIndex && !gateOpen)) {
            return List.of();
        }
        settled = true;
        return List.of(
                wanted == entries.size() ? new Step.AllStarted() : new Step.StoppedDownTo(wanted));
    }

    private boolean isActionUnderWay() {
        for (var entry : entries) {
            if (entry.inFlight()) {
                return true;
            }
        }
        return false;
    }

    private List<Step> stopHighest(long nowNanos, int stopFrom) {
        var steps = new ArrayList<Step>();
        // What an earlier process left is not known, so it is taken for open.
        if ((gateOpen || gateUnknown) && stopFrom < gateIndex) {
            gateShut();
            steps.add(new Step.CloseGate());
        }
        for (var i = entries.size() - 1; i >= stopFrom; i--) {
            var entry = entries.get(i);
            if (entry.state == ResourceState.STOP_FAILED) {
                return steps;
            }
            if (!entry.down()) {
                entry.state = ResourceState.STOPPING;
                entry.carriedOver = false;
                entry.monitor = -1;
                entry.action = nextAction++;
                entry.deadlineNanos = nowNanos + entry.configuration.stopTimeoutNanos();
                steps.add(
                        new Step.Stop(
                                new ActionId(entry.action),
                                entry.configuration.name(),
                                entry.configuration.stopTimeoutNanos()));
                return steps;
            }
        }
        return steps;
    }

    private Step start(long nowNanos, Entry entry) {
        entry.state = ResourceState.STARTING;
        entry.action = nextAction++;
        entry.askedNanos = nowNanos;
        entry.deadlineNanos =
                nowNanos + entry.configuration.startTimeoutNanos() + ANSWER_GRACE_NANOS;
        return new Step.Start(
                new ActionId(entry.action),
                entry.configuration.name(),
                entry.configuration.startTimeoutNanos(),
                entry.carriedOver);
    }

    private static boolean wasHeldUp(Entry entry, Health.Unanswered silence) {
        var heldUpNanos = silence.heldUpNanos();
        return heldUpNanos.isPresent() && heldUpNanos.getAsLong() - entry.askedNanos >= 0;
    }

    /** A restart would not help, and whoever waits in a write cannot be stopped either. */
    private static List<Step> heldUp(Entry entry, String reason) {
        var news = !entry.heldUp;
        entry.heldUp = true;
        entry.remark = reason + ": its writes are held up";
        return news ? List.of(new Step.HeldUp(entry.configuration.name(), reason)) : List.of();
    }

    private static void answers(Entry entry) {
        if (entry.heldUp) {
            entry.heldUp = false;
            entry.remark = "";
        }
    }

    private void up(long nowNanos, Entry entry, String remark) {
        entry.state = ResourceState.STARTED;
        entry.carriedOver = false;
        entry.action = -1;
        entry.heldUp = false;
        entry.remark = remark;
        entry.monitorAtNanos = nowNanos + entry.configuration.monitorIntervalNanos();
    }

    private List<Step> startFailed(long nowNanos, Entry entry, String reason) {
        if (entry.configuration.mayFail()) {
            up(nowNanos, entry, reason);
            return plan(nowNanos);
        }
        var steps = new ArrayList<Step>();
        entry.remark = reason;
        entry.heldUp = false;
        stopBeforeNextTry(entry);
        if (entry.carriedOver) {
            entry.carriedOver = false;
        } else {
            steps.add(count(nowNanos, entry, reason));
        }
        steps.addAll(plan(nowNanos));
        return steps;
    }

    /** A start that failed may have started something. */
    private void stopBeforeNextTry(Entry entry) {
        entry.action = -1;
        entry.state = ResourceState.STARTED;
        entry.mustStop = true;
        settled = false;
    }

    private List<Step> runningFailed(long nowNanos, Entry entry, String reason) {
        var steps = new ArrayList<Step>();
        entry.remark = reason;
        if (entry.configuration.mayFail()) {
            return steps;
        }
        entry.mustStop = true;
        settled = false;
        steps.add(count(nowNanos, entry, reason));
        steps.addAll(plan(nowNanos));
        return steps;
    }

    private Step count(long nowNanos, Entry entry, String reason) {
        entry.failures++;
        entry.lastFailureNanos = nowNanos;
        return new Step.Failed(entry.configuration.name(), reason, entry.failures);
    }

    private List<Step> stopFailed(Entry entry, String reason) {
        entry.state = ResourceState.STOP_FAILED;
        entry.action = -1;
        entry.remark = reason;
        return List.of(new Step.StopFailed(entry.configuration.name(), reason));
    }

    private boolean isTooOften(Entry entry) {
        return entry.failures > 0
                && (oneAttempt || entry.failures >= entry.configuration.migrationThreshold());
    }

    private boolean mayForgive(Entry entry) {
        return entry.failures > 0
                && entry.configuration.failureTimeoutNanos() > 0
                && !entry.inFlight();
    }

    private static long forgivenAtNanos(Entry entry) {
        return entry.lastFailureNanos + entry.configuration.failureTimeoutNanos();
    }

    private static void forgive(Entry entry) {
        entry.failures = 0;
        if (entry.state == ResourceState.BLOCKED) {
            entry.state = ResourceState.STOPPED;
        }
    }

    private boolean isMonitorDue(Entry entry) {
        return monitoring
                && entry.index < wanted
                && entry.state == ResourceState.STARTED
                && !entry.carriedOver
                && !entry.mustStop
                && entry.monitor < 0
                && entry.configuration.monitorIntervalNanos() > 0;
    }

    private OptionalInt expecting(ActionId action, ResourceName name, ResourceState state) {
        for (var entry : entries) {
            if (entry.configuration.name().equals(name)
                    && entry.state == state
                    && entry.action == action.value()) {
                return OptionalInt.of(entry.index);
            }
        }
        return OptionalInt.empty();
    }

    private static OptionalLong earlier(OptionalLong next, long candidate) {
        return next.isPresent() && next.getAsLong() <= candidate
                ? next
                : OptionalLong.of(candidate);
    }
}
