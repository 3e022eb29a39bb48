package io.leasehold.blockrep.wire;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/**
 * The versions of the replication protocol; the comment of each says what it changed. Numbers are
 * appended, never used again. A node speaks the newest version and the one before it, so that a
 * pair is upgraded box by box.
 */
public enum ProtocolVersion {
    /**
     * The first: standing, replay, live operations, acknowledgements with roots, compare, verify,
     * cluster messages.
     */
    V1(1);

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

    /** The highest version that is in both ranges, if there is one. */
    static Optional<ProtocolVersion> highestCommon(int peerOldest, int peerNewest) {
        return Arrays.stream(values())
                .filter(v -> v.number >= peerOldest && v.number <= peerNewest)
                .max(Comparator.comparingInt(v -> v.number));
    }
}
