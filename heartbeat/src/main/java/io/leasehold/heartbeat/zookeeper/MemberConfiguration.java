package io.leasehold.heartbeat.zookeeper;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A member of an ensemble of our own, the same list of peers on each.
 *
 * @param self which of {@code peers} this one is
 * @param directory what it keeps: transactions and snapshots of a few kilobytes
 * @param tickMillis ZooKeeper's unit of time: members are given up after {@value #TICKS_SILENT_MAX}
 * @param tls for clients and among members; empty: both in the clear, for an isolated network
 */
public record MemberConfiguration(
        int self,
        List<Peer> peers,
        Path directory,
        int tickMillis,
        Optional<EnsembleAccess.TlsFiles> tls) {

    static final int TICKS_SILENT_MAX = 8;

    public MemberConfiguration {
        peers = List.copyOf(peers);
        int own = self;
        if (peers.stream().noneMatch(peer -> peer.id() == own)) {
            throw new IllegalArgumentException("member " + self + " is not one of " + peers);
        }
        if (tickMillis < 10) {
            throw new IllegalArgumentException("a tick of " + tickMillis + " ms");
        }
    }

    /**
     * One member, as the others reach it.
     *
     * @param id 1 to 255; of members that know the same, the highest one leads
     * @param clientPort for nodes
     * @param peerPort for the leader's followers
     * @param electionPort for the votes
     */
    public record Peer(int id, String host, int clientPort, int peerPort, int electionPort) {}
}
