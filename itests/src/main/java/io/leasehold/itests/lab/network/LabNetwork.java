package io.leasehold.itests.lab.network;

import static io.leasehold.itests.lab.network.Addresses.BRANCH_INTERFACE;
import static io.leasehold.itests.lab.network.Addresses.CROSSOVER_INTERFACE;
import static io.leasehold.itests.lab.network.Addresses.LAN_INTERFACE;
import static io.leasehold.itests.lab.network.Addresses.PROBE_INTERFACE;
import static io.leasehold.itests.lab.network.LabNode.BRANCH;
import static io.leasehold.itests.lab.network.LabNode.RELAY;
import static io.leasehold.itests.lab.network.LabNode.SWITCH;

import io.leasehold.itests.lab.linux.NetworkInterface;
import io.leasehold.itests.lab.linux.NetworkNamespace;
import io.leasehold.itests.lab.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Builds, changes and removes the network of one lab. Holds no state of its own: what is there is
 * asked from the kernel, so that another process, or one that comes after a crash, can go on.
 */
public final class LabNetwork {
    private static final Path NAMESPACES = Path.of("/run/netns");

    /** The table that drops the frames of a one-way cut; one chain for each interface. */
    private static final String CUT_TABLE = "leasehold_lab";

    /** Whose card is taken down to cut the crossover: a veth pair has no plug in the middle. */
    private static final LabNode CROSSOVER_PLUG = LabNode.DHCP1;

    private final LabName lab;

    public LabNetwork(LabName lab) {
        this.lab = lab;
    }

    /** Builds everything; both servers are off. Starts from nothing. */
    public void build() throws IOException, InterruptedException {
        for (var node : LabNode.values()) {
            if (!node.isServer()) {
                addNamespace(node);
            }
        }
        var atSwitch = new Batch(SWITCH);
        atSwitch.add("link add br0 type bridge forward_delay 0 mcast_snooping 0");
        atSwitch.add("link set br0 up");
        for (var node : LabNode.onLan()) {
            atSwitch.add(
                    "link add %s address %s type veth peer name %s address %s"
                            .formatted(
                                    node.label(),
                                    node.hardwareAddress(9),
                                    parked(node, LAN_INTERFACE),
                                    node.hardwareAddress(0)));
            atSwitch.add("link set %s master br0 up".formatted(node.label()));
        }
        for (var server : LabNode.servers()) {
            var port = server.label() + "-probe";
            atSwitch.add(
                    "link add %s address %s type veth peer name %s address %s"
                            .formatted(
                                    port,
                                    server.hardwareAddress(10),
                                    parked(server, PROBE_INTERFACE),
                                    server.hardwareAddress(2)));
            atSwitch.add("link set %s master br0 up".formatted(port));
        }
        atSwitch.add(
                "link add %s address %s type veth peer name %s address %s"
                        .formatted(
                                parked(LabNode.DHCP1, CROSSOVER_INTERFACE),
                                LabNode.DHCP1.hardwareAddress(1),
                                parked(LabNode.DHCP2, CROSSOVER_INTERFACE),
                                LabNode.DHCP2.hardwareAddress(1)));
        atSwitch.add(
                "link add %s address %s type veth peer name %s address %s"
                        .formatted(
                                parked(RELAY, BRANCH_INTERFACE),
                                RELAY.hardwareAddress(1),
                                parked(BRANCH, BRANCH_INTERFACE),
                                BRANCH.hardwareAddress(0)));
        for (var node : LabNode.onLan()) {
            if (!node.isServer()) {
                atSwitch.add(takeFromDrawer(node, LAN_INTERFACE));
            }
        }
        atSwitch.add(takeFromDrawer(RELAY, BRANCH_INTERFACE));
        atSwitch.add(takeFromDrawer(BRANCH, BRANCH_INTERFACE));
        atSwitch.run();

        for (var node : LabNode.onLan()) {
            if (!node.isServer()) {
                configureLan(node).run();
            }
        }
        new Batch(RELAY)
                .add("link set %s up".formatted(BRANCH_INTERFACE))
                .add(
                        "address add %s/%d dev %s"
                                .formatted(
                                        Addresses.BRANCH_ROUTER,
                                        Addresses.BRANCH_PREFIX_LENGTH,
                                        BRANCH_INTERFACE))
                .run();
        inside(RELAY, Command.of("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")).check();
        new Batch(BRANCH).add("link set %s up".formatted(BRANCH_INTERFACE)).run();
    }

    /**
     * Gives a server that is switched on a fresh network namespace with its cards, its own
     * addresses and no other; a card whose link is cut stays down.
     */
    public void plugIn(LabNode server, Set<Link> cut) throws IOException, InterruptedException {
        unplug(server);
        addNamespace(server);
        new Batch(SWITCH)
                .add(takeFromDrawer(server, LAN_INTERFACE))
                .add(takeFromDrawer(server, CROSSOVER_INTERFACE))
                .add(takeFromDrawer(server, PROBE_INTERFACE))
                .run();
        configureLan(server)
                // Without arp off it answers for the VIP, which is on the other card: Linux answers
                // for every address of the machine on every card.
                .add("link set %s up arp off".formatted(PROBE_INTERFACE))
                .add(
                        "address add %s/%d dev %s"
                                .formatted(
                                        server.crossoverAddress(),
                                        Addresses.CROSSOVER_PREFIX_LENGTH,
                                        CROSSOVER_INTERFACE))
                .run();
        // Only its own end: the peer may be dying, and then its card must stay down.
        if (server != CROSSOVER_PLUG || !cut.contains(Link.CROSSOVER)) {
            new Batch(server).add("link set %s up".formatted(CROSSOVER_INTERFACE)).run();
        }
        setCarrier(Link.lan(server), !cut.contains(Link.lan(server)));
        for (var end : Link.CROSSOVER.ends()) {
            hasCarrier(Link.CROSSOVER, end);
        }
    }

    /**
     * Takes a server's cards down, at once: nothing that it sends leaves any more, and the peer
     * sees that the carrier of the crossover is gone. The first step of switching a server off.
     */
    public void silence(LabNode server) throws IOException, InterruptedException {
        NetworkNamespace.call(
                namespaceFile(server),
                () -> {
                    NetworkInterface.setUp(CROSSOVER_INTERFACE, false);
                    NetworkInterface.setUp(LAN_INTERFACE, false);
                    NetworkInterface.setUp(PROBE_INTERFACE, false);
                    return true;
                });
    }

    /** The way of {@link #silence} without its effect, for a process that must be quick later. */
    public void rehearseSilence(LabNode server) throws IOException, InterruptedException {
        NetworkNamespace.call(
                namespaceFile(server),
                () -> {
                    NetworkInterface.setUp("lo", true);
                    return true;
                });
    }

    /** Whether {@link #silence} did its work, or the server has no cards at all. */
    public boolean isSilent(LabNode server) throws IOException, InterruptedException {
        if (!exists(server)) {
            return true;
        }
        return NetworkNamespace.call(
                namespaceFile(server),
                () ->
                        !NetworkInterface.hasCarrier(CROSSOVER_INTERFACE)
                                && !NetworkInterface.hasCarrier(LAN_INTERFACE));
    }

    /** Takes the cards out of a server that is off and forgets its network namespace. */
    public void unplug(LabNode server) throws IOException, InterruptedException {
        if (!exists(server)) {
            return;
        }
        var batch = new Batch(server);
        for (var card : List.of(LAN_INTERFACE, CROSSOVER_INTERFACE, PROBE_INTERFACE)) {
            if (interfaces(server).contains(card)) {
                batch.add(
                        "link set %s netns %s name %s"
                                .formatted(card, namespaceName(SWITCH), parked(server, card)));
            }
        }
        batch.run();
        Command.of("ip", "netns", "delete", namespaceName(server)).check();
    }

    /**
     * Pulls a cable out, or puts it back. The far end sees its carrier go; the near end, the node's
     * own, is taken down in case of the crossover.
     */
    public void setCarrier(Link link, boolean present) throws IOException, InterruptedException {
        // Of the LAN links it is the switch's port that goes down, so that the node sees it.
        var end = link == Link.CROSSOVER ? CROSSOVER_PLUG : SWITCH;
        if (exists(end)) {
            NetworkNamespace.call(
                    namespaceFile(end),
                    () -> {
                        NetworkInterface.setUp(link.interfaceAt(end), present);
                        return true;
                    });
        }
        // The question makes the kernel notice on both sides, so that the link works from here on.
        for (var side : link.ends()) {
            hasCarrier(link, side);
        }
    }

    /** Drops every frame that {@code sender} puts on the link; carrier and other way stay. */
    public void dropFrom(Link link, LabNode sender) throws IOException, InterruptedException {
        var receiver = link.otherEnd(sender);
        // Where the switch is an end, it does the dropping: a node's own rules are the node's.
        var place = sender == SWITCH || receiver == SWITCH ? SWITCH : receiver;
        var hook = place == sender ? "egress" : "ingress";
        var name = link.interfaceAt(place);
        inside(
                        place,
                        Command.of("nft", "-f", "-")
                                .withInput(
                                        """
                                        add table netdev %1$s
                                        add chain netdev %1$s %2$s_%3$s \
                                        { type filter hook %2$s device %3$s priority -400; policy drop; }
                                        """
                                                .formatted(CUT_TABLE, hook, name)))
                .check();
    }

    /** Undoes {@link #dropFrom} in both directions; {@link #setCarrier} is separate. */
    public void dropNothing(Link link) throws IOException, InterruptedException {
        for (var end : link.ends()) {
            if (!exists(end)) {
                continue;
            }
            for (var hook : List.of("ingress", "egress")) {
                // Fails if there is no such chain, which is what we want.
                inside(
                                end,
                                Command.of(
                                        "nft",
                                        "delete",
                                        "chain",
                                        "netdev",
                                        CUT_TABLE,
                                        hook + "_" + link.interfaceAt(end)))
                        .run();
            }
        }
    }

    /** Whether the end of a link has carrier; false if the node is off. */
    public boolean hasCarrier(Link link, LabNode end) throws IOException, InterruptedException {
        if (!exists(end)) {
            return false;
        }
        return NetworkNamespace.call(
                namespaceFile(end), () -> NetworkInterface.hasCarrier(link.interfaceAt(end)));
    }

    /** The command, run in the network namespace of a node (and nothing else of that node). */
    public Command inside(LabNode node, Command command) {
        return command.behind(List.of("ip", "netns", "exec", namespaceName(node)));
    }

    public boolean exists(LabNode node) {
        return Files.exists(namespaceFile(node));
    }

    public Path namespaceFile(LabNode node) {
        return NAMESPACES.resolve(namespaceName(node));
    }

    /** The processes in any network namespace of this lab. */
    public List<Long> members() throws IOException, InterruptedException {
        var members = new ArrayList<Long>();
        for (var namespace : namespaces()) {
            members.addAll(members(namespace));
        }
        return members;
    }

    /** The processes in the network namespace of a node. */
    public List<Long> members(LabNode node) throws IOException, InterruptedException {
        return members(namespaceName(node));
    }

    private static List<Long> members(String namespace) throws IOException, InterruptedException {
        return Command.of("ip", "netns", "pids", namespace)
                .run()
                .output()
                .lines()
                .map(Long::valueOf)
                .toList();
    }

    /** Removes every network namespace of this lab, also what an interrupted build left. */
    public void remove() throws IOException, InterruptedException {
        for (var namespace : namespaces()) {
            Command.of("ip", "netns", "delete", namespace).run();
        }
    }

    /** The names of this lab's network namespaces that exist. */
    public Set<String> namespaces() throws IOException {
        var names = new TreeSet<String>();
        if (Files.isDirectory(NAMESPACES)) {
            try (var entries = Files.newDirectoryStream(NAMESPACES, lab.namespacePrefix() + "*")) {
                entries.forEach(entry -> names.add(entry.getFileName().toString()));
            }
        }
        return names;
    }

    private void addNamespace(LabNode node) throws IOException, InterruptedException {
        Command.of("ip", "netns", "add", namespaceName(node)).check();
        inside(
                        node,
                        Command.of(
                                "sysctl",
                                "-q",
                                "-w",
                                // Quiet: no router solicitations, no addresses that nobody asked
                                // for.
                                "net.ipv6.conf.all.disable_ipv6=1",
                                "net.ipv6.conf.default.disable_ipv6=1"))
                .check();
        new Batch(node).add("link set lo up").run();
    }

    private Batch configureLan(LabNode node) {
        var batch =
                new Batch(node)
                        .add("link set %s up".formatted(LAN_INTERFACE))
                        .add(
                                "address add %s/%d dev %s"
                                        .formatted(
                                                node.lanAddress(),
                                                Addresses.LAN_PREFIX_LENGTH,
                                                LAN_INTERFACE));
        if (node != RELAY) {
            batch.add(
                    "route add %s/%d via %s"
                            .formatted(
                                    Addresses.BRANCH_NETWORK,
                                    Addresses.BRANCH_PREFIX_LENGTH,
                                    RELAY.lanAddress()));
        }
        return batch;
    }

    private Set<String> interfaces(LabNode node) throws IOException, InterruptedException {
        var names = new TreeSet<String>();
        for (var line :
                Command.of("ip", "-n", namespaceName(node), "-brief", "link")
                        .check()
                        .lines()
                        .toList()) {
            names.add(line.split("[@ ]", -1)[0]);
        }
        return names;
    }

    private String takeFromDrawer(LabNode node, String card) {
        return "link set %s netns %s name %s"
                .formatted(parked(node, card), namespaceName(node), card);
    }

    private static String parked(LabNode node, String card) {
        return node.label() + "-" + card;
    }

    private String namespaceName(LabNode node) {
        return lab.namespacePrefix() + node.label();
    }

    /** Commands for one {@code ip -batch} in a node's network namespace. */
    private final class Batch {
        private final LabNode node;
        private final List<String> lines = new ArrayList<>();

        Batch(LabNode node) {
            this.node = node;
        }

        Batch add(String line) {
            lines.add(line);
            return this;
        }

        void run() throws IOException, InterruptedException {
            Command.of("ip", "-n", namespaceName(node), "-batch", "-")
                    .withInput(String.join("\n", lines) + "\n")
                    .check();
        }
    }
}
