package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.CommandAnswers.Origin;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.fencing.FencingSequence;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Has the peer fenced when a change of the record needs it or a person wants it, and turns a
 * success into the proof P2. {@link FencingSequence} draws the sequence itself.
 *
 * <pre>
 *   idle --a change lacks P2 | operator--> under way --power read off--> proof P2, idle
 *   under way --peer heard (R34) | no change lacks it any more | this process stood still--> idle
 *   under way --not fenced in attempts--> alarm, and tried on; but what only a person wants: idle
 *   proof P2 used --fenced too often (R36)--> stays off
 *   proof P2 used --power-on configured--> powered on again
 * </pre>
 */
final class PeerFencing {
    /** Subject of the alarm that it was fenced too often; until it is heard. */
    private static final String LOOP = "fence loop";

    private final NodeName peer;
    private final FencingConfiguration configuration;
    private final FencingSequence sequence;
    private final Rights rights;
    private final PeerWatch watch;
    private final NodeHealth health;
    private final NodeName me;
    private final Evidence evidence;
    private final CommandAnswers answers;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;
    private final List<Origin> asked = new ArrayList<>();
    private boolean pursued;

    PeerFencing(
            ClusterConfiguration config,
            FencingSequence sequence,
            Rights rights,
            PeerWatch watch,
            NodeHealth health,
            Evidence evidence,
            CommandAnswers answers,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.configuration = config.fencing();
        this.sequence = sequence;
        this.rights = rights;
        this.watch = watch;
        this.health = health;
        this.evidence = evidence;
        this.answers = answers;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    // ---------------------------------------------------------------- asked for

    /**
     * Whether a change of the record waits for the peer to be off; asked anew in every round of
     * duties, and when none does at its end, the request lapses.
     */
    void pursued(boolean waitedFor) {
        pursued = waitedFor;
    }

    /** Begins, if nothing is under way already. */
    void request(Rule rule, String sentence) {
        if (sequence.phase() != FencingSequence.Phase.IDLE) {
            return;
        }
        var first = rights.record().isPrimary(me);
        // A hung peer hears us and does not shoot: no need to wait for it.
        var delayNanos =
                first || watch.isHung()
                        ? configuration.primaryDelayNanos()
                        : configuration.secondaryDelayNanos();
        var handicapped = !health.isClientNetworkUp();
        if (handicapped) {
            delayNanos += configuration.handicapNanos();
        }
        effects.note(
                "fencing",
                rule,
                "fencing " + peer + (delayNanos > 0 ? " in " + delayNanos / 1_000_000 + " ms" : ""),
                sentence,
                watch.reason(),
                handicapped ? "own client network is down: waiting longer (R35)" : "R35");
        perform(sequence.request(time.nowNanos(), delayNanos, expectedBeats()));
    }

    /**
     * Who neither acknowledges nor leaves (R16) is heard all the time: were each beat to void the
     * request, each would begin another one, and no answer would ever count.
     */
    private FencingSequence.Beats expectedBeats() {
        if (watch.isHung()) {
            return FencingSequence.Beats.OF_A_HUNG_DAEMON;
        }
        return watch.isOnline()
                ? FencingSequence.Beats.OF_A_LIVING_NODE
                : FencingSequence.Beats.NONE;
    }

    /** R9, R12: with a device, a promotion need not wait until the other one's lease runs out. */
    void shortenWait() {
        if (isConfigured() && watch.isLost()) {
            pursued = true;
            request(Rule.R9, "its serving lease may still run, and a fence is quicker");
        }
    }

    /** At the end of a round of duties. */
    void lapseUnlessPursued() {
        if (!pursued && asked.isEmpty() && sequence.phase() != FencingSequence.Phase.IDLE) {
            sequence.cancel();
            alarms.clear("fencing");
        }
    }

    boolean isConfigured() {
        return !configuration.levels().isEmpty();
    }

    /** Whatever was under way starts over: a person's order waits for no delay and no back-off. */
    void byOperator(Origin origin) {
        effects.note(
                "operator", Rule.R34, "an operator has " + peer + " fenced", "clusterctl fence");
        sequence.cancel();
        alarms.clear("fencing");
        asked.add(origin);
        perform(sequence.request(time.nowNanos(), 0, FencingSequence.Beats.OF_A_LIVING_NODE));
    }

    int operatorsWaiting() {
        return asked.size();
    }

    // ---------------------------------------------------------------- voided

    /** A beat, of whatever daemon: after a power-off that was read back it must not go on. */
    void beat() {
        perform(sequence.beat(time.nowNanos()));
    }

    /** The peer's daemon is alive: what was believed about its death is void (R19, R34). */
    void peerHeard() {
        if (sequence.phase() != FencingSequence.Phase.IDLE) {
            sequence.heard();
            if (sequence.phase() == FencingSequence.Phase.IDLE) {
                effects.note(
                        "fencing",
                        Rule.R34,
                        "the request to fence " + peer + " is void, and so is its answer",
                        peer + " was heard after the request");
                alarms.clear("fencing");
            }
        }
        alarms.clear(LOOP);
        evidence.peerHeard();
    }

    void cancel() {
        sequence.cancel();
    }

    // ---------------------------------------------------------------- answered

    /** Says whether the proof that the peer is off is at hand now, to be used before all else. */
    boolean result(FenceRequestId request, FenceOutcome outcome) {
        return perform(sequence.result(time.nowNanos(), request, outcome));
    }

    /** As {@link #result}. */
    boolean advance() {
        return perform(sequence.advance(time.nowNanos()));
    }

    private boolean perform(List<FencingSequence.Step> steps) {
        var proven = false;
        for (var step : steps) {
            switch (step) {
                case FencingSequence.Step.Run(var id, var action, var level, var timeoutNanos) -> {
                    effects.note(
                            "fencing",
                            Rule.R34,
                            "running fence level "
                                    + configuration.levels().get(level).name()
                                    + " against "
                                    + peer
                                    + ", "
                                    + action,
                            "time-out " + timeoutNanos / 1_000_000 + " ms");
                    effects.add(new Effect.RunFenceAgent(id, peer, action, level, timeoutNanos));
                }
                case FencingSequence.Step.Fenced(var text) -> {
                    fenced(text);
                    proven = true;
                }
                case FencingSequence.Step.LevelFailed(var level, var reason) ->
                        effects.note(
                                "fencing",
                                Rule.R34,
                                "level " + level + " did not confirm: " + peer + " is not fenced",
                                reason);
                case FencingSequence.Step.StillNotFenced(
                                var attempts,
                                var reason,
                                var pauseNanos) ->
                        stillNotFenced(attempts, reason, pauseNanos);
                case FencingSequence.Step.PoweredOn(var text) ->
                        effects.note("fencing", Rule.R36, peer + " is powered on again", text);
                case FencingSequence.Step.PowerOnFailed(var reason) ->
                        effects.note("fencing", Rule.R36, peer + " was not powered on", reason);
            }
        }
        return proven;
    }

    private void fenced(String text) {
        effects.note("fencing", Rule.R34, peer + " is fenced", text);
        var record = rights.record();
        evidence.is(
                new Proof.PowerReadOff(
                        record.epoch(), record.gen(), peer + " was fenced: " + text));
        rights.save(rights.state().withFence(time.epochMillis()));
        alarms.clear("fencing");
        answer(new CommandResult.Done(peer + " is powered off: " + text));
    }

    private void stillNotFenced(int attempts, String reason, long pauseNanos) {
        if (!asked.isEmpty()) {
            // Not behind the back of a person who was told no. If a change needs it as well, it is
            // asked for anew, and a return of the peer ends it then.
            effects.note(
                    "fencing",
                    Rule.R34,
                    peer + " was not fenced in " + attempts + " attempts",
                    reason);
            sequence.cancel();
            answer(new CommandResult.Failed(peer + " could not be fenced: " + reason));
            return;
        }
        effects.note(
                "fencing",
                Rule.R34,
                peer
                        + " is still not fenced after "
                        + attempts
                        + " attempts; one in "
                        + pauseNanos / 1_000_000
                        + " ms from now on",
                reason);
        alarms.raise(
                "fencing",
                peer
                        + " cannot be fenced ("
                        + reason
                        + "), and it is tried again and again: see to the fence device, or make"
                        + " sure that "
                        + peer
                        + " is powered off, then say 'clusterctl confirm-fenced "
                        + peer
                        + "'");
    }

    /** After the proof was used: the peer comes back, unless it was fenced too often (R36). */
    void afterFence() {
        var nowMillis = time.epochMillis();
        var windowMillis = configuration.loopWindowNanos() / 1_000_000;
        var recent =
                rights.state().fencesEpochMillis().stream()
                        .filter(at -> nowMillis - at < windowMillis)
                        .count();
        if (recent >= configuration.loopMax()) {
            effects.note(
                    "fencing",
                    Rule.R36,
                    peer + " stays off: it was fenced too often",
                    recent + " times lately");
            alarms.raise(
                    LOOP,
                    peer
                            + " was fenced "
                            + recent
                            + " times lately and stays off (R36): find out why ('clusterctl"
                            + " explain'), then switch it on");
        } else if (configuration.powerOnAfter()) {
            perform(sequence.powerOn());
        }
    }

    private void answer(CommandResult result) {
        asked.forEach(origin -> answers.answer(origin, result));
        asked.clear();
    }

    // ---------------------------------------------------------------- told

    FencingSequence.Phase phase() {
        return sequence.phase();
    }

    boolean isIdle() {
        return sequence.phase() == FencingSequence.Phase.IDLE;
    }

    /** For a person. */
    String describe() {
        return sequence.describe();
    }

    OptionalLong nextDeadlineNanos() {
        return sequence.nextDeadlineNanos();
    }
}
