package io.leasehold.heartbeat.record.arbiter.zookeeper;

import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.ProofRules;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standing;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A change is won by a conditional write to one znode; shrink by one node and takeover by the other
 * exclude each other because both name the same version of it (R5). No clock and no fence is in
 * that.
 *
 * <p>The record in the ensemble says who holds every acknowledged write, so a node's standing does
 * not overrule it (R14, R18): whoever is in its inSync may start, unless its copy is unusable. What
 * proofs are still good for is silence: with one (P1, P2) a promotion need not wait for the other's
 * serving lease to run out (R9, R12).
 *
 * <p>Two starts need no ensemble: that of a node that holds the solo permit, because the other one
 * may not promote without it (R20), and that of a primary whose daemon was restarted, if the other
 * one promised it the next epoch (R27). Rights do not change by them; the next change carries the
 * epoch.
 */
public final class ZookeeperArbiter implements Arbiter {
    private static final String WHAT_THEN =
            " nothing changes until both nodes meet. If they have met, 'clusterctl takeover' writes"
                    + " it anew";

    private final ProofRules rules;
    private final NodeName me;
    private final NodeName peer;

    public ZookeeperArbiter(NodeName me, NodeName peer) {
        this.rules = new ProofRules(ArbitrationMode.ZOOKEEPER, Ruling.Need.PEER, me, peer);
        this.me = me;
        this.peer = peer;
    }

    @Override
    public ArbitrationMode mode() {
        return ArbitrationMode.ZOOKEEPER;
    }

    /** The state's record is what the ensemble was last seen to have, as far as this node knows. */
    @Override
    public Ruling rule(Change change, DurableState state, Optional<Proof> offered) {
        var record = state.record();
        var proof = valid(state, offered);
        if (record.mode() != ArbitrationMode.ZOOKEEPER) {
            return adopt(change, state, proof);
        }
        return switch (change) {
            case GO_ALONE -> goAlone(state, proof);
            case TAKE_OVER -> takeOver(state, proof);
            case START_ALONE -> rules.rule(change, state, offered);
            case RESUME -> resume(state, proof);
            case ADMIT_PEER -> admitPeer(state);
            // The record is the ensemble's: one that is forced beside it would be a second one.
            case FORCE ->
                    new Ruling.Refused(
                            Rule.R12,
                            "with arbiter zookeeper the record is in the ensemble, and nothing is"
                                    + " forced beside it");
        };
    }

    /**
     * Whether a change may be written onto what the ensemble has; {@code state} has taken in {@code
     * base} if that is newer.
     *
     * @param base empty if the ensemble has no record of this pair
     * @param offered what the peer's copy of the record is worth, if that is known
     */
    public Optional<Ruling.Refused> onto(
            Optional<ClusterRecord> base, DurableState state, Optional<Proof> offered) {
        var mine = state.record();
        if (base.isPresent() && !mine.isNewerThan(base.get())) {
            return base.get().givesTheSameRightsAs(mine)
                    ? Optional.empty()
                    : Optional.of(
                            new Ruling.Refused(
                                    Rule.R11,
                                    "the ensemble has a record that "
                                            + me
                                            + " has not followed yet: "
                                            + base.get().describe()));
        }
        if (base.isEmpty() && mine.epoch().equals(Epoch.NONE)) {
            return Optional.empty();
        }
        // Behind a node that restarted by its permit, or by its peer's promise.
        if (base.filter(mine::givesTheSameRightsAs).isPresent()) {
            return Optional.empty();
        }
        if (base.filter(record -> isOwnLateWish(record, mine)).isPresent()) {
            return Optional.empty();
        }
        // Lost, or restored from a backup. The pair's own word is enough if both are here, or if
        // nobody but this node can have gone on.
        var both = valid(state, offered).filter(Proof.PeerOutdated.class::isInstance).isPresent();
        var alone = mine.isPrimary(me) && mine.isSole(me) && base.isEmpty();
        if (both || alone) {
            return Optional.empty();
        }
        return Optional.of(
                new Ruling.Refused(
                        Rule.R11,
                        base.isPresent()
                                ? "the ensemble's record ("
                                        + base.get().describe()
                                        + ") is older than the one that "
                                        + me
                                        + " stored ("
                                        + mine.describe()
                                        + "): it was restored from a backup, or is another ensemble;"
                                        + WHAT_THEN
                                : "the ensemble has no record of this pair, but "
                                        + me
                                        + " stored one ("
                                        + mine.describe()
                                        + "): another ensemble, or it lost its data;"
                                        + WHAT_THEN));
    }

    /**
     * R11, R27: this node asked to lead alone and was restarted before it knew; the peer's promise
     * let it go on, from the same record (hence the same generation), and then the wish was taken.
     * By what the ensemble has nobody but this node has any right.
     */
    private boolean isOwnLateWish(ClusterRecord late, ClusterRecord mine) {
        return mine.isPrimary(me)
                && late.isPrimary(me)
                && late.isSole(me)
                && late.requestId().node().equals(me)
                && late.gen().equals(mine.gen());
    }

    /**
     * R12: the word that the peer gave when both were configured for this arbiter ended its copy of
     * the old record; then the ensemble gets one. A promise would not do: the peer could still go
     * on by the old record, and this node by the ensemble, without meeting again.
     */
    private Ruling adopt(Change change, DurableState state, Optional<Proof> proof) {
        var record = state.record();
        if (change == Change.TAKE_OVER
                && proof.filter(Proof.PeerOutdated.class::isInstance).isPresent()) {
            return takeOver(state, proof);
        }
        return new Ruling.Refused(
                Rule.R12,
                "the record belongs to arbiter "
                        + record.mode()
                        + ", not zookeeper: both nodes must meet under zookeeper");
    }

    private Ruling goAlone(DurableState state, Optional<Proof> proof) {
        var record = state.record();
        if (!record.isPrimary(me) || record.isSole(me)) {
            return new Ruling.Refused(Rule.R4, me + " is not primary beside a member");
        }
        if (state.standing() != Standing.UP_TO_DATE) {
            return new Ruling.Refused(Rule.R32, me + "'s copy is " + state.standing());
        }
        return new Ruling.Proposed(
                next(state, record.epoch(), Set.of(me)),
                true,
                true,
                proof.map(given -> ruleOf(given, Rule.R4)).orElse(Rule.R4),
                me + " goes on alone" + because(proof, peer + " does not acknowledge"));
    }

    private Ruling takeOver(DurableState state, Optional<Proof> proof) {
        var record = state.record();
        if (state.standing() == Standing.INCONSISTENT) {
            return new Ruling.Refused(Rule.R31, me + "'s copy is inconsistent");
        }
        if (record.inSync().isEmpty()
                && proof.filter(Proof.PeerOutdated.class::isInstance).isEmpty()) {
            return new Ruling.Missing(
                    Ruling.Need.PEER, Rule.R28, "nobody has ever been primary: both meet first");
        }
        if (!record.inSync().isEmpty() && !record.isInSync(me)) {
            return new Ruling.Refused(
                    Rule.R6, me + " is not in sync: the record is " + record.describe());
        }
        var silent = proof.filter(ZookeeperArbiter::silences).isPresent() || servedLast(state);
        return new Ruling.Proposed(
                next(state, state.promised().next(), Set.of(me)),
                silent,
                silent,
                proof.map(given -> ruleOf(given, Rule.R6)).orElse(Rule.R6),
                me + " takes over" + because(proof, peer + " is silent"));
    }

    private Ruling resume(DurableState state, Optional<Proof> proof) {
        var record = state.record();
        if (!record.isPrimary(me) || state.standing() != Standing.UP_TO_DATE) {
            return new Ruling.Refused(
                    Rule.R27, me + " was not primary, or its copy is " + state.standing());
        }
        if (proof.orElse(null) instanceof Proof.PeerPromised promise && !promise.member()) {
            return new Ruling.Proposed(
                    next(state, promise.promised(), Set.of(me)),
                    true,
                    true,
                    Rule.R27,
                    me + " continues alone: " + promise.sentence());
        }
        // A member's promise is as good as the ensemble's: rights do not change, only the epoch.
        return rules.rule(Change.RESUME, state, proof);
    }

    private Ruling admitPeer(DurableState state) {
        var record = state.record();
        if (!record.isSole(me) || !record.isPrimary(me)) {
            return new Ruling.Refused(Rule.R10, me + " is not alone: " + record.describe());
        }
        return new Ruling.Proposed(
                next(state, record.epoch(), Set.of(me, peer)),
                false,
                true,
                Rule.R10,
                peer + " is equal and enters inSync");
    }

    /**
     * Nobody else's lease can still run: this node was the last to serve, and had waited for the
     * other one before it did (H10: a win alone does not say so).
     */
    private boolean servedLast(DurableState state) {
        var record = state.record();
        return record.isPrimary(me) && (!record.isSole(me) || state.holdsPermit());
    }

    private static boolean silences(Proof proof) {
        return switch (proof) {
            case Proof.PeerOutdated _, Proof.PowerReadOff _, Proof.PowerAssertedOff _ -> true;
            case Proof.PeerPromised _, Proof.Forced _ -> false;
        };
    }

    private static Optional<Proof> valid(DurableState state, Optional<Proof> offered) {
        var record = state.record();
        return offered.filter(
                given -> given.epoch().equals(record.epoch()) && given.gen().equals(record.gen()));
    }

    private static Rule ruleOf(Proof proof, Rule byPowerOff) {
        return switch (proof) {
            case Proof.PeerOutdated word -> word.rule();
            case Proof.PowerReadOff _, Proof.PowerAssertedOff _ -> byPowerOff;
            case Proof.PeerPromised _ -> Rule.R27;
            case Proof.Forced _ -> Rule.R21;
        };
    }

    private static String because(Optional<Proof> proof, String otherwise) {
        return ": "
                + proof.map(Proof::sentence).orElse(otherwise)
                + ", and the ensemble took its write";
    }

    private ClusterRecord next(DurableState state, Epoch epoch, Set<NodeName> inSync) {
        return new ClusterRecord(
                ArbitrationMode.ZOOKEEPER,
                epoch,
                Optional.of(me),
                new TreeSet<>(inSync),
                state.record().gen().next(),
                new RequestId(me, state.lastRequestNumber() + 1));
    }
}
