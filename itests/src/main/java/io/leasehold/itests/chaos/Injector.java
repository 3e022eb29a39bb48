package io.leasehold.itests.chaos;

import io.leasehold.itests.chaos.Fault.Box;
import io.leasehold.itests.chaos.Fault.Processes;
import io.leasehold.itests.chaos.Fault.When;
import io.leasehold.itests.lab.ControlConnection;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ServerNode;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import io.leasehold.itests.lab.power.FenceBehaviour;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Does one fault to a pair that is well, and undoes it as the people of a site would: cables are
 * put back, processes go on, disks are exchanged, boxes that are off are switched on.
 *
 * <p>One for each round; {@link #finish} ends what it started.
 */
final class Injector {
    /** What the secondary misses before a resync: more than its journal could replay. */
    private static final int MISSED_MEBIBYTES = 80;

    private static final String MISSED_FILE = Pair.MOUNT_POINT + "/chaos.missed";
    private static final String FILLER = "/var/lib/leasehold/chaos.filler";
    private static final Duration SLOW_REQUEST = Duration.ofMillis(40);

    /** A moment that does not come by then is given up, and it strikes nevertheless. */
    private static final Duration MOMENT_LIMIT = Duration.ofSeconds(20);

    private static final Duration REWRITE_LIMIT = Duration.ofSeconds(5);
    private static final Duration TAKEOVER_END_LIMIT = Duration.ofSeconds(100);
    private static final long POLL_NANOS = 1_000_000;
    private static final List<Link> CABLES =
            List.of(Link.CROSSOVER, Link.LAN_DHCP1, Link.LAN_DHCP2, Link.LAN_WITNESS);

    private final Lab lab;
    private final long lossSeed;
    private final LabNode primary;
    private final Set<LabNode> exchangedDisks = EnumSet.noneOf(LabNode.class);
    private final Set<LabNode> fullDisks = EnumSet.noneOf(LabNode.class);
    private Thread takeover = Thread.ofVirtual().start(() -> {});
    private boolean missedFile;

    /** Also from the thread of a takeover. */
    private final List<String> remarks = new CopyOnWriteArrayList<>();

    /**
     * For one round.
     *
     * @param lossSeed decides what a disk loses with its power
     */
    Injector(Lab lab, LabNode primary, long lossSeed) {
        this.lab = lab;
        this.primary = primary;
        this.lossSeed = lossSeed;
    }

    /** What came otherwise than planned, and what a disk lost; complete after {@link #finish}. */
    String remark() {
        return remarks.stream().map(" [%s]"::formatted).collect(Collectors.joining());
    }

    /** Does it, and returns when it has lasted as long as it should. */
    void inject(Fault fault) throws IOException, InterruptedException {
        switch (fault) {
            case Fault.Cut cut -> cut(cut);
            case Fault.PowerOff off -> {
                reach(off.when());
                if (off.losingUnsynced()) {
                    remarks.add(node(off.box()).powerOffLosingUnsynced(lossSeed));
                } else {
                    node(off.box()).powerOff();
                }
            }
            case Fault.Kill kill -> {
                reach(kill.when());
                kill(kill.processes(), node(kill.box()));
            }
            case Fault.Pause pause -> pause(pause.processes(), node(pause.box()));
            case Fault.Disk disk -> {
                switch (disk.trouble()) {
                    case BROKEN -> {
                        node(disk.box()).disk().failIo();
                        exchangedDisks.add(label(disk.box()));
                    }
                    case FULL -> fill(disk.box());
                    case SLOW -> node(disk.box()).disk().slow(SLOW_REQUEST);
                }
            }
            case Fault.BothOff off -> {
                node(off.alone().other()).powerOff();
                node(off.alone()).powerOff();
                node(off.alone()).powerOn();
            }
            case Fault.UnprovenDeath death -> {
                behave(label(death.box()), FenceBehaviour.Fault.DEAD);
                node(death.box()).powerOff();
            }
            case Fault.WitnessDies _ -> lab.witness().powerOff();
            case Fault.Minority minority -> {
                lab.witness().powerOff();
                node(minority.alone().other()).powerOff();
            }
        }
        Thread.sleep(fault.lasting());
    }

    /** Undoes everything but the power, which {@link #attend} does again and again. */
    void heal() throws IOException, InterruptedException {
        for (var link : CABLES) {
            lab.heal(link);
        }
        for (var server : LabNode.servers()) {
            if (lab.options().arbiter() == LabOptions.Arbiter.FENCING) {
                behave(server, FenceBehaviour.Fault.NONE);
            }
            var node = lab.node(server);
            if (exchangedDisks.contains(server)) {
                // What its file system has met cannot be forgotten while it is mounted.
                node.powerOff();
            }
            node.disk().heal();
            if (node.isOn()) {
                node.resume();
                if (fullDisks.contains(server)) {
                    node.exec("rm", "-f", FILLER);
                }
            }
        }
        if (lab.options().arbiter() == LabOptions.Arbiter.ZOOKEEPER) {
            lab.witness().powerOn();
        }
        switchOn();
    }

    /**
     * Switches on whoever is off, because a fence may still come while the pair finds together, and
     * lets the pair forget that dhcpd failed too often: both is a person's work.
     */
    void attend() throws IOException, InterruptedException {
        switchOn();
        var serving = lab.pair().serving();
        if (serving.isPresent()
                && lab.pair()
                        .status(serving.get())
                        .filter(status -> status.path("verdict").asText().contains("cleanup"))
                        .isPresent()) {
            for (var server : LabNode.servers()) {
                lab.pair().clusterctl(server, "cleanup");
            }
        }
    }

    private void switchOn() throws IOException, InterruptedException {
        for (var server : LabNode.servers()) {
            var node = lab.node(server);
            if (!node.isOn()) {
                node.powerOn();
                if (fullDisks.contains(server)) {
                    node.exec("rm", "-f", FILLER);
                }
            }
        }
    }

    /** Waits for what is still under way, and removes what the pair's volume got from it. */
    void finish() throws IOException, InterruptedException {
        takeover.join(TAKEOVER_END_LIMIT);
        var serving = lab.pair().serving();
        if (missedFile && serving.isPresent()) {
            lab.node(serving.get()).exec("rm", "-f", MISSED_FILE);
        }
    }

    private void reach(When when) throws IOException, InterruptedException {
        switch (when.moment()) {
            case CALM -> {}
            case REWRITE -> awaitRewrite();
            case RESYNC -> awaitResync();
            case TAKEOVER -> beginTakeover();
            case FAILOVER -> node(Box.PRIMARY).powerOff();
            case LEADING -> lab.ensemble().leadFrom(primary);
        }
        LockSupport.parkNanos(when.after().toNanos());
    }

    /** A new dhcpd writes all leases into a file of another name before it does anything else. */
    private void awaitRewrite() throws IOException {
        var server = node(Box.PRIMARY);
        server.kill(Role.DHCPD);
        var directory = server.path(Pair.MOUNT_POINT);
        long deadline = System.nanoTime() + REWRITE_LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            try (var files = Files.newDirectoryStream(directory, "dhcpd.leases.[0-9]*")) {
                if (files.iterator().hasNext()) {
                    return;
                }
            } catch (DirectoryIteratorException e) {
                throw e.getCause();
            }
            LockSupport.parkNanos(POLL_NANOS / 10);
        }
        remarks.add("the rewrite was not seen");
    }

    private void awaitResync() throws IOException, InterruptedException {
        var source = node(Box.PRIMARY);
        var target = node(Box.SECONDARY);
        target.powerOff();
        missedFile = true;
        source.exec(
                "dd",
                "if=/dev/urandom",
                "of=" + MISSED_FILE,
                "bs=1M",
                "count=" + MISSED_MEBIBYTES,
                "conv=fsync");
        target.powerOn();
        long deadline = System.nanoTime() + MOMENT_LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            var volume = ControlConnection.volumeStatus(source, Duration.ofNanos(100 * POLL_NANOS));
            if (volume.isPresent() && volume.get().path("resync").isObject()) {
                return;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        remarks.add("no resync was seen");
    }

    private void beginTakeover() throws IOException, InterruptedException {
        // Listened to from before it is ordered: what it waits for is said but once.
        try (var history = ControlConnection.events(node(Box.PRIMARY))) {
            takeover = Thread.ofVirtual().start(this::orderTakeover);
            var begun =
                    history.awaitEvent(
                            event -> event.path("rule").asText().equals("R17"), MOMENT_LIMIT);
            if (begun.isEmpty()) {
                remarks.add("the takeover did not begin");
            }
        }
    }

    private void orderTakeover() {
        try {
            // What becomes of it is judged by how the pair is afterwards.
            lab.pair().clusterctl(primary, "takeover", label(Box.SECONDARY).label());
        } catch (IOException e) {
            remarks.add("takeover: " + e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void kill(Processes processes, ServerNode node) throws IOException {
        switch (processes) {
            case DAEMON -> node.kill(Role.DAEMON);
            case KEEPER -> node.kill(Role.KEEPER);
            case DAEMON_AND_KEEPER -> node.killDaemonAndKeeper();
            case MEMBER -> node.kill(Role.MEMBER);
            case EVERYTHING -> throw new IllegalArgumentException("that is a power-off");
        }
    }

    private static void pause(Processes processes, ServerNode node)
            throws IOException, InterruptedException {
        switch (processes) {
            case DAEMON -> node.pause(Role.DAEMON);
            case KEEPER -> node.pause(Role.KEEPER);
            case DAEMON_AND_KEEPER -> {
                node.pause(Role.KEEPER);
                node.pause(Role.DAEMON);
            }
            case MEMBER -> node.pause(Role.MEMBER);
            case EVERYTHING -> node.pause();
        }
    }

    private void cut(Fault.Cut cut) throws IOException, InterruptedException {
        var box =
                switch (cut.cable()) {
                    case CROSSOVER, LAN_OF_PRIMARY, ALL_OF_PRIMARY -> label(Box.PRIMARY);
                    case LAN_OF_SECONDARY, ALL_OF_SECONDARY -> label(Box.SECONDARY);
                    case LAN_OF_WITNESS -> LabNode.WITNESS;
                };
        var links =
                switch (cut.cable()) {
                    case CROSSOVER -> List.of(Link.CROSSOVER);
                    case LAN_OF_PRIMARY, LAN_OF_SECONDARY, LAN_OF_WITNESS -> List.of(Link.lan(box));
                    case ALL_OF_PRIMARY, ALL_OF_SECONDARY -> List.of(Link.lan(box), Link.CROSSOVER);
                };
        for (var link : links) {
            switch (cut.way()) {
                case BOTH_WAYS -> lab.cut(link);
                case FROM_THE_BOX -> lab.cut(link, box);
                case TO_THE_BOX -> lab.cut(link, link.otherEnd(box));
            }
        }
    }

    /** Takes all blocks that the file system of the box's disk has left. */
    private void fill(Box box) throws IOException, InterruptedException {
        fullDisks.add(label(box));
        // dd ends with an error, which is what it is for; it takes the last block, too.
        lab.in(
                        label(box),
                        Command.of(
                                "bash",
                                "-c",
                                "fallocate -l $(df --output=avail -B1 $(dirname $0) | tail -1) $0;"
                                        + " dd if=/dev/zero of=$0 bs=4k oflag=append conv=notrunc",
                                FILLER))
                .run();
    }

    private void behave(LabNode victim, FenceBehaviour.Fault fault) throws IOException {
        lab.fenceDevice(
                victim,
                new FenceBehaviour(fault, Duration.ofMillis(lab.options().fenceDelayMillis())));
    }

    private LabNode label(Box box) {
        return switch (box) {
            case PRIMARY -> primary;
            case SECONDARY -> primary.peer();
        };
    }

    private ServerNode node(Box box) {
        return lab.node(label(box));
    }

    /** For a round that cannot even begin. */
    static LabNode primaryOf(Lab lab) throws IOException {
        return lab.pair()
                .serving()
                .orElseThrow(() -> new CommandException("nobody serves, so there is no primary"));
    }
}
