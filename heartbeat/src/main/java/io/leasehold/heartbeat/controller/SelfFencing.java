package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;

/**
 * The last resort of a node that cannot be made silent in an orderly way: the gate is shut and the
 * machine reset (R38). There is no way back from it but a power-on.
 */
final class SelfFencing {
    private final NodeName me;
    private final Lifecycle lifecycle;
    private final ServiceGate gate;
    private final Effects effects;

    SelfFencing(NodeName me, Lifecycle lifecycle, ServiceGate gate, Effects effects) {
        this.me = me;
        this.lifecycle = lifecycle;
        this.gate = gate;
        this.effects = effects;
    }

    void reset(Rule rule, String reason) {
        effects.note("fencing", rule, me + " resets itself", reason);
        gate.close();
        effects.add(new Effect.SelfFence(rule, reason));
        lifecycle.become(new Phase.Ended(reason));
    }
}
