package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.controller.CommandResult;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.resource.ResourceName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * One box: power, disk, clock, the keeper with the gate and the beats, the DHCP server, and the
 * daemon that the keeper starts again.
 */
final class Machine {
    static final ResourceName VOLUME = new ResourceName("volume");
    static final ResourceName VIP = new ResourceName("vip");
    static final ResourceName DHCP = new ResourceName("dhcp");
    static final ResourceName ARP = new ResourceName("arp");

    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final long PROCESS_START_NANOS = 150 * MILLI;
    private static final long KEEPER_RESTART_NANOS = SECOND;
    private static final long MEMBER_RESTART_NANOS = SECOND;

    /** The kernel's permission, and how often the keeper gives it anew. */
    private static final long PERMISSION_NANOS = 300 * MILLI;

    private static final long RENEWAL_NANOS = 100 * MILLI;

    /** DaemonWatch. */
    private static final int RESTARTS_MAX = 5;

    private static final long RESTART_WINDOW_NANOS = 30 * SECOND;
    private static final long RESTART_PAUSE_NANOS = 10 * SECOND;

    private final World world;
    private final int index;
    private final NodeName name;
    private final FenceDevice fenceDevice;
    private final DhcpServer dhcp;
    private ArbitrationMode arbiter;
    private ModelDisk disk;
    private final List<ModelDisk> drawer = new ArrayList<>();
    private LocalClock clock;

    // Power.
    private boolean powered;
    private boolean mains = true;
    private boolean clientLink = true;
    private BootId bootId = new BootId("never");
    private long boots;
    private long offSinceNanos;

    // Keeper.
    private boolean keeperUp;
    private boolean keeperStopped;
    private long keeperLife;
    private long beating;
    private Optional<Announcement> payload = Optional.empty();
    private long beats;
    private long progressNanos;
    private boolean guarded;
    private long gateUntilNanos;
    private long permissionUntilNanos = Long.MAX_VALUE;
    private final Set<ResourceName> running = new TreeSet<>();
    private long incarnation;
    private final Deque<Long> starts = new ArrayDeque<>();
    private boolean shutDown;
    private final long[] newestBeat = new long[Network.LINKS.size()];
    private BootId newestBeatBoot = new BootId("never");

    // Daemon.
    private Optional<DaemonProcess> process = Optional.empty();
    private Optional<Daemon> daemon = Optional.empty();
    private boolean frozen;
    private long stoppedSinceNanos;
    private boolean dhcpBroken;
    private boolean stopBroken;
    private Optional<String> codeShown = Optional.empty();

    Machine(World world, int index, String name) {
        this.world = world;
        this.index = index;
        this.name = new NodeName(name);
        this.arbiter = world.setup().mode();
        this.disk = newDisk();
        this.fenceDevice = new FenceDevice(world, this);
        this.dhcp = new DhcpServer(world, this);
        this.clock = newClock();
    }

    private ModelDisk newDisk() {
        return new ModelDisk(
                world.chance(), name.value(), World.DISK_LATENCY_NANOS, world.sabotage());
    }

    private LocalClock newClock() {
        return new LocalClock(
                world.agenda(),
                world.chance().between(0, 1_000_000 * SECOND),
                world.chance().between(-200, 201));
    }

    // ---- what others ask ----

    int index() {
        return index;
    }

    NodeName name() {
        return name;
    }

    Machine other() {
        return world.machine(1 - index);
    }

    /** In its configuration file; a daemon reads it when it starts. */
    ArbitrationMode arbiter() {
        return arbiter;
    }

    /** A person edits the file and says {@code clusterctl restart} (ADR 0026). */
    void changeArbiter(ArbitrationMode next) {
        if (arbiter != next) {
            say(() -> "!     arbiter = " + next + ", and its daemon is restarted");
            arbiter = next;
        }
        if (daemon.filter(running -> running.arbiter() != next).isPresent()) {
            daemonExits("restarted by a person");
        }
    }

    ModelDisk disk() {
        return disk;
    }

    LocalClock clock() {
        return clock;
    }

    BootId bootId() {
        return bootId;
    }

    FenceDevice fenceDevice() {
        return fenceDevice;
    }

    DhcpServer dhcp() {
        return dhcp;
    }

    boolean isPowered() {
        return powered;
    }

    boolean hasMains() {
        return mains;
    }

    boolean hasShutDown() {
        return shutDown;
    }

    long offForNanos() {
        return world.agenda().nowNanos() - offSinceNanos;
    }

    boolean isFrozen() {
        return frozen;
    }

    Optional<Daemon> daemon() {
        return daemon;
    }

    /** The daemon's volume, if somebody would answer there now. */
    Optional<Replica> replica() {
        return process.filter(DaemonProcess::isRunning).flatMap(_ -> daemon).map(Daemon::replica);
    }

    /** Invariant 1: whether an answer of the DHCP server would leave this box now. */
    boolean serves() {
        return powered
                && dhcp.isRunning()
                && !frozen
                && world.agenda().nowNanos() < Math.min(gateUntilNanos, permissionUntilNanos);
    }

    void say(Supplier<String> text) {
        world.trace().say(name.value(), text);
    }

    /** Something that the daemon does on behalf of somebody else. */
    void inDaemon(Runnable action) {
        process.ifPresent(running -> running.run(action));
    }

    // ---- power ----

    void powerOn() {
        if (powered || !mains) {
            return;
        }
        powered = true;
        bootId = new BootId("boot-" + name + "-" + ++boots);
        clock = newClock();
        incarnation = 0;
        starts.clear();
        shutDown = false;
        world.network().carriersChanged();
        say(() -> "power on");
        startMember(world.setup().bootNanos());
        var boot = bootId;
        world.agenda()
                .after(
                        world.chance().about(world.setup().bootNanos()),
                        () -> {
                            if (powered && boot.equals(bootId)) {
                                startKeeper();
                            }
                        });
    }

    void powerOff() {
        if (!powered) {
            return;
        }
        world.interrupted(this);
        powered = false;
        offSinceNanos = world.agenda().nowNanos();
        keeperEnds();
        dhcp.kill();
        running.clear();
        gateUntilNanos = 0;
        processEnds(false);
        frozen = false;
        world.ensemble().ifPresent(ensemble -> ensemble.stop(index, false));
        disk.losePower();
        say(() -> "power off");
        world.network().carriersChanged();
    }

    /** The ensemble's member on this box: a process of its own, which the machine starts. */
    private void startMember(long afterNanos) {
        var boot = bootId;
        world.ensemble()
                .ifPresent(ensemble ->
                        world.agenda()
                                .after(
                                        world.chance().about(afterNanos),
                                        () -> {
                                            if (powered && boot.equals(bootId)) {
                                                ensemble.start(index);
                                            }
                                        }));
    }

    void killMember() {
        world.ensemble()
                .filter(ensemble -> ensemble.isUp(index))
                .ifPresent(ensemble -> {
                    ensemble.stop(index, true);
                    startMember(MEMBER_RESTART_NANOS);
                });
    }

    /** The wall socket: without it there is no fence device either. */
    void mains(boolean there) {
        mains = there;
        if (!there) {
            powerOff();
        }
    }

    /**
     * A person puts an empty disk in; the machine is off.
     *
     * @param kept whether the old one can be read, and lies in a drawer
     */
    void replaceDisk(boolean kept) {
        if (powered) {
            throw new IllegalStateException(name + " is on");
        }
        if (kept) {
            drawer.add(disk);
        }
        disk = newDisk();
    }

    /** A bug, a bad memory: the copy is not what everything about it says. The machine is off. */
    void garbleDisk() {
        if (powered) {
            throw new IllegalStateException(name + " is on");
        }
        var garbled = newDisk();
        try {
            Replica.copyGarbled(disk, garbled, world.nextOperation());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        disk = garbled;
        world.invariants().garbled();
    }

    /** What this box has besides its history: set aside on its disk, or on one in the drawer. */
    List<Operations> branches() {
        var all = new ArrayList<>(disk.branches());
        all.addAll(inTheDrawer());
        return all;
    }

    /** What is on the disks that a person took out, and can be read. */
    List<Operations> inTheDrawer() {
        var all = new ArrayList<Operations>();
        for (var old : drawer) {
            all.add(old.tree());
            all.addAll(old.branches());
        }
        return all;
    }

    /** What happens at a disk operation that was chosen beforehand. */
    private void died(ModelDisk.Died death) {
        if (death.powerLost()) {
            say(() -> "!     power is lost within a disk operation");
            powerOff();
        } else {
            daemonExits("killed within a disk operation");
        }
    }

    void carrierIs(boolean up) {
        daemon.ifPresent(to -> to.deliver(new Event.LinkCarrier(Network.CROSSOVER, up)));
    }

    /** The interface to the clients. */
    void clientLink(boolean up) {
        clientLink = up;
        daemon.ifPresent(to -> to.deliver(new Event.InterfaceChanged(World.CLIENT_LAN, up)));
    }

    void stepWallClock(long byNanos) {
        clock.stepWallClock(byNanos);
    }

    // ---- keeper ----

    void startKeeper() {
        if (!powered || keeperUp) {
            return;
        }
        keeperUp = true;
        keeperStopped = false;
        keeperLife++;
        guarded = false;
        shutDown = false;
        permissionUntilNanos = Long.MAX_VALUE;
        progressNanos = world.agenda().nowNanos();
        startDaemon();
        beat(++beating);
    }

    private void keeperEnds() {
        keeperUp = false;
        keeperLife++;
        payload = Optional.empty();
        permissionUntilNanos = Math.min(permissionUntilNanos, lastPermissionEnds());
    }

    /** The keeper renews no more: its last renewal was at most one interval ago. */
    private long lastPermissionEnds() {
        if (!world.sabotage().kernelShutsTheGate()) {
            return Long.MAX_VALUE;
        }
        return world.agenda().nowNanos()
                + PERMISSION_NANOS
                - world.chance().between(0, RENEWAL_NANOS);
    }

    /** kill -9 of the keeper: its DHCP server dies with it, its daemon a moment later. */
    void killKeeper(boolean daemonToo) {
        if (!keeperUp) {
            return;
        }
        keeperEnds();
        world.interrupted(this);
        dhcp.kill();
        running.clear();
        frozen = false;
        var life = keeperLife;
        var orphan = process;
        if (daemonToo) {
            processEnds(true);
        } else {
            orphan.ifPresent(left ->
                    left.after(
                            world.chance().about(3 * MILLI),
                            () -> {
                                if (process.equals(orphan)) {
                                    processEnds(true);
                                }
                            }));
        }
        world.agenda()
                .after(
                        world.chance().about(KEEPER_RESTART_NANOS),
                        () -> {
                            if (life == keeperLife) {
                                processEnds(true);
                                startKeeper();
                            }
                        });
    }

    private void beat(long mine) {
        if (!keeperUp || mine != beating || keeperStopped) {
            return;
        }
        world.agenda().after(world.chance().about(world.keepaliveNanos()), () -> beat(mine));
        long now = world.agenda().nowNanos();
        if (daemon.filter(Daemon::makesProgress).isPresent()) {
            progressNanos = now;
        }
        long age = world.sabotage().keeperWatches() ? now - progressNanos : 0;
        if (guarded && age >= world.daemonDeadNanos()) {
            standDown("the daemon has shown no progress for " + age / MILLI + " ms");
        }
        if (process.isPresent() && age >= 4 * world.daemonDeadNanos()) {
            daemonExits("it hangs");
        }
        if (payload.isPresent()) {
            world.network().beat(this, payload.get(), beats++, age);
        }
    }

    void publish(Announcement announcement) {
        payload = Optional.of(announcement);
        guarded = true;
        if (keeperUp && !keeperStopped) {
            world.network()
                    .beat(this, announcement, beats++, world.agenda().nowNanos() - progressNanos);
        }
    }

    void beatArrived(
            int link, BootId boot, Announcement announcement, long number, long progressAgeNanos) {
        if (!keeperUp || keeperStopped) {
            return;
        }
        // The conversation's counters: what is older than the newest of its link is dropped.
        if (!boot.equals(newestBeatBoot)) {
            if (!boot.equals(other().bootId)) {
                return;
            }
            newestBeatBoot = boot;
            java.util.Arrays.fill(newestBeat, -1);
        }
        if (number <= newestBeat[link]) {
            return;
        }
        newestBeat[link] = number;
        daemon.ifPresent(to -> to.beat(Network.LINKS.get(link), announcement, progressAgeNanos));
    }

    /** The keeper makes this box silent: SIGKILL first, then the descriptor is closed. */
    private void standDown(String reason) {
        say(() -> "keeper     stands down: " + reason);
        world.interrupted(this);
        guarded = false;
        dhcp.kill();
        running.clear();
        gateUntilNanos = 0;
        payload = Optional.empty();
        // A daemon that hears of it must not go on; one that is stopped hears of it when it wakes.
        var told = process;
        process.ifPresent(to ->
                to.after(
                        MILLI,
                        () -> {
                            if (process.equals(told)) {
                                daemonExits("the keeper stood down");
                            }
                        }));
    }

    void selfFence() {
        standDown("asked by the daemon");
        daemonExits("self-fenced");
    }

    void openGate(long untilNanos) {
        if (keeperUp) {
            gateUntilNanos = untilNanos;
        }
    }

    void closeGate() {
        gateUntilNanos = 0;
    }

    // ---- daemon ----

    private void startDaemon() {
        long now = world.agenda().nowNanos();
        world.duel().uneven();
        starts.addLast(now);
        var started = new DaemonProcess(world.agenda(), this::died);
        process = Optional.of(started);
        started.run(() -> {
            try {
                var created = new Daemon(world, this, started, incarnation++);
                daemon = Optional.of(created);
                created.start(Set.copyOf(running), world.network().carrier());
                if (!clientLink) {
                    created.deliver(new Event.InterfaceChanged(World.CLIENT_LAN, false));
                }
            } catch (IOException e) {
                say(() -> "!     daemon does not start: " + e.getMessage());
                daemonExits(String.valueOf(e.getMessage()));
            }
        });
    }

    void killDaemon() {
        daemonExits("kill -9");
    }

    /** kill -9, and the keeper takes so long for the next one. */
    void killDaemon(long awayNanos) {
        if (process.isPresent()) {
            processEnds(true);
            restartDaemon(awayNanos, keeperLife);
        }
    }

    /** The process is gone; the keeper starts another one. */
    void daemonExits(String why) {
        if (process.isEmpty()) {
            return;
        }
        processEnds(true);
        if (!keeperUp) {
            return;
        }
        long now = world.agenda().nowNanos();
        while (!starts.isEmpty() && now - starts.getFirst() > RESTART_WINDOW_NANOS) {
            starts.removeFirst();
        }
        boolean loop = starts.size() > RESTARTS_MAX;
        if (loop && guarded) {
            standDown("the daemon ended " + starts.size() + " times: " + why);
        }
        restartDaemon(loop ? RESTART_PAUSE_NANOS : PROCESS_START_NANOS, keeperLife);
    }

    private void restartDaemon(long afterNanos, long life) {
        world.agenda()
                .after(
                        world.chance().about(afterNanos),
                        () -> {
                            if (!powered || life != keeperLife || process.isPresent()) {
                                return;
                            }
                            if (keeperStopped) {
                                // Nobody is there who could start anything, before it goes on.
                                restartDaemon(PROCESS_START_NANOS, life);
                            } else {
                                startDaemon();
                            }
                        });
    }

    private void processEnds(boolean kernelLives) {
        process.ifPresent(DaemonProcess::kill);
        daemon.ifPresent(gone -> gone.replica().gone(kernelLives));
        process = Optional.empty();
        daemon = Optional.empty();
        disk.forgetDeath();
        if (!world.sabotage().killKeepsWhatWasWritten()) {
            disk.losePower();
        }
    }

    /** SIGTERM has ended in order: keeper and daemon end. */
    void shutDown() {
        keeperEnds();
        dhcp.kill();
        running.clear();
        gateUntilNanos = 0;
        processEnds(true);
        shutDown = true;
        offSinceNanos = world.agenda().nowNanos();
    }

    /** SIGSTOP of the daemon alone: the keeper beats on and tells how old its progress is. */
    void pauseDaemon(long nanos) {
        var stopped = process.filter(DaemonProcess::isRunning);
        if (stopped.isEmpty()) {
            return;
        }
        say(() -> "!     daemon stands still for " + nanos / MILLI + " ms");
        stopped.get().stop();
        long since = world.agenda().nowNanos();
        world.agenda().after(nanos, () -> goOn(stopped.get(), since));
    }

    private void goOn(DaemonProcess stopped, long sinceNanos) {
        world.duel().uneven();
        if (stopped.isAlive() && !stopped.isRunning() && !frozen) {
            var gap = world.agenda().nowNanos() - sinceNanos;
            say(() -> "!     daemon goes on");
            var to = daemon;
            stopped.goOn();
            to.ifPresent(resumed -> resumed.resumed(gap));
        }
    }

    /** Everything of ours on this box stands still: keeper, daemon and DHCP server. */
    void freeze(long nanos) {
        if (!keeperUp || frozen) {
            return;
        }
        say(() -> "!     the whole box stands still for " + nanos / MILLI + " ms");
        frozen = true;
        keeperStopped = true;
        permissionUntilNanos = Math.min(permissionUntilNanos, lastPermissionEnds());
        stoppedSinceNanos = world.agenda().nowNanos();
        process.ifPresent(DaemonProcess::stop);
        world.ensemble().ifPresent(ensemble -> ensemble.freeze(index, true));
        var boot = bootId;
        var life = keeperLife;
        world.agenda()
                .after(
                        nanos,
                        () -> {
                            if (powered && boot.equals(bootId)) {
                                world.ensemble().ifPresent(to -> to.freeze(index, false));
                            }
                            if (keeperLife == life && keeperUp) {
                                thaw();
                            }
                        });
    }

    private void thaw() {
        say(() -> "!     the box goes on");
        frozen = false;
        keeperStopped = false;
        long now = world.agenda().nowNanos();
        if (now >= permissionUntilNanos) {
            // Whoever comes so late that the kernel has shut the gate does not open it again.
            gateUntilNanos = 0;
        }
        permissionUntilNanos = Long.MAX_VALUE;
        beat(++beating);
        process.ifPresent(stopped -> goOn(stopped, stoppedSinceNanos));
    }

    // ---- resources ----

    void dhcpBroken(boolean broken) {
        dhcpBroken = broken;
    }

    void stopBroken(boolean broken) {
        stopBroken = broken;
    }

    boolean isBroken() {
        return dhcpBroken || stopBroken || !clientLink;
    }

    void dhcpDies() {
        if (dhcp.isRunning()) {
            world.interrupted(this);
            dhcp.kill();
            running.remove(DHCP);
            daemon.ifPresent(to -> to.deliver(new Event.ResourceFailed(DHCP, "exit code 139")));
        }
    }

    boolean isRunning(ResourceName resource) {
        return running.contains(resource);
    }

    long startNanos(ResourceName resource) {
        return world.chance().about(resource.equals(DHCP) ? 40 * MILLI : 3 * MILLI);
    }

    /** Empty: it runs. */
    Optional<String> startResource(ResourceName resource, boolean adopt) {
        if (adopt && !running.contains(resource)) {
            return Optional.of("not running any more");
        }
        if (resource.equals(VOLUME)) {
            daemon.orElseThrow().replica().mount();
            running.add(resource);
            if (adopt) {
                dhcp.resent();
            }
        } else if (resource.equals(DHCP) && !adopt) {
            if (dhcpBroken) {
                return Optional.of("exit code 1");
            }
            if (!running.contains(VOLUME)) {
                return Optional.of("no such file: the keeper has stood down");
            }
            running.add(resource);
            dhcp.start(world.nextOperation());
        } else {
            running.add(resource);
        }
        return Optional.empty();
    }

    /** Empty: it does not run. */
    Optional<String> stopResource(ResourceName resource) {
        if (stopBroken && resource.equals(DHCP)) {
            return Optional.of("still there");
        }
        if (resource.equals(VOLUME)) {
            if (running.contains(DHCP)) {
                throw new IllegalStateException("order: the volume is unmounted under dhcp");
            }
            daemon.ifPresent(to -> to.replica().unmount());
        } else if (resource.equals(DHCP)) {
            dhcp.kill();
        }
        running.remove(resource);
        return Optional.empty();
    }

    void answered(CommandResult result) {
        say(() -> "answer     " + result.getClass().getSimpleName() + ": " + result.sentence());
        if (result instanceof CommandResult.Bill bill) {
            codeShown = Optional.of(bill.code());
        }
    }

    /** A person reads the bill of a forced promotion, and pays it a moment later (R21). */
    void force() {
        codeShown = Optional.empty();
        command(new Command.ForcePromotion(Optional.empty()));
        world.agenda()
                .after(
                        world.chance().about(500 * MILLI),
                        () -> {
                            if (codeShown.isPresent()) {
                                world.invariants().aftermath().forced("a person forces " + name);
                                command(new Command.ForcePromotion(codeShown));
                            }
                        });
    }

    void command(Command command) {
        daemon.ifPresent(to -> {
            say(() -> "> " + command);
            if (command instanceof Command.Fence) {
                // A person's order waits for no delay.
                world.duel().uneven();
            }
            to.command(command);
        });
    }

    void sigterm() {
        daemon.ifPresent(to -> {
            say(() -> "!     SIGTERM");
            to.deliver(new Event.ShutdownRequested("SIGTERM"));
        });
    }
}
