package io.leasehold.blockrep.replication;

import java.nio.charset.StandardCharsets;

/** The configured name of a node, as in {@code dhcp1}; 1 to 64 bytes of UTF-8. */
public record NodeName(String value) implements Comparable<NodeName> {
    public static final int BYTES_MAX = 64;

    public NodeName {
        int bytes = value.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a node name has 1 to " + BYTES_MAX + " bytes: '" + value + "'");
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
