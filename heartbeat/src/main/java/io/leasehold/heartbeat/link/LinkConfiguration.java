package io.leasehold.heartbeat.link;

import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;

/**
 * All links between this node and its peer.
 *
 * @param cluster name of the cluster, the same on both nodes
 * @param node this node's name
 * @param peer the other node's name
 * @param clusterKey the secret that both nodes share, {@link #KEY_BYTES_MIN} random bytes or more
 * @param keepalive the time between two beats on each link
 * @param links in the order of the configuration file, which must be the same on both nodes
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares two of them
public record LinkConfiguration(
        String cluster,
        String node,
        String peer,
        byte[] clusterKey,
        Duration keepalive,
        List<LinkSpec> links) {

    public static final int KEY_BYTES_MIN = 32;
    public static final int LINKS_MAX = 16;
    public static final Duration KEEPALIVE_MIN = Duration.ofMillis(10);
    public static final Duration KEEPALIVE_MAX = Duration.ofSeconds(60);

    public LinkConfiguration {
        clusterKey = clusterKey.clone();
        links = List.copyOf(links);
        if (clusterKey.length < KEY_BYTES_MIN) {
            throw new IllegalArgumentException(
                    "the cluster key has "
                            + clusterKey.length
                            + " bytes, at least "
                            + KEY_BYTES_MIN
                            + " are needed");
        }
        if (node.equals(peer)) {
            throw new IllegalArgumentException("node and peer have the same name: " + node);
        }
        if (keepalive.compareTo(KEEPALIVE_MIN) < 0 || keepalive.compareTo(KEEPALIVE_MAX) > 0) {
            throw new IllegalArgumentException(
                    "keepalive not in " + KEEPALIVE_MIN + ".." + KEEPALIVE_MAX + ": " + keepalive);
        }
        if (links.size() > LINKS_MAX) {
            throw new IllegalArgumentException("more than " + LINKS_MAX + " links");
        }
        if (new HashSet<>(links.stream().map(LinkSpec::name).toList()).size() < links.size()) {
            throw new IllegalArgumentException("two links of the same name");
        }
    }

    @Override
    public byte[] clusterKey() {
        return clusterKey.clone();
    }

    /** Whether nothing differs, the key included. */
    public boolean isSameAs(LinkConfiguration other) {
        return cluster.equals(other.cluster)
                && node.equals(other.node)
                && peer.equals(other.peer)
                && MessageDigest.isEqual(clusterKey, other.clusterKey)
                && keepalive.equals(other.keepalive)
                && links.equals(other.links);
    }

    /** Without the key. */
    @Override
    public String toString() {
        return cluster + ": " + node + " to " + peer + " every " + keepalive + " over " + links;
    }
}
