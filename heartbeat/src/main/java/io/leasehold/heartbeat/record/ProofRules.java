package io.leasehold.heartbeat.record;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the arbiters without a witness have in common: the record is each node's own copy, and
 * changes only with a proof that the peer is silent or agreed (mode F of PROTOCOL.md).
 *
 * <p>Two proofs are needed for every promotion (R7): that the peer does not write ({@link Proof}),
 * and that no acknowledged write is missing here (member of inSync, and the standing).
 */
public final class ProofRules {
    private final ArbitrationMode mode;
    private final Ruling.Need whenSilent;
    private final NodeName me;
    private final NodeName peer;

    /**
     * @param whenSilent what is missing while the peer neither speaks nor is proven off
     */
    public ProofRules(ArbitrationMode mode, Ruling.Need whenSilent, NodeName me, NodeName peer) {
        this.mode = mode;
        this.whenSilent = whenSilent;
        this.me = me;
        this.peer = peer;
    }

    public Ruling rule(Change change, DurableState state, Optional<Proof> offered) {
        var record = state.record();
        var proof =
                offered.filter(given ->
                        given.epoch().equals(record.epoch()) && given.gen().equals(record.gen()));
        if (record.mode() != mode && !mayChangeMode(change, record, proof)) {
            return new Ruling.Refused(
                    Rule.R12,
                    "the record belongs to arbiter "
                            + record.mode()
                            + ", not "
                            + mode
                            + ": both nodes must meet under "
                            + mode
                            + ", or an operator says 'clusterctl promote --force'");
        }
        return switch (change) {
            case GO_ALONE -> goAlone(state, proof);
            case TAKE_OVER -> closing(record, takeOver(state, proof));
            case START_ALONE -> startAlone(state);
            case RESUME -> resume(state, proof);
            case ADMIT_PEER -> admitPeer(state);
            case FORCE -> force(state, proof);
        };
    }

    /**
     * R12: changing the arbiter needs both nodes, or a person. The word that the peer gave in the
     * session in which both were found to be configured for the new one closes its copy of the old
     * one's record. A record in the ensemble is closed there, too, and a promise is not enough for
     * it: by what the ensemble has, a node may start without asking anybody (R28), so the other
     * one's copy must end first.
     */
    private boolean mayChangeMode(Change change, ClusterRecord record, Optional<Proof> proof) {
        var ensemble = record.mode() == ArbitrationMode.ZOOKEEPER;
        var byBoth =
                proof.isPresent()
                        && switch (proof.get()) {
                            case Proof.PeerOutdated _ ->
                                    change == Change.TAKE_OVER
                                            || (change == Change.RESUME && !ensemble);
                            case Proof.PeerPromised _ ->
                                    !ensemble
                                            && (change == Change.TAKE_OVER
                                                    || change == Change.RESUME);
                            case Proof.PowerReadOff _, Proof.PowerAssertedOff _, Proof.Forced _ ->
                                    false;
                        };
        return byBoth || change == Change.FORCE || record.primary().isEmpty();
    }

    /** R12: what the ensemble keeps is closed by a conditional write before anybody adopts it. */
    private static Ruling closing(ClusterRecord record, Ruling ruling) {
        return record.mode() == ArbitrationMode.ZOOKEEPER
                        && record.primary().isPresent()
                        && ruling instanceof Ruling.Granted granted
                        && granted.record().mode() != ArbitrationMode.ZOOKEEPER
                ? new Ruling.Proposed(
                        granted.record(),
                        granted.permit(),
                        true,
                        Rule.R12,
                        granted.sentence() + ", and the ensemble closed its record")
                : ruling;
    }

    private Ruling goAlone(DurableState state, Optional<Proof> proof) {
        var record = state.record();
        if (!record.isPrimary(me) || record.isSole(me)) {
            return new Ruling.Refused(Rule.R4, me + " is not primary beside a member");
        }
        if (state.standing() != Standing.UP_TO_DATE) {
            return new Ruling.Refused(Rule.R32, me + " is " + words(state.standing()));
        }
        if (!provesSilence(proof)) {
            return missing("writes stay frozen until " + peer + " is fenced or leaves");
        }
        return new Ruling.Granted(
                next(state, record.epoch(), Set.of(me)),
                true,
                ruleOf(proof.orElseThrow(), Rule.R4),
                me + " goes on alone: " + proof.orElseThrow().sentence());
    }

    private Ruling takeOver(DurableState state, Optional<Proof> proof) {
        var record = state.record();
        var byWord = proof.filter(Proof.PeerOutdated.class::isInstance).isPresent();
        switch (state.standing()) {
            case INCONSISTENT -> {
                return new Ruling.Refused(Rule.R31, me + "'s copy is inconsistent");
            }
            case OUTDATED, CONSISTENT -> {
                // Only a meeting can have led here: both compared their histories, and the other
                // one
                // gave its word (R28, and R16 for two that are outdated at the same generation).
                if (!byWord) {
                    return new Ruling.Refused(
                            state.standing() == Standing.CONSISTENT ? Rule.R20 : Rule.R7,
                            me
                                    + " is only "
                                    + words(state.standing())
                                    + " and holds no solo permit: it waits for "
                                    + peer);
                }
            }
            case UP_TO_DATE -> {
                if (!record.isInSync(me)) {
                    return new Ruling.Refused(
                            Rule.R6, me + " is not in sync: " + record.describe());
                }
            }
        }
        if (!provesSilence(proof)) {
            return missing(me + " may take over once " + peer + " is fenced");
        }
        return new Ruling.Granted(
                next(state, state.promised().next(), Set.of(me)),
                true,
                ruleOf(proof.orElseThrow(), Rule.R6),
                me + " takes over: " + proof.orElseThrow().sentence());
    }

    private Ruling startAlone(DurableState state) {
        var record = state.record();
        var valid =
                state.permit().filter(permit -> permit.epoch().equals(record.epoch())).isPresent()
                        && record.isSole(me);
        if (!valid) {
            return new Ruling.Refused(Rule.R20, me + " holds no solo permit");
        }
        if (state.standing() == Standing.INCONSISTENT || state.standing() == Standing.OUTDATED) {
            return new Ruling.Refused(Rule.R20, me + " is " + words(state.standing()));
        }
        return new Ruling.Granted(
                next(state, state.promised().next(), Set.of(me)),
                true,
                Rule.R20,
                me + " starts alone: it holds the solo permit of epoch " + record.epoch());
    }

    private Ruling resume(DurableState state, Optional<Proof> proof) {
        var record = state.record();
        if (!record.isPrimary(me) || state.standing() != Standing.UP_TO_DATE) {
            return new Ruling.Refused(
                    Rule.R27, me + " was not primary, or is " + words(state.standing()));
        }
        if (proof.orElse(null) instanceof Proof.PeerPromised promise) {
            return promise.member()
                    ? new Ruling.Granted(
                            next(state, promise.promised(), Set.of(me, peer)),
                            false,
                            Rule.R27,
                            me + " continues: " + promise.sentence())
                    : new Ruling.Granted(
                            next(state, promise.promised(), Set.of(me)),
                            true,
                            Rule.R27,
                            me + " continues alone: " + promise.sentence());
        }
        return new Ruling.Missing(
                Ruling.Need.PEER,
                Rule.R27,
                me + " continues once " + peer + " promised it the next epoch");
    }

    private Ruling admitPeer(DurableState state) {
        var record = state.record();
        if (!record.isSole(me) || !record.isPrimary(me)) {
            return new Ruling.Refused(Rule.R10, me + " is not alone: " + record.describe());
        }
        return new Ruling.Granted(
                next(state, record.epoch(), Set.of(me, peer)),
                false,
                Rule.R10,
                peer + " is equal and enters inSync");
    }

    /**
     * R21. The mode may be another one than the record's: a person may change the arbiter alone
     * (R12).
     */
    private Ruling force(DurableState state, Optional<Proof> proof) {
        if (state.standing() == Standing.INCONSISTENT) {
            return new Ruling.Refused(Rule.R31, me + "'s copy is inconsistent");
        }
        if (!(proof.orElse(null) instanceof Proof.Forced forced)) {
            return new Ruling.Missing(
                    Ruling.Need.PERSON, Rule.R21, "only a person forces an epoch");
        }
        return new Ruling.Granted(
                next(state, state.promised().forced(me.compareTo(peer) < 0), Set.of(me)),
                true,
                Rule.R21,
                me + " is made primary by force: " + forced.sentence());
    }

    private static boolean provesSilence(Optional<Proof> offered) {
        return offered.isPresent()
                && switch (offered.get()) {
                    case Proof.PeerOutdated _, Proof.PowerReadOff _, Proof.PowerAssertedOff _ ->
                            true;
                    case Proof.PeerPromised _, Proof.Forced _ -> false;
                };
    }

    private static Rule ruleOf(Proof proof, Rule byPowerOff) {
        return switch (proof) {
            case Proof.PeerOutdated word -> word.rule();
            case Proof.PowerReadOff _, Proof.PowerAssertedOff _ -> byPowerOff;
            case Proof.PeerPromised _ -> Rule.R27;
            case Proof.Forced _ -> Rule.R21;
        };
    }

    private Ruling missing(String sentence) {
        return new Ruling.Missing(whenSilent, Rule.R34, sentence);
    }

    private ClusterRecord next(DurableState state, Epoch epoch, Set<NodeName> inSync) {
        return new ClusterRecord(
                mode,
                epoch,
                Optional.of(me),
                new TreeSet<>(inSync),
                state.record().gen().next(),
                new RequestId(me, state.lastRequestNumber() + 1));
    }

    private static String words(Standing standing) {
        return switch (standing) {
            case INCONSISTENT -> "inconsistent";
            case OUTDATED -> "outdated";
            case CONSISTENT -> "consistent, but not known to be up to date,";
            case UP_TO_DATE -> "up to date";
        };
    }
}
