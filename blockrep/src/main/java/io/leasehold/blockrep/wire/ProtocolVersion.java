package io.leasehold.blockrep.wire;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/**
 * The versions of the replication protocol; the comment of each says what it changed. Numbers are
 * appended, never used again. A node speaks the newest version and the one before it, so that a
 * pair is upgraded box by box (ADR 0050); older ones are removed here. Version 1 was the first:
 * standing, replay, live operations, acknowledgements with roots, compare, verify, cluster
 * messages.
 */
public enum ProtocolVersion {
    /** The same frames. The daemons may ask each other which branches they keep. */
    V2(2),

    /**
     * A compare may begin with a place at which both copies were the same: then only what either of
     * them has touched since is sent (SharedPoint, ChangedHere, ResyncSet). With a peer of version
     * 2 everything is compared.
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
