package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;

/**
 * What this node durably knows about rights, as it is now. A change is an effect before anything
 * that depends on it; nothing is written if nothing changed.
 */
final class Rights {
    private final Effects effects;
    private DurableState state;

    Rights(Effects effects, DurableState stored) {
        this.effects = effects;
        this.state = stored;
    }

    DurableState state() {
        return state;
    }

    ClusterRecord record() {
        return state.record();
    }

    void save(DurableState next) {
        if (!next.equals(state)) {
            state = next;
            effects.add(new Effect.PersistState(next));
        }
    }
}
