package io.leasehold.heartbeat.record.arbiter.fencing;

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
 * A change is won by fencing the peer with success, then writing the local copy durably.
 *
 * <p>Shrink by one node and takeover by the other are excluded by each other because each needs the
 * other one powered off, or its durable word.
 */
public final class FencingArbiter implements Arbiter {
    private final ProofRules rules;

    public FencingArbiter(NodeName me, NodeName peer) {
        rules = new ProofRules(ArbitrationMode.FENCING, Ruling.Need.FENCE, me, peer);
    }

    @Override
    public ArbitrationMode mode() {
        return ArbitrationMode.FENCING;
    }

    @Override
    public Ruling rule(Change change, DurableState state, Optional<Proof> proof) {
        return rules.rule(change, state, proof);
    }
}
