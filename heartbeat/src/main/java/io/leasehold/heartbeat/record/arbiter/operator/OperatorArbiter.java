package io.leasehold.heartbeat.record.arbiter.operator;

import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.ProofRules;
import io.leasehold.heartbeat.record.Ruling;
import java.util.Optional;

/**
 * A change is won by a person's {@code confirm-fenced}: the assertion that the peer's power is off.
 *
 * <p>Nothing happens by itself after a crash; hand-overs, graceful leaves and starts of a pair that
 * meets need no person, because the peer's own word is proof.
 */
public final class OperatorArbiter implements Arbiter {
    private final ProofRules rules;

    public OperatorArbiter(NodeName me, NodeName peer) {
        rules = new ProofRules(ArbitrationMode.OPERATOR, Ruling.Need.PERSON, me, peer);
    }

    @Override
    public ArbitrationMode mode() {
        return ArbitrationMode.OPERATOR;
    }

    @Override
    public Ruling rule(Change change, DurableState state, Optional<Proof> proof) {
        return rules.rule(change, state, proof);
    }
}
