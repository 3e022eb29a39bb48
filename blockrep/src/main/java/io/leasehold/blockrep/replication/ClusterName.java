package io.leasehold.blockrep.replication;

import java.nio.charset.StandardCharsets;

/**
 * The configured name of the pair; nodes of another cluster are refused (R30). 1 to 64 bytes of
 * UTF-8.
 */
public record ClusterName(String value) {
    public static final int BYTES_MAX = 64;

    public ClusterName {
        int bytes = value.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a cluster name has 1 to " + BYTES_MAX + " bytes: '" + value + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
