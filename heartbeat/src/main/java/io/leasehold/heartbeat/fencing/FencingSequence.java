package io.leasehold.heartbeat.fencing;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Fences one peer: waits the delay, tries the levels in order, backs off, tries again. Pure.
 *
 * <pre>
 *   IDLE --request--> DELAYING --delay over--> RUNNING(level) --unconfirmed--> RUNNING(next level)
 *     ^                  |                        |   |                            |
 *     |                  |                        |   +--confirmed, beats expected--> VERIFYING
 *     |                  |                        +--confirmed--> (Fenced) IDLE         |
 *     |                  |                                          ^---quiet-----------+
 *     +---peer heard-----+--- all levels unconfirmed --> BACKING_OFF --> RUNNING(0)
 * </pre>
 *
 * <p>After {@code attemptsMax} passes a person is told, and it is tried on in the longest pause:
 * the device may be back at any moment, and there is nothing else to wait for (ADR 0027). From then
 * on the passes begin at a fixed rate, so that the node that waited its delay before its first pass
 * stays behind the other one by as much (R35).
 *
 * <p>A success counts only for the request that is current: once the peer was heard after the
 * request, whatever the device answers later is void (R34, H11). For a peer that goes on beating (a
 * hung daemon, or a node that is shot although it lives) beats before the power-off are expected;
 * instead they must stop after it.
 */
public final class FencingSequence {

    /** Beyond a level's own time-out, for the shell to kill the agent and to answer. */
    static final long ANSWER_GRACE_NANOS = 1_000_000_000L;

    /** What the sequence orders or reports. */
    public sealed interface Step {
        record Run(FenceRequestId request, FenceAction action, int level, long timeoutNanos)
                implements Step {}

        /** The peer's power was read back off. */
        record Fenced(String evidence) implements Step {}

        record LevelFailed(String level, String reason) implements Step {}

        /** So many attempts failed that a person must know; said once, and tried on. */
        record StillNotFenced(int attempts, String lastReason, long pauseNanos) implements Step {}

        record PoweredOn(String evidence) implements Step {}

        record PowerOnFailed(String reason) implements Step {}
    }

    /** What is heard of the peer while it is being fenced. */
    public enum Beats {
        /** It is silent: any beat voids the request. */
        NONE,
        /** Its keeper beats on; a daemon that makes progress again voids the request. */
        OF_A_HUNG_DAEMON,
        /** It lives, and is shot all the same: a person wants it, or it neither acts nor leaves. */
        OF_A_LIVING_NODE
    }

    /** Where the sequence stands. */
    public enum Phase {
        IDLE,
        DELAYING,
        RUNNING,
        VERIFYING,
        BACKING_OFF
    }

    private final FencingConfiguration configuration;
    private final long quietNanos;
    private Phase phase = Phase.IDLE;
    private long deadlineNanos;
    private long readOffNanos;
    private Beats beats = Beats.NONE;
    private int level;
    private long passBegunNanos;

    /** Failed passes, counted up to {@code attemptsMax}. */
    private int attempts;

    private long nextRequest;
    private long currentRequest = -1;
    private long powerOnRequest = -1;
    private String evidence = "";
    private String lastReason = "";

    /**
     * @param quietNanos how long the beats must be gone after a power-off before it is believed,
     *     where beats were expected until then
     */
    public FencingSequence(FencingConfiguration configuration, long quietNanos) {
        this.configuration = configuration;
        this.quietNanos = quietNanos;
    }

    /**
     * Asks for the peer to be fenced; nothing new while it is asked already.
     *
     * @param expected what may be heard until the power is off
     */
    public List<Step> request(long nowNanos, long delayNanos, Beats expected) {
        if (phase != Phase.IDLE || configuration.levels().isEmpty()) {
            return List.of();
        }
        beats = expected;
        attempts = 0;
        phase = Phase.DELAYING;
        deadlineNanos = nowNanos + delayNanos;
        return advance(nowNanos);
    }

    /** The peer's daemon is alive: whatever is under way does not count any more. */
    public void heard() {
        if (beats != Beats.OF_A_LIVING_NODE) {
            cancel();
        }
    }

    /**
     * Any beat, also one of a hung peer. One that was under way when the power went off is
     * ordinary; beats that go on prove that the device lies or turned off another machine.
     */
    public List<Step> beat(long nowNanos) {
        if (phase != Phase.VERIFYING) {
            return List.of();
        }
        if (nowNanos - readOffNanos <= quietNanos) {
            deadlineNanos = nowNanos + quietNanos;
            return List.of();
        }
        return unconfirmed(
                nowNanos, "the device says that the power is off, but the node still beats");
    }

    /** Forgets the request; the answer of an agent that still runs is void. */
    public void cancel() {
        phase = Phase.IDLE;
        currentRequest = -1;
    }

    /** The answer of an agent. */
    public List<Step> result(long nowNanos, FenceRequestId request, FenceOutcome outcome) {
        if (request.value() == powerOnRequest) {
            powerOnRequest = -1;
            return List.of(
                    switch (outcome) {
                        case FenceOutcome.Confirmed(var text) -> new Step.PoweredOn(text);
                        case FenceOutcome.Unconfirmed(var why) -> new Step.PowerOnFailed(why);
                    });
        }
        if (phase != Phase.RUNNING || request.value() != currentRequest) {
            return List.of();
        }
        currentRequest = -1;
        return switch (outcome) {
            case FenceOutcome.Confirmed(var text) when beats != Beats.NONE -> {
                evidence = text;
                phase = Phase.VERIFYING;
                readOffNanos = nowNanos;
                deadlineNanos = nowNanos + quietNanos;
                yield List.of();
            }
            case FenceOutcome.Confirmed(var text) -> {
                phase = Phase.IDLE;
                yield List.of(new Step.Fenced(text));
            }
            case FenceOutcome.Unconfirmed(var why) -> unconfirmed(nowNanos, why);
        };
    }

    /** Powers the fenced peer on again, by the level that turned it off. */
    public List<Step> powerOn() {
        powerOnRequest = nextRequest++;
        return List.of(
                new Step.Run(
                        new FenceRequestId(powerOnRequest),
                        FenceAction.ON,
                        level,
                        configuration.levels().get(level).timeoutNanos()));
    }

    public List<Step> advance(long nowNanos) {
        if (nextDeadlineNanos().isEmpty() || nowNanos < deadlineNanos) {
            return List.of();
        }
        return switch (phase) {
            case IDLE -> List.of();
            case DELAYING, BACKING_OFF -> {
                level = 0;
                passBegunNanos = nowNanos;
                yield run(nowNanos);
            }
            case RUNNING -> unconfirmed(nowNanos, "the agent did not answer in time");
            case VERIFYING -> {
                phase = Phase.IDLE;
                yield List.of(new Step.Fenced(evidence + "; its beats stopped"));
            }
        };
    }

    private List<Step> run(long nowNanos) {
        phase = Phase.RUNNING;
        currentRequest = nextRequest++;
        var timeoutNanos = configuration.levels().get(level).timeoutNanos();
        deadlineNanos = nowNanos + timeoutNanos + ANSWER_GRACE_NANOS;
        return List.of(
                new Step.Run(
                        new FenceRequestId(currentRequest), FenceAction.OFF, level, timeoutNanos));
    }

    private List<Step> unconfirmed(long nowNanos, String why) {
        var steps = new ArrayList<Step>();
        lastReason = why;
        currentRequest = -1;
        steps.add(new Step.LevelFailed(configuration.levels().get(level).name(), why));
        if (level + 1 < configuration.levels().size()) {
            level++;
            steps.addAll(run(nowNanos));
            return steps;
        }
        phase = Phase.BACKING_OFF;
        if (attempts < configuration.attemptsMax() && ++attempts == configuration.attemptsMax()) {
            steps.add(
                    new Step.StillNotFenced(attempts, lastReason, configuration.backOffMaxNanos()));
        }
        deadlineNanos =
                attempts < configuration.attemptsMax()
                        ? nowNanos + doubledBackOffNanos()
                        : Math.max(
                                passBegunNanos + configuration.backOffMaxNanos(),
                                nowNanos + configuration.backOffMinNanos());
        return steps;
    }

    private long doubledBackOffNanos() {
        var doublings = Math.min(attempts - 1, 20);
        return Math.min(
                configuration.backOffMaxNanos(), configuration.backOffMinNanos() << doublings);
    }

    public OptionalLong nextDeadlineNanos() {
        return switch (phase) {
            case IDLE -> OptionalLong.empty();
            case DELAYING, RUNNING, VERIFYING, BACKING_OFF -> OptionalLong.of(deadlineNanos);
        };
    }

    public Phase phase() {
        return phase;
    }

    /** Where it stands, for a person. */
    public String describe() {
        return switch (phase) {
            case IDLE -> "not fencing";
            case DELAYING -> "waiting its turn before it fences";
            case RUNNING -> "fencing by " + configuration.levels().get(level).name();
            case VERIFYING -> "power is read off; waiting for the beats to stop";
            case BACKING_OFF ->
                    attempts < configuration.attemptsMax()
                            ? "attempt " + attempts + " failed (" + lastReason + "); will try again"
                            : "no attempt has succeeded (" + lastReason + "); trying on";
        };
    }
}
