package io.leasehold.ops.config;

import static io.leasehold.ops.config.Amounts.print;
import static io.leasehold.ops.config.ValueType.absolutePath;
import static io.leasehold.ops.config.ValueType.address;
import static io.leasehold.ops.config.ValueType.certificatePin;
import static io.leasehold.ops.config.ValueType.clusterName;
import static io.leasehold.ops.config.ValueType.duration;
import static io.leasehold.ops.config.ValueType.integer;
import static io.leasehold.ops.config.ValueType.interfaceAddress;
import static io.leasehold.ops.config.ValueType.listOf;
import static io.leasehold.ops.config.ValueType.networkInterface;
import static io.leasehold.ops.config.ValueType.oneOf;
import static io.leasehold.ops.config.ValueType.options;
import static io.leasehold.ops.config.ValueType.program;
import static io.leasehold.ops.config.ValueType.size;
import static io.leasehold.ops.config.ValueType.socketAddress;
import static io.leasehold.ops.config.ValueType.text;
import static io.leasehold.ops.config.ValueType.yesOrNo;
import static io.leasehold.ops.config.ValueType.znode;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import com.typesafe.config.ConfigObject;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration.Arbiter;
import io.leasehold.ops.config.Configuration.Arp;
import io.leasehold.ops.config.Configuration.Cluster;
import io.leasehold.ops.config.Configuration.Control;
import io.leasehold.ops.config.Configuration.Dhcp;
import io.leasehold.ops.config.Configuration.DhcpEngine;
import io.leasehold.ops.config.Configuration.Ensemble;
import io.leasehold.ops.config.Configuration.FenceDevice;
import io.leasehold.ops.config.Configuration.Fencing;
import io.leasehold.ops.config.Configuration.FencingLevel;
import io.leasehold.ops.config.Configuration.History;
import io.leasehold.ops.config.Configuration.Journal;
import io.leasehold.ops.config.Configuration.Link;
import io.leasehold.ops.config.Configuration.LinkKind;
import io.leasehold.ops.config.Configuration.Member;
import io.leasehold.ops.config.Configuration.Node;
import io.leasehold.ops.config.Configuration.Operations;
import io.leasehold.ops.config.Configuration.Paths;
import io.leasehold.ops.config.Configuration.PerNode;
import io.leasehold.ops.config.Configuration.Probe;
import io.leasehold.ops.config.Configuration.ProbePorts;
import io.leasehold.ops.config.Configuration.Resources;
import io.leasehold.ops.config.Configuration.Timing;
import io.leasehold.ops.config.Configuration.Tls;
import io.leasehold.ops.config.Configuration.Vip;
import io.leasehold.ops.config.Configuration.Volume;
import io.leasehold.ops.config.Configuration.Watchdog;
import io.leasehold.ops.config.Configuration.Zookeeper;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The sections and keys that there are, with their types, bounds, defaults and relations.
 *
 * <p>Every method reads one section, reports what is wrong with it, and answers with a supplier of
 * the section's record, which is asked only if nothing was wrong anywhere. One instance reads one
 * file.
 */
final class Schema {
    private static final Duration START_LIMIT_USUAL = ofMinutes(1);
    private static final Duration PROCESS_LIMIT_MAX = ofMinutes(10);

    /** Half of it outlasts the restart of a daemon. */
    private static final Duration SERVING_LEASE_USUAL = ofSeconds(2);

    private final Reading reading;
    private SortedMap<NodeName, Place> nodes = Collections.emptySortedMap();

    Schema(Source source) {
        this.reading = new Reading(source);
    }

    Loaded read(ConfigObject object) {
        var root = Section.root(reading, object);
        var cluster = cluster(root.section("cluster"));
        var paths = paths(root.section("paths"));
        var arbiter = root.optional("arbiter", oneOf(Arbiter.class), Arbiter.FENCING);
        var nodeSettings = nodes(root.section("nodes"), arbiter, paths);
        var zookeeper = zookeeper(root.section("zookeeper"), arbiter);
        var tls = tls(root.section("tls"));
        var links = links(root.section("links"));
        var timing = timing(root.section("timing"));
        var fencing = fencing(root.section("fencing"), timing.keepalive());
        var placed = new ArrayList<Setting<Path>>();
        var volume = volume(root.section("volume"), timing.deadTime(), placed);
        var vip = vip(root.section("vip"));
        var tracked =
                root.perNodeAbsentable(
                        "track-interface",
                        listOf("interfaces", networkInterface()),
                        nodes.keySet(),
                        "the interface of the VIP");
        var dhcp = dhcp(root.section("dhcp"), vip.interfaces());
        var resources = resources(root.section("resources"));
        var history = history(root.section("history"), placed);
        var control = control(root.section("control"), paths);
        var watchdog = watchdog(root.section("watchdog"));
        root.close();
        requireApart(placed);

        var problems = reading.problems();
        if (!problems.isEmpty()) {
            return new Loaded.Invalid(problems);
        }
        var configuration =
                new Configuration(
                        cluster.get(),
                        arbiter.get(),
                        zookeeper.get(),
                        nodeSettings.get(),
                        fencing.get(),
                        tls.get(),
                        links.get(),
                        timing.result().get(),
                        volume.get(),
                        vip.result().get(),
                        tracked.get().orElseGet(() -> listOfOne(vip.interfaces().get())),
                        dhcp.get(),
                        resources.get(),
                        history.get(),
                        control.get(),
                        watchdog.get(),
                        paths.get());
        return new Loaded.Valid(configuration, reading.settings(), reading.warnings());
    }

    private Supplier<Cluster> cluster(Section section) {
        var name = section.required("name", clusterName());
        var keyFile =
                section.optional("key-file", absolutePath(), Path.of("/etc/leasehold/cluster.key"));
        section.close();
        return () -> new Cluster(name.get(), keyFile.get());
    }

    private Supplier<Paths> paths(Section section) {
        var state =
                section.optional("state-directory", absolutePath(), Path.of("/var/lib/leasehold"));
        var run = section.optional("run-directory", absolutePath(), Path.of("/run/leasehold"));
        var log = section.optional("log-directory", absolutePath(), Path.of("/var/log/leasehold"));
        var agents = section.optional("agents-directory", absolutePath(), Path.of("/usr/sbin"));
        var notify =
                section.optional(
                        "notify-directory", absolutePath(), Path.of("/etc/leasehold/notify.d"));
        section.close();
        return () -> new Paths(state.get(), run.get(), log.get(), agents.get(), notify.get());
    }

    private Supplier<SortedMap<NodeName, Node>> nodes(
            Section section, Setting<Arbiter> arbiter, Supplier<Paths> paths) {
        var byName = new TreeMap<NodeName, Supplier<Node>>();
        var places = new TreeMap<NodeName, Place>();
        var ids = new ArrayList<Setting<Integer>>();
        var pins = new ArrayList<Setting<CertificatePin>>();
        var listeners = new ArrayList<Setting<InetSocketAddress>>();
        section.named()
                .forEach((text, node) -> {
                    var id = node.required("id", integer(1, 255));
                    var replication = node.required("replication", socketAddress());
                    var pin = node.required("certificate-sha256", certificatePin());
                    var levels = fencingLevels(node, arbiter, paths);
                    node.close();
                    ids.add(id);
                    pins.add(pin);
                    listeners.add(replication);
                    NodeName name;
                    try {
                        name = new NodeName(text);
                    } catch (IllegalArgumentException e) {
                        reading.problem(
                                node.place(), node.path(), String.valueOf(e.getMessage()), "");
                        return;
                    }
                    places.put(name, node.place());
                    byName.put(
                            name,
                            () ->
                                    new Node(
                                            name,
                                            id.get(),
                                            replication.get(),
                                            pin.get(),
                                            levels.get()));
                });
        if (section.named().size() != 2) {
            reading.problem(
                    section.place(),
                    "nodes",
                    "expected two nodes, found " + section.named().size(),
                    "nodes { NAME { id = 1, … }, NAME { id = 2, … } }: the boxes' host names");
        }
        requireDifferent(ids, "the two nodes need different ids");
        requireDifferent(pins, "each node needs a certificate of its own");
        requireDifferent(listeners, "each node listens on an address of its own");
        nodes = Collections.unmodifiableSortedMap(places);
        return () -> {
            var all = new TreeMap<NodeName, Node>();
            byName.forEach((name, node) -> all.put(name, node.get()));
            return Collections.unmodifiableSortedMap(all);
        };
    }

    private Supplier<Optional<Zookeeper>> zookeeper(Section section, Setting<Arbiter> arbiter) {
        var wanted = arbiter.value() == Arbiter.ZOOKEEPER;
        var root = section.optional("root", znode(), "/leasehold");
        var sessionTimeout =
                section.optional(
                        "session-timeout", duration(ofMillis(200), ofMinutes(1)), ofSeconds(1));
        var servers = section.absentable("servers", text(), "the members are the ensemble");
        var userFile = section.absentable("user-file", absolutePath(), "no digest");
        var certificates =
                section.absentable(
                        "certificates-file",
                        absolutePath(),
                        "/etc/leasehold/ensemble.crt with members, in the clear with servers");
        var tls = section.optional("tls", yesOrNo(), true);
        var tick = section.optional("tick", duration(ofMillis(20), ofSeconds(2)), ofMillis(100));
        var directory =
                section.optional(
                        "directory", absolutePath(), Path.of("/var/lib/leasehold/ensemble"));
        var members = members(section.section("members"), tls);
        section.close();
        if (wanted && servers.isSound() && servers.get().isPresent() == !members.isEmpty()) {
            reading.problem(
                    section.place(),
                    section.path(),
                    members.isEmpty()
                            ? "is missing, and the arbiter is zookeeper"
                            : "has both servers and members",
                    "servers = \"zk1:2181,zk2:2181,zk3:2181\" for an ensemble of the site, or"
                            + " members { NODE { … }, NODE { … }, witness { … } } for one of ours");
        }
        if (!members.isEmpty()) {
            requireMembersOfAllNodes(section.section("members"), members.keySet());
            requireMultiple(
                    tick, 4, sessionTimeout, "a member would be left while it is merely busy");
        }
        return () -> {
            // Also beside another arbiter: its record is closed when the pair leaves it, and its
            // members run before the pair goes over to it (R12). Of both kinds, it is none yet.
            if (servers.get().isPresent() == !members.isEmpty()) {
                return Optional.empty();
            }
            Ensemble ensemble;
            if (servers.get().isPresent()) {
                ensemble =
                        new Ensemble.Site(servers.get().get(), userFile.get(), certificates.get());
            } else {
                var all = new TreeMap<String, Member>();
                members.forEach((name, member) -> all.put(name, member.get()));
                ensemble =
                        new Ensemble.Embedded(
                                Collections.unmodifiableSortedMap(all),
                                tick.get(),
                                directory.get(),
                                tls.get()
                                        ? Optional.of(
                                                certificates
                                                        .get()
                                                        .orElse(
                                                                Path.of(
                                                                        "/etc/leasehold/ensemble.crt")))
                                        : Optional.empty());
            }
            return Optional.of(new Zookeeper(root.get(), sessionTimeout.get(), ensemble));
        };
    }

    private SortedMap<String, Supplier<Member>> members(Section section, Setting<Boolean> tls) {
        var byName = new TreeMap<String, Supplier<Member>>();
        var ids = new ArrayList<Setting<Integer>>();
        section.named()
                .forEach((name, member) -> {
                    var id = member.required("id", integer(1, 255));
                    var address = member.required("address", address());
                    var clientPort = member.optional("client-port", integer(1, 65_535), 2281);
                    var peerPort = member.optional("peer-port", integer(1, 65_535), 2888);
                    var electionPort = member.optional("election-port", integer(1, 65_535), 3888);
                    var pin =
                            member.absentable(
                                    "certificate-sha256",
                                    certificatePin(),
                                    "that of the node of this name");
                    member.close();
                    ids.add(id);
                    var isNode =
                            nodes.keySet().stream().anyMatch(node -> node.value().equals(name));
                    if (pin.isSound()
                            && pin.get().isEmpty()
                            && !isNode
                            && tls.isSound()
                            && tls.get()) {
                        reading.problem(
                                member.place(),
                                Section.join(member.path(), "certificate-sha256"),
                                "is missing: the witness is known by its certificate",
                                "openssl x509 -noout -fingerprint -sha256 -in FILE, or tls = no on an"
                                        + " isolated network");
                    }
                    byName.put(
                            name,
                            () ->
                                    new Member(
                                            name,
                                            id.get(),
                                            address.get(),
                                            clientPort.get(),
                                            peerPort.get(),
                                            electionPort.get(),
                                            pin.get()));
                });
        requireDifferent(ids, "each member needs an id of its own");
        return byName;
    }

    /** Two of three decide, so that one box may die; with two members neither may. */
    private void requireMembersOfAllNodes(Section section, Collection<String> members) {
        var missing =
                nodes.keySet().stream()
                        .map(NodeName::value)
                        .filter(name -> !members.contains(name))
                        .toList();
        if (members.size() != 3 || !missing.isEmpty()) {
            reading.problem(
                    section.place(),
                    section.path(),
                    "expected a member for each node and one witness, found "
                            + String.join(", ", members),
                    "members { NODE { id = 1, … }, NODE { id = 2, … }, witness { id = 3, … } }");
        }
    }

    private Supplier<List<FencingLevel>> fencingLevels(
            Section node, Setting<Arbiter> arbiter, Supplier<Paths> paths) {
        var levels = node.nestedList("fencing", device -> fenceDevice(device, paths));
        if (levels.isEmpty() && arbiter.value() == Arbiter.FENCING) {
            reading.problem(
                    node.place(),
                    Section.join(node.path(), "fencing"),
                    "is missing, and the arbiter is fencing",
                    "fencing = [ { agent = fence_ipmilan, options { ip = …, username = … } } ], or"
                            + " arbiter = operator");
        }
        return () ->
                levels.stream()
                        .map(devices ->
                                new FencingLevel(devices.stream().map(Supplier::get).toList()))
                        .toList();
    }

    private Supplier<FenceDevice> fenceDevice(Section section, Supplier<Paths> paths) {
        var agent = section.required("agent", program());
        var options = section.optional("options", options(), Map.of());
        var timeout =
                section.optional(
                        "timeout", duration(ofMillis(100), PROCESS_LIMIT_MAX), ofSeconds(20));
        section.close();
        return () ->
                new FenceDevice(
                        // An absolute path stays what it is.
                        paths.get().agentsDirectory().resolve(agent.get()),
                        options.get(),
                        timeout.get());
    }

    private Supplier<Fencing> fencing(Section section, Setting<Duration> keepalive) {
        var fenceTime =
                section.optional("fence-time", duration(ofMillis(1), ofMinutes(2)), ofSeconds(2));
        var lead = leadOfAShot(fenceTime, keepalive);
        var delay = duration(Duration.ZERO, ofMinutes(10));
        var secondaryDelay = section.optional("secondary-delay", delay, lead.time());
        if (fenceTime.isSound()
                && keepalive.isSound()
                && secondaryDelay.isSound()
                && secondaryDelay.get().compareTo(lead.time()) < 0) {
            reading.problem(
                    secondaryDelay.place(),
                    secondaryDelay.key(),
                    print(secondaryDelay.get())
                            + " is shorter than "
                            + lead.reason()
                            + ", so that both nodes could shoot each other (R35)",
                    "at least " + print(lead.time()) + ", or leave it out");
        }
        var behindTheSecondary =
                (secondaryDelay.isSound() ? secondaryDelay.get() : lead.time()).plus(lead.time());
        var unhealthyDelay = section.optional("unhealthy-delay", delay, behindTheSecondary);
        if (fenceTime.isSound()
                && keepalive.isSound()
                && secondaryDelay.isSound()
                && unhealthyDelay.isSound()
                && unhealthyDelay.get().isPositive()
                && unhealthyDelay.get().compareTo(behindTheSecondary) < 0) {
            reading.problem(
                    unhealthyDelay.place(),
                    unhealthyDelay.key(),
                    print(unhealthyDelay.get())
                            + " is shorter than the secondary-delay ("
                            + print(secondaryDelay.get())
                            + ") and "
                            + lead.reason()
                            + ": a primary without its clients and a sound secondary could shoot"
                            + " each other (R35)",
                    "at least "
                            + print(behindTheSecondary)
                            + "; 0 s, and the primary shoots first whatever it has lost; or leave"
                            + " it out");
        }
        var attempts = section.optional("attempts", integer(1, 1_000), 3);
        var backOff =
                section.optional("back-off", duration(ofMillis(10), ofHours(1)), ofSeconds(1));
        var backOffMax =
                section.optional("back-off-max", duration(ofMillis(10), ofDays(1)), ofMinutes(1));
        requireNotMore(backOff, backOffMax, "the pause grows towards its maximum");
        var powerOn = section.optional("power-on", yesOrNo(), false);
        var loopMax = section.optional("loop-max", integer(1, FencingConfiguration.LOOP_MAX), 3);
        var loopWindow =
                section.optional("loop-window", duration(ofSeconds(1), ofDays(30)), ofHours(1));
        section.close();
        return () ->
                new Fencing(
                        fenceTime.get(),
                        secondaryDelay.get(),
                        unhealthyDelay.get(),
                        attempts.get(),
                        backOff.get(),
                        backOffMax.get(),
                        powerOn.get(),
                        loopMax.get(),
                        loopWindow.get());
    }

    /**
     * By how much the first shot must come before the other node's.
     *
     * @param reason what the time is, for a person
     */
    private record Lead(Duration time, String reason) {}

    /** One of two nodes may notice a beat later than the other that the links are cut. */
    private static Lead leadOfAShot(Setting<Duration> fenceTime, Setting<Duration> keepalive) {
        if (!fenceTime.isSound() || !keepalive.isSound()) {
            return new Lead(ofSeconds(4), "");
        }
        var shot = "the fence-time (" + print(fenceTime.get()) + ")";
        var twice = fenceTime.get().multipliedBy(2);
        var andBeats = fenceTime.get().plus(keepalive.get().multipliedBy(2));
        return twice.compareTo(andBeats) >= 0
                ? new Lead(twice, "twice " + shot)
                : new Lead(
                        andBeats,
                        shot + " and twice timing.keepalive (" + print(keepalive.get()) + ")");
    }

    private static Supplier<Tls> tls(Section section) {
        var certificate =
                section.optional(
                        "certificate-file", absolutePath(), Path.of("/etc/leasehold/node.crt"));
        var key = section.optional("key-file", absolutePath(), Path.of("/etc/leasehold/node.key"));
        section.close();
        return () -> new Tls(certificate.get(), key.get());
    }

    private Supplier<SortedMap<String, Link>> links(Section section) {
        var byName = new TreeMap<String, Supplier<Link>>();
        var taken = new HashMap<String, String>();
        section.named()
                .forEach((name, link) -> {
                    var kind = link.required("kind", oneOf(LinkKind.class));
                    // Registered with IANA as ha-cluster, for the heartbeats of Linux-HA.
                    var port = link.optional("port", integer(1, 65_535), 694);
                    var interfaces = link.perNode("interface", networkInterface(), nodes.keySet());
                    var addresses = link.perNode("addresses", address(), nodes.keySet());
                    link.close();
                    if (addresses.isSound() && port.isSound()) {
                        for (var each : addresses.get().values().entrySet()) {
                            var socket = each.getValue().getHostAddress() + ":" + port.get();
                            var before =
                                    taken.putIfAbsent(socket, name + ", node " + each.getKey());
                            if (before != null) {
                                reading.problem(
                                        addresses.place(),
                                        addresses.key(),
                                        socket + " is used already (link " + before + ")",
                                        "each end of each link has an address and port of its own");
                            }
                        }
                    }
                    byName.put(
                            name,
                            () ->
                                    new Link(
                                            name,
                                            kind.get(),
                                            port.get(),
                                            interfaces.get(),
                                            addresses.get()));
                });
        if (byName.isEmpty()) {
            reading.problem(
                    section.place(),
                    "links",
                    "expected at least one link",
                    "links { crossover { kind = point-to-point, interface = …, addresses { NODE = …, NODE = … } } }");
        } else if (byName.size() == 1) {
            reading.warning(
                    section.place(),
                    "links",
                    "there is one link only: its loss looks like the loss of the peer",
                    "add a second link over another cable");
        }
        return () -> {
            var all = new TreeMap<String, Link>();
            byName.forEach((name, link) -> all.put(name, link.get()));
            return Collections.unmodifiableSortedMap(all);
        };
    }

    private record TimingSection(
            Setting<Duration> keepalive, Setting<Duration> deadTime, Supplier<Timing> result) {}

    private TimingSection timing(Section section) {
        var keepalive =
                section.optional("keepalive", duration(ofMillis(10), ofSeconds(10)), ofMillis(50));
        var warnTime =
                section.optional("warn-time", duration(ofMillis(20), ofMinutes(1)), ofMillis(300));
        var deadTime =
                section.optional("dead-time", duration(ofMillis(40), ofMinutes(2)), ofSeconds(1));
        var initDead =
                section.optional(
                        "init-dead", duration(ofMillis(100), ofMinutes(10)), ofSeconds(15));
        // A daemon that is restarted serves again after 0.8 s at the latest.
        var daemonDeadTime =
                section.optional(
                        "daemon-dead-time", duration(ofSeconds(1), ofMinutes(2)), ofSeconds(3));
        var daemonStartLimit =
                section.optional(
                        "daemon-start-limit",
                        duration(ofSeconds(5), ofHours(1)),
                        daemonStartLimitFor(daemonDeadTime));
        var servingLease =
                section.optional(
                        "serving-lease",
                        duration(Duration.ofNanos(LeaseTiming.LENGTH_NANOS_MIN), ofMinutes(4)),
                        servingLeaseFor(deadTime));
        var earlyMissedBeats = section.optional("early-missed-beats", integer(2, 100), 3);
        var handOverLimit =
                section.optional(
                        "hand-over-limit", duration(ofMillis(500), ofMinutes(10)), ofSeconds(30));
        var leaveLimit =
                section.optional(
                        "leave-limit", duration(ofMillis(100), ofMinutes(1)), ofSeconds(5));
        section.close();
        requireMultiple(keepalive, 2, warnTime, "one late beat would be a warning");
        requireLess(warnTime, deadTime, "the peer would be dead before anybody is warned");
        requireMultiple(keepalive, 4, deadTime, "three lost packets would be a failover");
        requireMultiple(deadTime, 2, initDead, "a peer that boots beside us would look dead");
        requireNotMore(deadTime, daemonDeadTime, "a restart of the daemon must fit into it");
        requireNotMore(
                daemonDeadTime,
                daemonStartLimit,
                "a daemon that could still save the service would be killed");
        requireLonger(servingLease, deadTime);
        if (keepalive.isSound() && deadTime.isSound() && earlyMissedBeats.isSound()) {
            var early = keepalive.get().multipliedBy(earlyMissedBeats.get());
            if (early.compareTo(deadTime.get()) >= 0) {
                reading.problem(
                        earlyMissedBeats.place(),
                        earlyMissedBeats.key(),
                        earlyMissedBeats.get()
                                + " beats take "
                                + print(early)
                                + ", not less than timing.dead-time ("
                                + print(deadTime.get())
                                + ")",
                        "loss of carrier is a reason to suspect earlier, not later");
            }
        }
        return new TimingSection(
                keepalive,
                deadTime,
                () ->
                        new Timing(
                                keepalive.get(),
                                warnTime.get(),
                                deadTime.get(),
                                initDead.get(),
                                daemonDeadTime.get(),
                                daemonStartLimit.get(),
                                servingLease.get(),
                                earlyMissedBeats.get(),
                                handOverLimit.get(),
                                leaveLimit.get()));
    }

    private static Duration servingLeaseFor(Setting<Duration> deadTime) {
        var twice = deadTime.isSound() ? deadTime.get().multipliedBy(2) : SERVING_LEASE_USUAL;
        return twice.compareTo(SERVING_LEASE_USUAL) > 0 ? twice : SERVING_LEASE_USUAL;
    }

    private static Duration daemonStartLimitFor(Setting<Duration> daemonDeadTime) {
        return daemonDeadTime.isSound() && daemonDeadTime.get().compareTo(START_LIMIT_USUAL) > 0
                ? daemonDeadTime.get()
                : START_LIMIT_USUAL;
    }

    /** The last tenth is the margin, in which the node is silent already. */
    private void requireLonger(Setting<Duration> servingLease, Setting<Duration> deadTime) {
        if (!servingLease.isSound() || !deadTime.isSound()) {
            return;
        }
        var audible =
                Duration.ofNanos(LeaseTiming.ofLength(servingLease.get().toNanos()).audibleNanos());
        if (audible.compareTo(deadTime.get()) <= 0) {
            reading.problem(
                    servingLease.place(),
                    servingLease.key(),
                    print(servingLease.get())
                            + " less a tenth is not longer than "
                            + printed(deadTime)
                            + ": the primary would fall silent before its peer counts as lost",
                    "");
        }
    }

    private Supplier<Volume> volume(
            Section section, Setting<Duration> deadTime, List<Setting<Path>> placed) {
        var directory =
                section.optional("directory", absolutePath(), Path.of("/var/lib/leasehold/volume"));
        var mountPoint = section.optional("mount-point", absolutePath(), Path.of("/srv/dhcp"));
        var replicaTimeout =
                section.optional(
                        "replica-timeout", duration(ofMillis(50), ofMinutes(1)), ofSeconds(3));
        var checkpointInterval =
                section.optional(
                        "checkpoint-interval",
                        duration(ofSeconds(1), ofMinutes(10)),
                        ofSeconds(30));
        var reserve = section.optional("reserve", size(0, 1L << 30), 32L << 20);
        var verifyRate = section.optional("verify-rate", size(0, 10L << 30), 64L << 20);
        var journal = journal(section.section("journal"), placed);
        var branches = branches(section.section("branches"));
        section.close();
        placed.add(directory);
        placed.add(mountPoint);
        requireNotMore(
                deadTime, replicaTimeout, "a peer whose beats are merely late would be shut out");
        return () ->
                new Volume(
                        directory.get(),
                        mountPoint.get(),
                        replicaTimeout.get(),
                        checkpointInterval.get(),
                        reserve.get(),
                        verifyRate.get(),
                        journal.get(),
                        branches.get());
    }

    private Supplier<Configuration.Branches> branches(Section section) {
        var countMax = section.optional("count-max", integer(1, 1000), 16);
        var sizeMax = section.optional("size-max", size(0, 1L << 40), 1L << 30);
        var retention =
                section.optional("retention", duration(ofHours(1), ofDays(3650)), ofDays(90));
        section.close();
        return () -> new Configuration.Branches(countMax.get(), sizeMax.get(), retention.get());
    }

    private Supplier<Journal> journal(Section section, List<Setting<Path>> placed) {
        var directory =
                section.optional(
                        "directory", absolutePath(), Path.of("/var/lib/leasehold/journal"));
        var segmentSize = section.optional("segment-size", size(4L << 20, 256L << 20), 8L << 20);
        var segments = section.optional("segments", integer(4, 1024), 8);
        section.close();
        placed.add(directory);
        if (segmentSize.isSound() && segmentSize.get() % 4096 != 0) {
            reading.problem(
                    segmentSize.place(),
                    segmentSize.key(),
                    "expected a multiple of 4 KiB, found " + segmentSize.get() + " B",
                    "");
        }
        return () ->
                new Journal(directory.get(), Math.toIntExact(segmentSize.get()), segments.get());
    }

    private record VipSection(Setting<PerNode<String>> interfaces, Supplier<Vip> result) {}

    private VipSection vip(Section section) {
        var address = section.required("address", interfaceAddress());
        var interfaces = section.perNode("interface", networkInterface(), nodes.keySet());
        var arp = section.section("arp");
        var neighbours = arp.optional("neighbours", listOf("IPv4 addresses", address()), List.of());
        var within = arp.optional("within", duration(ofMillis(100), ofMinutes(10)), ofSeconds(5));
        arp.close();
        section.close();
        return new VipSection(
                interfaces,
                () ->
                        new Vip(
                                address.get(),
                                interfaces.get(),
                                new Arp(neighbours.get(), within.get())));
    }

    private Supplier<Dhcp> dhcp(Section section, Setting<PerNode<String>> vipInterfaces) {
        var engine = section.optional("engine", oneOf(DhcpEngine.class), DhcpEngine.DHCPD);
        var program = section.optional("program", absolutePath(), Path.of("/usr/sbin/dhcpd"));
        var interfaces =
                section.perNodeAbsentable(
                        "interface",
                        listOf("interfaces", networkInterface()),
                        nodes.keySet(),
                        "the interface of the VIP");
        var clockDifferenceMax =
                section.optional(
                        "clock-difference-max", duration(ofMillis(10), ofHours(1)), ofSeconds(2));
        var probe = probe(section.section("probe"));
        section.close();
        if (interfaces.isSound() && interfaces.get().isPresent()) {
            interfaces
                    .get()
                    .get()
                    .values()
                    .forEach((node, list) -> {
                        if (list.isEmpty()) {
                            reading.problem(
                                    interfaces.place(),
                                    interfaces.key(),
                                    "node " + node + " has no interface to hear clients on",
                                    "");
                        }
                    });
        }
        return () ->
                new Dhcp(
                        engine.get(),
                        program.get(),
                        interfaces.get().orElseGet(() -> listOfOne(vipInterfaces.get())),
                        clockDifferenceMax.get(),
                        probe.get());
    }

    private Supplier<Probe> probe(Section section) {
        var send =
                section.perNodeAbsentable(
                        "interface", networkInterface(), nodes.keySet(), "no probe");
        var receive =
                section.perNodeAbsentable(
                        "receive-interface",
                        networkInterface(),
                        nodes.keySet(),
                        "the probe's interface");
        var interval =
                section.optional("interval", duration(ofMillis(50), ofHours(1)), ofSeconds(5));
        var timeout =
                section.optional("timeout", duration(ofMillis(20), ofMinutes(1)), ofSeconds(2));
        section.close();
        requireLess(timeout, interval, "a probe would begin before the one before it has ended");
        if (send.isSound() && receive.isSound()) {
            if (send.get().isEmpty() && receive.get().isPresent()) {
                reading.problem(
                        receive.place(),
                        receive.key(),
                        "is given, but dhcp.probe.interface is not",
                        "dhcp.probe.interface is the interface that sends");
            } else if (send.get().isEmpty()) {
                reading.warning(
                        section.place(),
                        send.key(),
                        "is missing: nobody asks the DHCP server what a client would ask",
                        "a macvlan or veth on the clients' side");
            }
        }
        return () ->
                new Probe(
                        send.get().map(from -> new ProbePorts(from, receive.get().orElse(from))),
                        interval.get(),
                        timeout.get());
    }

    private Supplier<Resources> resources(Section section) {
        var migrationThreshold = section.optional("migration-threshold", integer(1, 1_000), 3);
        var failureTimeout =
                section.optional(
                        "failure-timeout", duration(ofSeconds(1), ofDays(30)), ofMinutes(10));
        var volume = operations(section.section("volume"), ofSeconds(1), ofSeconds(10));
        var vip = operations(section.section("vip"), ofSeconds(1), ofSeconds(5));
        var dhcp = operations(section.section("dhcp"), ofSeconds(1), ofSeconds(20));
        section.close();
        return () ->
                new Resources(
                        migrationThreshold.get(),
                        failureTimeout.get(),
                        volume.get(),
                        vip.get(),
                        dhcp.get());
    }

    private Supplier<Operations> operations(
            Section section, Duration monitorByDefault, Duration limitByDefault) {
        var limits = duration(ofMillis(50), PROCESS_LIMIT_MAX);
        var monitorInterval =
                section.optional(
                        "monitor-interval", duration(ofMillis(20), ofHours(1)), monitorByDefault);
        var monitorTimeout = section.optional("monitor-timeout", limits, ofSeconds(5));
        var startTimeout = section.optional("start-timeout", limits, limitByDefault);
        var stopTimeout = section.optional("stop-timeout", limits, limitByDefault);
        section.close();
        return () ->
                new Operations(
                        monitorInterval.get(),
                        monitorTimeout.get(),
                        startTimeout.get(),
                        stopTimeout.get());
    }

    private static Supplier<History> history(Section section, List<Setting<Path>> placed) {
        var directory =
                section.optional(
                        "directory", absolutePath(), Path.of("/var/lib/leasehold/history"));
        var retention =
                section.optional("retention", duration(ofHours(1), ofDays(3_650)), ofDays(90));
        var sizeMax = section.optional("size-max", size(16L << 20, 1L << 40), 256L << 20);
        var freeMin = section.optional("free-space-min", size(0, 1L << 40), 128L << 20);
        section.close();
        placed.add(directory);
        return () -> new History(directory.get(), retention.get(), sizeMax.get(), freeMin.get());
    }

    private static Supplier<Control> control(Section section, Supplier<Paths> paths) {
        var socket =
                section.absentable("socket", absolutePath(), "control.sock in the run-directory");
        var groups = section.optional("groups", listOf("groups", text()), List.of());
        section.close();
        return () ->
                new Control(
                        socket.get()
                                .orElseGet(
                                        () -> paths.get().runDirectory().resolve("control.sock")),
                        groups.get());
    }

    private Supplier<Watchdog> watchdog(Section section) {
        var device = section.absentable("device", absolutePath(), "none");
        var timeout =
                section.optional("timeout", duration(ofSeconds(4), ofMinutes(10)), ofSeconds(10));
        section.close();
        if (timeout.isSound() && timeout.get().toNanosPart() != 0) {
            reading.problem(
                    timeout.place(),
                    timeout.key(),
                    print(timeout.get()) + " is not whole seconds",
                    "a watchdog device counts seconds");
        }
        return () -> new Watchdog(device.get(), timeout.get());
    }

    /** Two directories of which one is in the other would replicate, or clean up, one another. */
    private void requireApart(List<Setting<Path>> placed) {
        for (int i = 0; i < placed.size(); i++) {
            for (int j = i + 1; j < placed.size(); j++) {
                var first = placed.get(i);
                var second = placed.get(j);
                if (!first.isSound() || !second.isSound()) {
                    continue;
                }
                if (second.get().startsWith(first.get())) {
                    reportInside(second, first);
                } else if (first.get().startsWith(second.get())) {
                    reportInside(first, second);
                }
            }
        }
    }

    private void reportInside(Setting<Path> inner, Setting<Path> outer) {
        reading.problem(
                inner.place(),
                inner.key(),
                inner.get()
                        + (inner.get().equals(outer.get()) ? " is the same as " : " is inside of ")
                        + outer.key()
                        + " ("
                        + outer.get()
                        + ")",
                "each needs a directory of its own");
    }

    private void requireLess(Setting<Duration> less, Setting<Duration> more, String consequence) {
        if (less.isSound() && more.isSound() && less.get().compareTo(more.get()) >= 0) {
            reportTooShort(more, "is not longer than " + printed(less), consequence);
        }
    }

    private void requireNotMore(
            Setting<Duration> less, Setting<Duration> more, String consequence) {
        if (less.isSound() && more.isSound() && less.get().compareTo(more.get()) > 0) {
            reportTooShort(more, "is shorter than " + printed(less), consequence);
        }
    }

    private void requireMultiple(
            Setting<Duration> base, int times, Setting<Duration> more, String consequence) {
        if (base.isSound()
                && more.isSound()
                && base.get().multipliedBy(times).compareTo(more.get()) > 0) {
            reportTooShort(
                    more, "is shorter than " + times + " times " + printed(base), consequence);
        }
    }

    private void reportTooShort(Setting<Duration> setting, String relation, String consequence) {
        reading.problem(
                setting.place(),
                setting.key(),
                print(setting.get()) + " " + relation + ": " + consequence,
                "");
    }

    private static String printed(Setting<Duration> setting) {
        return setting.key() + " (" + print(setting.get()) + ")";
    }

    private <T> void requireDifferent(List<Setting<T>> settings, String rule) {
        var before = new HashMap<T, String>();
        for (var setting : settings) {
            if (!setting.isSound()) {
                continue;
            }
            Optional.ofNullable(before.putIfAbsent(setting.get(), setting.key()))
                    .ifPresent(other ->
                            reading.problem(
                                    setting.place(),
                                    setting.key(),
                                    "is the same as " + other + ": " + rule,
                                    ""));
        }
    }

    private static PerNode<List<String>> listOfOne(PerNode<String> one) {
        var lists = new TreeMap<NodeName, List<String>>();
        one.values().forEach((node, name) -> lists.put(node, List.of(name)));
        return new PerNode<>(Collections.unmodifiableSortedMap(lists));
    }
}
