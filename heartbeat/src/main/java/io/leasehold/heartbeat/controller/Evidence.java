package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Rule;
import java.util.Optional;

/**
 * The proof at hand that the peer is silent or agreed; each names the record that it was given
 * against.
 *
 * <pre>
 *   none --the peer's word (P1)--> word --session ended--> none
 *   none | word --power read or asserted off (P2)--> power off
 *   power off --the peer is heard (R34), this process stood still--> none
 *   any --the record is won--> none
 * </pre>
 */
final class Evidence {
    private final NodeName peer;
    private final Rights rights;
    private final Alarms alarms;
    private final Effects effects;
    private Optional<Proof> proof = Optional.empty();

    /** The power-on of the peer that a person said had ended. */
    private Optional<BootId> assertedOff = Optional.empty();

    Evidence(NodeName peer, Rights rights, Alarms alarms, Effects effects) {
        this.peer = peer;
        this.rights = rights;
        this.alarms = alarms;
        this.effects = effects;
    }

    Optional<Proof> proof() {
        return proof;
    }

    boolean isPresent() {
        return proof.isPresent();
    }

    /** P1, by {@code rule}. */
    void peerOutdated(Rule rule, String sentence) {
        if (proof.isEmpty() || !(proof.get() instanceof Proof.PeerOutdated)) {
            var record = rights.record();
            proof =
                    Optional.of(
                            new Proof.PeerOutdated(record.epoch(), record.gen(), rule, sentence));
        }
    }

    void is(Proof given) {
        proof = Optional.of(given);
    }

    /**
     * A person answers for it that the peer is without power. P2 must always mean power off: should
     * the same power-on be heard again, it was not, and a person must know (R19).
     *
     * @param lastHeard the power-on that was heard last; empty if none ever was
     */
    void isAssertedOff(Proof given, Optional<BootId> lastHeard) {
        proof = Optional.of(given);
        assertedOff = lastHeard;
    }

    /** In a beat. */
    void heard(BootId powerOn) {
        if (assertedOff.filter(powerOn::equals).isEmpty()) {
            return;
        }
        assertedOff = Optional.empty();
        effects.note(
                "operator",
                Rule.R19,
                peer + " was not powered off, although an operator said so",
                "it is heard again in the same power-on");
        alarms.raise(
                "assertion",
                peer
                        + " was said to be powered off and was not: if it served meanwhile,"
                        + " addresses were given twice ('clusterctl explain' tells; 'clusterctl"
                        + " cleanup' ends this alarm)");
    }

    /** A person has looked. */
    void acknowledged() {
        alarms.clear("assertion");
    }

    /** A proof is good for one change of the record. */
    void used() {
        proof = Optional.empty();
    }

    /** The peer's daemon is alive: it is not off (R19, R34). */
    void peerHeard() {
        if (proof.filter(Evidence::isPowerOff).isPresent()) {
            proof = Optional.empty();
            effects.note(
                    "fencing",
                    Rule.R34,
                    "the proof that " + peer + " is off is void",
                    peer + " was heard after it");
        }
    }

    /** A word that was given in a session dies with it; what is true is said again in the next. */
    void sessionEnded() {
        proof = proof.filter(Evidence::isPowerOff);
    }

    /** This process stood still: the peer may have been powered on and heard meanwhile. */
    void stoodStill() {
        proof = proof.filter(given -> !isPowerOff(given));
    }

    private static boolean isPowerOff(Proof given) {
        return switch (given) {
            case Proof.PowerReadOff _, Proof.PowerAssertedOff _ -> true;
            case Proof.PeerOutdated _, Proof.PeerPromised _, Proof.Forced _ -> false;
        };
    }
}
