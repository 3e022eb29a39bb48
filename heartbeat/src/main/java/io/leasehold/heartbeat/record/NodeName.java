package io.leasehold.heartbeat.record;

import java.util.regex.Pattern;

/** Name of a node: its host name, 1-63 letters, digits and hyphens. */
public record NodeName(String value) implements Comparable<NodeName> {

    private static final Pattern LABEL =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?");

    /** Longest name, in characters (RFC 1035: one label). */
    public static final int LENGTH_MAX = 63;

    public NodeName {
        if (!LABEL.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "not a node name: '" + value + "' (1-63 letters, digits and inner hyphens)");
        }
    }

    @Override
    public int compareTo(NodeName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
