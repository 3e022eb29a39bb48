package io.leasehold.heartbeat.record;

/** Why the peer is known to be silent, or to have agreed. Each proof names what it is good for. */
public sealed interface Proof {

    /** The record that this proof was given against; void when the record is another one. */
    Epoch epoch();

    Generation gen();

    /** For a person. */
    String sentence();

    /**
     * P1: the peer durably marked itself outdated, its gate is shut, and it said so.
     *
     * @param rule by which it did: R16 leaving, R17 handing over, R28 meeting
     */
    record PeerOutdated(Epoch epoch, Generation gen, Rule rule, String sentence) implements Proof {}

    /** P2: a fence device read the peer's power back off. */
    record PowerReadOff(Epoch epoch, Generation gen, String sentence) implements Proof {}

    /** P2: a person asserts that the peer's power is off. */
    record PowerAssertedOff(Epoch epoch, Generation gen, String sentence) implements Proof {}

    /**
     * R21: no proof but a person's will, who was shown what may be lost and answers for the peer's
     * silence. Good for {@link Change#FORCE} alone.
     */
    record Forced(Epoch epoch, Generation gen, String sentence) implements Proof {}

    /**
     * R27: the peer durably promised {@code promised} to this node.
     *
     * @param member the peer still holds every acknowledged write and goes on as a member
     */
    record PeerPromised(
            Epoch epoch, Generation gen, Epoch promised, boolean member, String sentence)
            implements Proof {}
}
