package io.leasehold.heartbeat.record;

/**
 * Where a history ends: the last operation's number and the rolling hash over all up to it.
 *
 * @param seq number of the last operation; 0 is before the first
 * @param root the hash in hex; only ever compared for equality
 */
public record Position(long seq, String root) {

    /** Longest root, in characters: 512 bits in hex. */
    public static final int ROOT_LENGTH_MAX = 128;

    public static final Position EMPTY = new Position(0, "");

    public Position {
        if (seq < 0) {
            throw new IllegalArgumentException("sequence " + seq + " is negative");
        }
        if (root.length() > ROOT_LENGTH_MAX) {
            throw new IllegalArgumentException("root of " + root.length() + " characters");
        }
    }
}
