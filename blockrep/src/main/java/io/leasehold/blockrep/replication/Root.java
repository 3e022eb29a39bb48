package io.leasehold.blockrep.replication;

import java.util.HexFormat;

/**
 * The rolling hash of a history up to one operation: {@code root(n) = hash(root(n-1), operation
 * n)}. Two nodes with the same root at the same sequence have seen the same operations.
 */
public record Root(long high, long low) {
    /** The root before the first operation. */
    public static final Root EMPTY = new Root(0, 0);

    public static final int BYTES = 16;

    @Override
    public String toString() {
        var hex = HexFormat.of();
        return hex.toHexDigits(high) + hex.toHexDigits(low);
    }
}
