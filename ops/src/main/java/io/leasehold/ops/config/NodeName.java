package io.leasehold.ops.config;

import java.util.regex.Pattern;

/**
 * A node's name, which is its short host name unless the daemon is told otherwise.
 *
 * @param value one label of a host name (RFC 1123): 1 to 63 of a-z, 0-9 and hyphen, no hyphen at
 *     either end
 */
public record NodeName(String value) implements Comparable<NodeName> {
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    public NodeName {
        if (!isValid(value)) {
            throw new IllegalArgumentException("not a node name: \"" + value + "\"");
        }
    }

    public static boolean isValid(String text) {
        return LABEL.matcher(text).matches();
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
