package io.leasehold.ops.node;

import io.leasehold.blockrep.VolumeConfiguration;
import io.leasehold.blockrep.link.CertificateFingerprint;
import io.leasehold.blockrep.link.PinnedIdentity;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.resync.Branches;
import io.leasehold.heartbeat.address.GratuitousArp;
import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.controller.ClusterConfiguration;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.keeper.GateConfiguration;
import io.leasehold.heartbeat.keeper.SupervisionPolicy;
import io.leasehold.heartbeat.keeper.WatchdogConfiguration;
import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.link.LinkConfiguration;
import io.leasehold.heartbeat.link.LinkSpec;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.membership.Timing;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import io.leasehold.ops.config.Configuration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What each part of a node has to know, taken from the one configuration. Everything was checked
 * when that was read; only the files that it names are opened here.
 */
record Settings(Configuration configuration, NodeName self) {

    static final ResourceName VOLUME = new ResourceName("volume");
    static final ResourceName GUARD = new ResourceName("guard");
    static final ResourceName VIP = new ResourceName("vip");
    static final ResourceName DHCP = new ResourceName("dhcp");
    static final ResourceName PROBE = new ResourceName("probe");
    static final ResourceName ANNOUNCEMENT = new ResourceName("announcement");

    /** Two broadcasts, and one for each neighbour: less than a client's own ARP. */
    private static final Duration ANNOUNCED_EVERY = Duration.ofSeconds(10);

    NodeName peer() {
        return configuration.peerOf(self);
    }

    ClusterConfiguration cluster() {
        var byId =
                configuration.nodes().values().stream()
                        .sorted(Comparator.comparingInt(Configuration.Node::id))
                        .map(Configuration.Node::name)
                        .toList();
        return new ClusterConfiguration(
                configuration.cluster().name(),
                self,
                byId,
                switch (configuration.arbiter()) {
                    case FENCING -> ArbitrationMode.FENCING;
                    case OPERATOR -> ArbitrationMode.OPERATOR;
                    case ZOOKEEPER -> ArbitrationMode.ZOOKEEPER;
                },
                timing(),
                configuration.links().values().stream()
                        .map(link ->
                                new io.leasehold.heartbeat.membership.LinkConfiguration(
                                        new LinkName(link.name()),
                                        link.kind() == Configuration.LinkKind.POINT_TO_POINT))
                        .toList(),
                fencing(),
                LeaseTiming.ofLength(configuration.timing().servingLease().toNanos()),
                resources(),
                Set.copyOf(configuration.trackInterfaces().of(self)),
                configuration.timing().handOverLimit().toNanos(),
                configuration.timing().leaveLimit().toNanos());
    }

    private Timing timing() {
        var timing = configuration.timing();
        return new Timing(
                timing.keepalive().toNanos(),
                timing.warnTime().toNanos(),
                timing.deadTime().toNanos(),
                timing.initDead().toNanos(),
                timing.daemonDeadTime().toNanos(),
                timing.earlyMissedBeats());
    }

    private FencingConfiguration fencing() {
        var fencing = configuration.fencing();
        var levels = configuration.node(peer()).fencingLevels();
        return new FencingConfiguration(
                java.util.stream.IntStream.range(0, levels.size())
                        .mapToObj(index ->
                                new FencingConfiguration.Level(
                                        "level " + (index + 1),
                                        levelTimeout(levels.get(index)).toNanos()))
                        .toList(),
                0,
                fencing.secondaryDelay().toNanos(),
                fencing.unhealthyDelay().toNanos(),
                fencing.attempts(),
                fencing.backOff().toNanos(),
                fencing.backOffMax().toNanos(),
                fencing.powerOn(),
                fencing.loopMax(),
                fencing.loopWindow().toNanos());
    }

    /** A level's devices are asked at the same time, so the slowest one counts. */
    private static Duration levelTimeout(Configuration.FencingLevel level) {
        return level.devices().stream()
                .map(Configuration.FenceDevice::timeout)
                .max(Comparator.naturalOrder())
                .orElse(Duration.ofSeconds(1));
    }

    /** The order of DESIGN.md's invariant 7; the gate opens before the first that needs it. */
    private List<ResourceConfiguration> resources() {
        var all = configuration.resources();
        var quick = Duration.ofSeconds(10);
        return List.of(
                resource(VOLUME, false, all.volume(), false),
                resource(GUARD, false, unwatched(all.dhcp()), false),
                resource(VIP, false, all.vip(), false),
                resource(DHCP, false, all.dhcp(), false),
                resource(
                        PROBE,
                        true,
                        new Configuration.Operations(
                                Duration.ZERO, quick, all.dhcp().startTimeout(), quick),
                        false),
                resource(
                        ANNOUNCEMENT,
                        true,
                        new Configuration.Operations(ANNOUNCED_EVERY, quick, quick, quick),
                        true));
    }

    private static Configuration.Operations unwatched(Configuration.Operations operations) {
        return new Configuration.Operations(
                Duration.ZERO,
                operations.monitorTimeout(),
                operations.startTimeout(),
                operations.stopTimeout());
    }

    private ResourceConfiguration resource(
            ResourceName name,
            boolean needsOpenGate,
            Configuration.Operations operations,
            boolean mayFail) {
        return new ResourceConfiguration(
                name,
                needsOpenGate,
                operations.startTimeout().toNanos(),
                operations.stopTimeout().toNanos(),
                operations.monitorInterval().toNanos(),
                operations.monitorTimeout().toNanos(),
                configuration.resources().migrationThreshold(),
                configuration.resources().failureTimeout().toNanos(),
                mayFail);
    }

    SupervisionPolicy supervision() {
        var defaults = SupervisionPolicy.DEFAULT;
        var daemonDeadTime = configuration.timing().daemonDeadTime();
        return new SupervisionPolicy(
                daemonDeadTime,
                daemonDeadTime.multipliedBy(4).compareTo(defaults.daemonHungTime()) > 0
                        ? daemonDeadTime.multipliedBy(4)
                        : defaults.daemonHungTime(),
                configuration.timing().daemonStartLimit(),
                defaults.restartsMax(),
                defaults.restartWindow(),
                defaults.restartPause(),
                defaults.handOverTime());
    }

    Optional<WatchdogConfiguration> watchdog() {
        var watchdog = configuration.watchdog();
        return watchdog.device()
                .map(device ->
                        new WatchdogConfiguration(device, (int) watchdog.timeout().toSeconds()));
    }

    GateConfiguration gate() {
        var vip = configuration.vip();
        return new GateConfiguration(
                configuration.dhcp().interfaces().of(self).stream()
                        .map(name -> new GateConfiguration.Guarded(name, vip.address().address()))
                        .toList());
    }

    LinkConfiguration links() throws IOException {
        return new LinkConfiguration(
                configuration.cluster().name(),
                self.value(),
                peer().value(),
                clusterKey(configuration.cluster().keyFile()),
                configuration.timing().keepalive(),
                configuration.links().values().stream()
                        .map(link ->
                                new LinkSpec(
                                        link.name(),
                                        link.interfaces().of(self),
                                        link.addresses().of(self),
                                        link.addresses().of(peer()),
                                        link.port()))
                        .toList());
    }

    /** The key file has the key in hexadecimal digits: {@code openssl rand -hex 32}. */
    private static byte[] clusterKey(Path file) throws IOException {
        var text = Files.readString(file, StandardCharsets.US_ASCII).strip();
        try {
            var key = HexFormat.of().parseHex(text);
            if (key.length < LinkConfiguration.KEY_BYTES_MIN) {
                throw new IOException(
                        file
                                + ":1: the cluster key has "
                                + key.length
                                + " bytes, at least "
                                + LinkConfiguration.KEY_BYTES_MIN
                                + " are needed (openssl rand -hex 32)");
            }
            return key;
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    file
                            + ":1: expected a key in hexadecimal digits (openssl rand -hex 32): "
                            + e.getMessage(),
                    e);
        }
    }

    VirtualAddress address() {
        var vip = configuration.vip();
        return new VirtualAddress(
                vip.interfaces().of(self), vip.address().address(), vip.address().prefixLength());
    }

    GratuitousArp announcement() {
        var vip = configuration.vip();
        return new GratuitousArp(
                vip.interfaces().of(self),
                vip.address().address(),
                Set.copyOf(vip.arp().neighbours()),
                vip.arp().within());
    }

    /** This node's key, and the certificate that the peer must show. */
    PinnedIdentity identity() throws IOException {
        return PinnedIdentity.fromPem(
                configuration.tls().keyFile(),
                configuration.tls().certificateFile(),
                CertificateFingerprint.parse(configuration.node(peer()).certificate().hex()));
    }

    Branches.Limits branchLimits() {
        var branches = configuration.volume().branches();
        return new Branches.Limits(
                branches.countMax(), branches.sizeBytesMax(), branches.retention());
    }

    VolumeConfiguration volume(String bootId) throws IOException {
        var volume = configuration.volume();
        return new VolumeConfiguration(
                new ClusterName(configuration.cluster().name()),
                new io.leasehold.blockrep.replication.NodeName(self.value()),
                new io.leasehold.blockrep.replication.NodeName(peer().value()),
                volume.directory(),
                new VolumeConfiguration.JournalSize(
                        volume.journal().directory(),
                        volume.journal().segmentBytes(),
                        volume.journal().segments()),
                new VolumeConfiguration.Network(
                        configuration.node(self).replication(),
                        configuration.node(peer()).replication(),
                        identity()),
                new VolumeConfiguration.Timing(
                        volume.replicaTimeout(), volume.checkpointInterval()),
                bootId,
                configuration.paths().runDirectory(),
                volume.reserveBytes());
    }
}
