package io.leasehold.heartbeat.record;

/** What an arbiter says to a {@link Change}. */
public sealed interface Ruling {

    /**
     * Won.
     *
     * @param record to be stored before anything depends on it
     * @param permit whether the solo permit goes with it (R20)
     */
    record Granted(ClusterRecord record, boolean permit, Rule rule, String sentence)
            implements Ruling {}

    /**
     * Won once the ensemble has taken {@code record} by a conditional write, and if this is still
     * the ruling then.
     *
     * @param permit whether the solo permit goes with it (R20)
     * @param silent whether the other one is proven silent; if not, its serving lease must run out
     *     before anything serves, and the permit waits for that (R9)
     */
    record Proposed(
            ClusterRecord record, boolean permit, boolean silent, Rule rule, String sentence)
            implements Ruling {}

    /** Not yet: this is missing. */
    record Missing(Need need, Rule rule, String sentence) implements Ruling {}

    /** No, and waiting alone does not help. */
    record Refused(Rule rule, String sentence) implements Ruling {}

    /** What would turn {@link Missing} into a grant. */
    enum Need {
        /** The peer fenced with success, or its own word that it is outdated. */
        FENCE,
        /** A person's word that the peer is powered off, or the peer's own that it is outdated. */
        PERSON,
        /** The peer's word: its promise, or that it is outdated. */
        PEER
    }
}
