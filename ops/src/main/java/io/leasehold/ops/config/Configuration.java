package io.leasehold.ops.config;

import io.leasehold.heartbeat.record.NodeName;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What the administrator wants, the same on both nodes. Immutable; a value of this type has passed
 * every check of {@link Schema}: units, bounds, relations between times, both nodes named wherever
 * a value is per node.
 *
 * <p>Paths are absolute unless their comment says otherwise; sizes are in bytes; lists and maps are
 * unmodifiable. {@code ops/docs/configuration.md} has the meaning, default and relations of every
 * key.
 *
 * @param zookeeper with {@link Arbiter#ZOOKEEPER}, and only then
 * @param nodes exactly two, by name
 * @param links at least one, by name
 * @param trackInterfaces the client-facing interfaces whose loss of carrier makes a node a worse
 *     place to serve from
 */
public record Configuration(
        Cluster cluster,
        Arbiter arbiter,
        Optional<Zookeeper> zookeeper,
        SortedMap<NodeName, Node> nodes,
        Fencing fencing,
        Tls tls,
        SortedMap<String, Link> links,
        Timing timing,
        Volume volume,
        Vip vip,
        PerNode<List<String>> trackInterfaces,
        Dhcp dhcp,
        Resources resources,
        History history,
        Control control,
        Watchdog watchdog,
        Paths paths) {

    /** The other one of the two nodes. */
    public NodeName peerOf(NodeName self) {
        if (!nodes.containsKey(self)) {
            throw new IllegalArgumentException("no node " + self);
        }
        return nodes.keySet().stream().filter(name -> !name.equals(self)).findFirst().orElseThrow();
    }

    /** The node of that name; callers have checked that there is one. */
    public Node node(NodeName name) {
        return Optional.ofNullable(nodes.get(name))
                .orElseThrow(() -> new IllegalArgumentException("no node " + name));
    }

    /** A value that each of the two nodes has for itself, although the file is the same on both. */
    public record PerNode<T>(SortedMap<NodeName, T> values) {
        public T of(NodeName node) {
            return Optional.ofNullable(values.get(node))
                    .orElseThrow(() -> new IllegalArgumentException("no node " + node));
        }
    }

    /**
     * The pair.
     *
     * @param keyFile the secret that authenticates heartbeats, the same on both nodes
     */
    public record Cluster(String name, Path keyFile) {}

    /** Who lets the record change (DESIGN.md, "The record"). */
    public enum Arbiter {
        /** Fencing the peer with success, its power state read back. */
        FENCING,
        /** A person: {@code clusterctl confirm-fenced NODE}. */
        OPERATOR,
        /** A conditional write to one znode of an ensemble. */
        ZOOKEEPER
    }

    /**
     * The ensemble that keeps the record.
     *
     * @param root the znode below which the pairs are
     * @param sessionTimeout how soon a silent member is left for another one; no right hangs on it
     */
    public record Zookeeper(String root, Duration sessionTimeout, Ensemble ensemble) {}

    /** Whose the ensemble is. */
    public sealed interface Ensemble {

        /**
         * The site's own, which serves others, too.
         *
         * @param servers host:port, comma between them
         * @param userFile NAME:PASSWORD of the digest scheme, one line
         * @param certificatesFile what its members may show, PEM; empty: in the clear
         */
        record Site(String servers, Optional<Path> userFile, Optional<Path> certificatesFile)
                implements Ensemble {}

        /**
         * Ours: a member beside each daemon, and a witness that is nothing but the third one.
         *
         * @param members three, by name: both nodes and the witness
         * @param tick ZooKeeper's unit of time
         * @param directory what a member keeps
         * @param certificatesFile the certificates of all three, PEM; empty: in the clear
         */
        record Embedded(
                SortedMap<String, Member> members,
                Duration tick,
                Path directory,
                Optional<Path> certificatesFile)
                implements Ensemble {}
    }

    /** A member of an ensemble of ours. */
    public record Member(
            String name,
            int id,
            Inet4Address address,
            int clientPort,
            int peerPort,
            int electionPort,
            Optional<CertificatePin> certificate) {}

    /**
     * One of the two boxes.
     *
     * @param id decides where nothing else does (lower first); 1 to 255, never reused for another
     *     machine
     * @param replication where this node listens for its peer's replication stream
     * @param fencingLevels how this node is powered off, best way first; empty only with {@link
     *     Arbiter#OPERATOR}
     */
    public record Node(
            NodeName name,
            int id,
            InetSocketAddress replication,
            CertificatePin certificate,
            List<FencingLevel> fencingLevels) {}

    /**
     * One way to power a node off. It succeeds only if every one of its devices does (a PDU on each
     * supply).
     */
    public record FencingLevel(List<FenceDevice> devices) {}

    /**
     * One device that can power a node off.
     *
     * @param agent a fence agent by the ClusterLabs API; a name is looked up in {@link
     *     Paths#agentsDirectory}
     * @param options handed to the agent on its standard input, in this order, besides {@code
     *     action}
     * @param timeout after which the agent is killed and the device counts as failed
     */
    public record FenceDevice(Path agent, Map<String, String> options, Duration timeout) {}

    /**
     * When to shoot, so that two nodes that lost sight of each other do not shoot both (R35), and
     * how often.
     *
     * @param fenceTime what a successful fence normally takes, power state read back
     * @param secondaryDelay how long the secondary waits before it fences; the primary does not
     * @param unhealthyDelay how much longer a node waits whose own client-facing interfaces are
     *     down
     * @param attempts passes through all levels before only a person helps
     * @param backOff pause after the first failed pass; it doubles up to {@code backOffMax}
     * @param powerOn whether the peer is powered on again after it was fenced
     * @param loopMax so many fences within {@code loopWindow}, and the peer stays off (R36)
     */
    public record Fencing(
            Duration fenceTime,
            Duration secondaryDelay,
            Duration unhealthyDelay,
            int attempts,
            Duration backOff,
            Duration backOffMax,
            boolean powerOn,
            int loopMax,
            Duration loopWindow) {}

    /**
     * The node's own certificate and private key, both PEM; the peer knows the certificate by its
     * {@link CertificatePin}.
     */
    public record Tls(Path certificateFile, Path keyFile) {}

    public enum LinkKind {
        /**
         * A cable between the two nodes and nothing else: loss of carrier says something about the
         * peer.
         */
        POINT_TO_POINT,
        /** Through a switch: loss of carrier says something about ourselves. */
        SHARED
    }

    /** One way on which beats travel. */
    public record Link(
            String name,
            LinkKind kind,
            int port,
            PerNode<String> interfaces,
            PerNode<Inet4Address> addresses) {}

    /**
     * How long is too long, for beats.
     *
     * @param keepalive between two beats on each link
     * @param warnTime silence on all links that is worth a warning
     * @param deadTime silence on all links after which the peer is suspected dead
     * @param initDead the same at boot, when a switch may still be learning
     * @param daemonDeadTime how long the keeper waits for a daemon that died or hangs before it
     *     gives the node up
     * @param daemonStartLimit how long a daemon may take from its start until it takes part
     * @param servingLease how long a confirmation of the right to serve lasts (R9)
     * @param earlyMissedBeats beats missed on the other links that suffice once a point-to-point
     *     link lost its carrier
     * @param handOverLimit a hand-over that is not over by then is given up
     * @param leaveLimit how long a node that leaves waits for the other one's word
     */
    public record Timing(
            Duration keepalive,
            Duration warnTime,
            Duration deadTime,
            Duration initDead,
            Duration daemonDeadTime,
            Duration daemonStartLimit,
            Duration servingLease,
            int earlyMissedBeats,
            Duration handOverLimit,
            Duration leaveLimit) {}

    /**
     * The replicated directory.
     *
     * @param directory the backing files, readable at any time on both nodes
     * @param mountPoint where the primary mounts the volume
     * @param replicaTimeout after which a write that the peer has not confirmed freezes (R4)
     * @param checkpointInterval at the latest after this time a write has reached the backing
     *     files' disk, too
     * @param reserveBytes space that only the DHCP server may use, so that a full disk does not
     *     stop it first
     * @param verifyBytesPerSecond how much a full comparison reads on each node; 0: as fast as
     *     writers leave it
     */
    public record Volume(
            Path directory,
            Path mountPoint,
            Duration replicaTimeout,
            Duration checkpointInterval,
            long reserveBytes,
            long verifyBytesPerSecond,
            Journal journal,
            Branches branches) {}

    /**
     * Copies that a resync replaced although they had something that the new one has not.
     *
     * @param countMax the oldest go above this
     * @param sizeBytesMax of all together; the newest is kept however large it is
     * @param retention after which they go
     */
    public record Branches(int countMax, long sizeBytesMax, Duration retention) {}

    /**
     * A ring of preallocated segments; their product is what a peer that was away may have missed
     * and still be caught up by replay.
     */
    public record Journal(Path directory, int segmentBytes, int segments) {}

    /** The address that clients know; always on exactly one node. */
    public record Vip(InterfaceAddress address, PerNode<String> interfaces, Arp arp) {}

    /**
     * Gratuitous ARP after a takeover.
     *
     * @param neighbours who must have learnt the new place, such as gateways and relays
     * @param within how long it is repeated until they have
     */
    public record Arp(List<Inet4Address> neighbours, Duration within) {}

    public enum DhcpEngine {
        /** ISC dhcpd 4.4. */
        DHCPD
    }

    /**
     * The DHCP server that runs on the volume.
     *
     * @param program the server's executable
     * @param interfaces where clients and relays are heard, at least one
     * @param clockDifferenceMax between the two nodes; above it a takeover would free leases early,
     *     and is refused
     */
    public record Dhcp(
            DhcpEngine engine,
            Path program,
            PerNode<List<String>> interfaces,
            Duration clockDifferenceMax,
            Probe probe) {}

    /**
     * What resets a machine that cannot be made silent in another way.
     *
     * @param device empty if there is none
     * @param timeout how long after the last proof it resets the machine; whole seconds
     */
    public record Watchdog(Optional<Path> device, Duration timeout) {}

    /**
     * A DISCOVER as a client would send it.
     *
     * @param ports from where; empty if the server is to be judged by its process and its files
     *     alone
     */
    public record Probe(Optional<ProbePorts> ports, Duration interval, Duration timeout) {}

    /**
     * The interfaces of the probe.
     *
     * @param send an interface on the client side (macvlan or veth), not the server's own
     * @param receive where the answer is looked for: the same one, or the server's interface if a
     *     macvlan on it sends
     */
    public record ProbePorts(PerNode<String> send, PerNode<String> receive) {}

    /**
     * What happens when a resource fails, and how each is watched.
     *
     * @param migrationThreshold failures of a resource on a node after which it is not restarted
     *     there any more
     * @param failureTimeout after which a failure is forgotten
     */
    public record Resources(
            int migrationThreshold,
            Duration failureTimeout,
            Operations volume,
            Operations vip,
            Operations dhcp) {}

    /** How one resource is watched, and how long its operations may take. */
    public record Operations(
            Duration monitorInterval,
            Duration monitorTimeout,
            Duration startTimeout,
            Duration stopTimeout) {}

    /**
     * The flight recorder.
     *
     * @param retention older entries are removed
     * @param sizeBytesMax the oldest entries are removed above this
     * @param freeBytesMin nothing is recorded while the file system has less
     */
    public record History(
            Path directory, Duration retention, long sizeBytesMax, long freeBytesMin) {}

    /**
     * The local control socket.
     *
     * @param groups whose members may use the control socket, besides root
     */
    public record Control(Path socket, List<String> groups) {}

    /**
     * Directories on a node.
     *
     * @param stateDirectory small durable state (standing, promises, permit)
     * @param runDirectory sockets; emptied at boot
     * @param notifyDirectory executables that are told of every change of role
     */
    public record Paths(
            Path stateDirectory,
            Path runDirectory,
            Path logDirectory,
            Path agentsDirectory,
            Path notifyDirectory) {}
}
