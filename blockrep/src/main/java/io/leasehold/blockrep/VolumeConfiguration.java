package io.leasehold.blockrep;

import io.leasehold.blockrep.link.PinnedIdentity;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.wire.Greeting;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a volume needs to know, checked by whoever reads the configuration file.
 *
 * @param cluster nodes of another cluster are refused (R30)
 * @param self this node; the node with the higher name dials, both listen
 * @param peer the other one
 * @param directory holds {@code tree/}, {@code orphans/}, {@code branches/}; an administrator may
 *     read it at any time
 * @param journal sizes and place of the journal
 * @param network where the peer is, and how it proves itself
 * @param timing how long is too long
 * @param bootId changes with each boot of the machine (/proc/sys/kernel/random/boot_id): what the
 *     kernel held for a process of the same boot is still there, after another boot it is not
 * @param runDirectory on a tmpfs: for what a successor of this process needs to go on with a mount
 * @param reserveBytes space on the disk that only the DHCP server ({@link
 *     ReplicatedVolume#reserveSpaceFor}) and this process may use
 */
public record VolumeConfiguration(
        ClusterName cluster,
        NodeName self,
        NodeName peer,
        Path directory,
        JournalSize journal,
        Network network,
        Timing timing,
        String bootId,
        Path runDirectory,
        long reserveBytes) {

    /** Below it a start, which redoes what no checkpoint covers, would soon fail again. */
    private static final long ROOM_BYTES_MIN = 16L << 20;

    /**
     * How much must be free on a disk that was full before it is used again: twice what is kept for
     * the DHCP server, so that this copy does not come and go with each file.
     */
    public static long roomBytesWanted(long reserveBytes) {
        return 2 * Math.max(reserveBytes, ROOM_BYTES_MIN);
    }

    /**
     * The journal keeps what a checkpoint does not cover yet, and as much more as fits for a peer
     * that was away.
     *
     * @param directory on the same disk as the volume or on another
     * @param segmentBytes of one file of the ring; a multiple of 4096, at least 4 MiB
     * @param segments in the ring, at least 4
     */
    public record JournalSize(Path directory, int segmentBytes, int segments) {
        public static JournalSize defaults(Path directory) {
            return new JournalSize(directory, 8 << 20, 8);
        }

        public JournalSize {
            if (segmentBytes < 4 << 20 || segmentBytes % 4096 != 0 || segments < 4) {
                throw new IllegalArgumentException(
                        "segments of at least 4 MiB, a multiple of 4096, and at least 4 of them: "
                                + segments
                                + " of "
                                + segmentBytes);
            }
        }
    }

    /**
     * Where the peer is, and how it proves itself.
     *
     * @param listen the local address and port to listen on and to dial from
     * @param peer where the peer listens; connections from other addresses are refused
     * @param identity this node's key and certificate, and the peer's pinned certificate
     * @param versions of the protocol that this node speaks
     */
    public record Network(
            InetSocketAddress listen,
            InetSocketAddress peer,
            PinnedIdentity identity,
            Greeting versions) {

        /** All versions that this build knows. */
        public Network(InetSocketAddress listen, InetSocketAddress peer, PinnedIdentity identity) {
            this(listen, peer, identity, Greeting.ours());
        }
    }

    /**
     * How long is too long.
     *
     * @param replicaTimeout an in-sync peer that has not acknowledged a flush for so long freezes
     *     completions (R4) and loses its session
     * @param checkpointInterval at the latest so long after an operation its effect is flushed to
     *     the tree
     */
    public record Timing(Duration replicaTimeout, Duration checkpointInterval) {
        public static final Timing DEFAULTS =
                new Timing(Duration.ofSeconds(1), Duration.ofSeconds(30));
    }
}
