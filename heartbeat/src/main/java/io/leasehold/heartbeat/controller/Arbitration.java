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
         */
        record Won(DurableState next) implements Outcome {}

        record NotYet() implements Outcome {}

        record Refused() implements Outcome {}
    }

    private final Arbiter arbiter;
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
            NodeName peer,
            Rights rights,
            Evidence evidence,
            PeerFencing fencing,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.arbiter = arbiter;
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
            case Ruling.Granted granted -> won(granted);
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
            case Ruling.Granted granted -> won(granted);
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

    private Outcome refused(Rule rule, String sentence) {
        finding("refused " + sentence, rule, "no change", sentence);
        return new Outcome.Refused();
    }

    private Outcome won(Ruling.Granted granted) {
        effects.note("arbiter", granted.rule(), granted.sentence(), granted.record().describe());
        lastWin = granted.sentence() + " (" + granted.rule() + ")";
        lastWinNanos = time.nowNanos();
        var next = rights.state().withRecord(granted.record());
        evidence.used();
        fencing.cancel();
        alarms.clear("operator");
        alarms.clear("fencing");
        alarms.clear("meeting");
        foundBefore.clear();
        return new Outcome.Won(granted.permit() ? next.withPermit() : next.withoutPermit());
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
