package io.leasehold.blockrep.wire;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/**
 * The versions of the replication protocol; the comment of each says what it changed. Numbers are
 * appended, never used again. A node speaks the newest version and at least the one before it, so
 * that a pair is upgraded box by box (ADR 0050).
 */
public enum ProtocolVersion {
    /**
     * The first: standing, replay, live operations, acknowledgements with roots, compare, verify,
     * cluster messages.
     */
    V1(1),

    /**
     * The same frames. The daemons may ask each other which branches they keep: to a peer of
     * version 1 that cluster message would be one that it cannot read.
     */
    V2(2),

    /**
     * A compare may begin with a place at which both copies were the same: then only what either of
     * them has touched since is sent (SharedPoint, ChangedHere, ResyncSet). With a peer of an older
     * version everything is compared.
     */
    V3(3);

    private final int number;

    ProtocolVersion(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    public static ProtocolVersion oldest() {
        return Arrays.stream(values()).min(Comparator.comparingInt(v -> v.number)).orElseThrow();
    }

    public static ProtocolVersion newest() {
        return Arrays.stream(values()).max(Comparator.comparingInt(v -> v.number)).orElseThrow();
    }

    /** Whether what {@code other} brought is understood. */
    public boolean isAtLeast(ProtocolVersion other) {
        return number >= other.number;
    }

    /** The highest version in a range that this build knows, if there is one. */
    static Optional<ProtocolVersion> highestIn(int oldest, int newest) {
        return Arrays.stream(values())
                .filter(v -> v.number >= oldest && v.number <= newest)
                .max(Comparator.comparingInt(v -> v.number));
    }
}
