package io.leasehold.heartbeat.record;

import java.util.Optional;

/**
 * The only place where a new record comes from: rules whether a change is won. Pure.
 *
 * <p>The door behind which the modes differ. An arbiter is asked again whenever the state or the
 * evidence changed; it answers from its arguments alone.
 */
public interface Arbiter {

    ArbitrationMode mode();

    /**
     * Rules on one change.
     *
     * @param state what this node knows durably; re-checked at every call, also right before the
     *     win takes effect (R6)
     * @param proof the evidence at hand; ignored when it names another record than {@code state}'s
     */
    Ruling rule(Change change, DurableState state, Optional<Proof> proof);
}
