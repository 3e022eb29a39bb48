package io.leasehold.heartbeat.wire;

import java.nio.charset.StandardCharsets;

/** Who talks to whom: they go into every key, so nobody else's datagrams can be opened. */
public record Names(String cluster, String node, String peer) {
    static final int NAME_BYTES_MAX = 255;

    public Names {
        for (var name : new String[] {cluster, node, peer}) {
            int length = name.getBytes(StandardCharsets.UTF_8).length;
            if (length == 0 || length > NAME_BYTES_MAX || name.indexOf(0) >= 0) {
                throw new IllegalArgumentException(
                        "not a name of 1 to " + NAME_BYTES_MAX + " bytes: " + name);
            }
        }
    }
}
