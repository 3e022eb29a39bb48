package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Ruling;
import java.util.HashSet;
import java.util.Set;

/**
 * Asks the {@link Arbiter} for a change of the record and, where a proof is missing, goes and gets
 * it. What is won is stored by the caller before anything depends on it.
 *
 * <pre>
 *   wanted --proposed--> wished of the {@link Witness} --taken--> claimed: won, unless refused now
 *   wanted --granted--> won: proof used, fencing over --stored by the caller--> in force
 *   wanted --missing--> a fence is requested | a person is called | the peer is waited for
 *   wanted --refused--> noted once per record
 * </pre>
 */
final class Arbitration {

    /** How an attempt went. */
    sealed interface Outcome {
        /**
         * The change is won.
         *
         * @param next with the record that was won and its permit; to be stored first
         * @param rule that it was won by
         * @param askedNanos when it was asked for: a confirmation counts from there
         * @param silent whether the other one is proven silent; if not, nothing serves before its
         *     lease has run out (R9)
         */
        record Won(DurableState next, Rule rule, long askedNanos, boolean silent)
                implements Outcome {
            Won with(DurableState changed) {
                return new Won(changed, rule, askedNanos, silent);
            }
        }

        record NotYet() implements Outcome {}

        record Refused() implements Outcome {}
    }

    private final Arbiter arbiter;
    private final Witness witness;
    private final NodeName peer;
    private final Rights rights;
    private final Evidence evidence;
    private final PeerFencing fencing;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;
    private final Set<String> foundBefore = new HashSet<>();
    private long lastWinNanos;
    private String lastWin = "";

    Arbitration(
            Arbiter arbiter,
            Witness witness,
            NodeName peer,
            Rights rights,
            Evidence evidence,
            PeerFencing fencing,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.arbiter = arbiter;
        this.witness = witness;
        this.peer = peer;
        this.rights = rights;
        this.evidence = evidence;
        this.fencing = fencing;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    /** Asks with the proof at hand; goes for none. */
    Outcome attempt(Change change) {
        return switch (arbiter.rule(change, rights.state(), evidence.proof())) {
            case Ruling.Granted granted -> won(granted, time.nowNanos(), true);
            case Ruling.Proposed _ -> wished(change);
            case Ruling.Refused(var rule, var sentence) -> refused(rule, sentence);
            case Ruling.Missing(_, var rule, var sentence) -> {
                finding("missing " + sentence, rule, "not yet", sentence);
                yield new Outcome.NotYet();
            }
        };
    }

    /** Asks and, where a proof is missing, goes and gets it. */
    Outcome pursue(Change change) {
        fencing.pursued(true);
        return switch (arbiter.rule(change, rights.state(), evidence.proof())) {
            case Ruling.Granted granted -> won(granted, time.nowNanos(), true);
            case Ruling.Proposed _ -> wished(change);
            case Ruling.Refused(var rule, var sentence) -> {
                fencing.pursued(false);
                yield refused(rule, sentence);
            }
            case Ruling.Missing(var need, var rule, var sentence) -> {
                switch (need) {
                    case FENCE -> fencing.request(rule, sentence);
                    case PERSON -> {
                        finding("person " + sentence, rule, "waiting for an operator", sentence);
                        alarms.raise(
                                "operator",
                                peer
                                        + " is silent: make sure that it is powered off, then say"
                                        + " 'clusterctl confirm-fenced "
                                        + peer
                                        + "'");
                    }
                    case PEER -> {}
                }
                yield new Outcome.NotYet();
            }
        };
    }

    private Outcome wished(Change change) {
        witness.wish(change);
        return new Outcome.NotYet();
    }

    /**
     * What the ensemble took takes effect, if it is still the ruling (R6: re-checked after the
     * win). If not, the record is ours all the same, and nobody serves by it.
     */
    Outcome claim(Witness.Taken taken) {
        witness.claimed();
        var record = taken.proposal().next();
        var ruling = arbiter.rule(taken.proposal().change(), rights.state(), evidence.proof());
        if (ruling instanceof Ruling.Proposed(_, var permit, var silent, var rule, var sentence)) {
            return won(
                    new Ruling.Granted(record, permit, rule, sentence), taken.sentNanos(), silent);
        }
        effects.note(
                "arbiter",
                Rule.R6,
                "the record is won, but nothing serves by it: " + record.describe(),
                String.valueOf(ruling));
        rights.save(rights.state().withRecord(record));
        return new Outcome.Refused();
    }

    private Outcome refused(Rule rule, String sentence) {
        finding("refused " + sentence, rule, "no change", sentence);
        return new Outcome.Refused();
    }

    private Outcome won(Ruling.Granted granted, long askedNanos, boolean silent) {
        effects.note("arbiter", granted.rule(), granted.sentence(), granted.record().describe());
        lastWin = granted.sentence() + " (" + granted.rule() + ")";
        lastWinNanos = time.nowNanos();
        var next = rights.state().withRecord(granted.record());
        evidence.used();
        fencing.cancel();
        alarms.clear("operator");
        alarms.clear("fencing");
        alarms.clear(Candidacy.MEETING);
        alarms.clear(Departure.SPLIT_BRAIN);
        alarms.clear(Departure.DEPOSED);
        foundBefore.clear();
        return new Outcome.Won(
                granted.permit() ? next.withPermit() : next.withoutPermit(),
                granted.rule(),
                askedNanos,
                silent);
    }

    /** Nothing is under way of which the outcome is not known yet. */
    boolean isSettled() {
        return witness.isQuiet();
    }

    /** For findings that are made again and again: noted once, until the record changes. */
    void finding(String key, Rule rule, String text, String cause) {
        if (foundBefore.add(key)) {
            effects.note("arbiter", rule, text, cause);
        }
    }

    long lastWinNanos() {
        return lastWinNanos;
    }

    /** For a person; empty before the first win of this process. */
    String lastWin() {
        return lastWin;
    }
}
