package io.leasehold.itests.lab.power;

import io.leasehold.itests.lab.disk.Disk;
import io.leasehold.itests.lab.linux.Linux;
import io.leasehold.itests.lab.network.CutLinks;
import io.leasehold.itests.lab.network.LabNetwork;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import io.leasehold.itests.lab.process.ProcessTable;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * The power switch of one server of the lab.
 *
 * <p>May be used by several processes at once (a command, a test, the power controller); they take
 * turns. Every method leaves a state from which any other goes on.
 */
public final class NodePower {
    /** A node boots in about 0.1 s; a machine under load may take longer. */
    private static final Duration BOOT_LIMIT = Duration.ofSeconds(20);

    /** A killed JVM with a large heap takes some 10 ms to leave; longer than this is a defect. */
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(15);

    private static final long POLL_NANOS = 1_000_000;
    private static final Path FUSE_CONNECTIONS = Path.of("/sys/fs/fuse/connections");
    private static final int CONSOLE_LINES_IN_ERROR = 12;

    private final LabNode node;
    private final LabDirectory directory;
    private final LabNetwork network;
    private final Disk disk;
    private final Path stateFile;
    private final Path lockFile;

    public NodePower(LabNode node, LabDirectory directory) {
        if (!node.isServer()) {
            throw new IllegalArgumentException(
                    node.label() + " has no power switch; dhcp1 and dhcp2 have one");
        }
        this.node = node;
        this.directory = directory;
        this.network = new LabNetwork(directory.lab());
        this.disk = new Disk(directory.faultyDisk(node));
        this.stateFile = directory.node(node).resolve("power");
        this.lockFile = directory.node(node).resolve("power.lock");
    }

    /** The first process, if the server is on. A server whose first process died counts as off. */
    public OptionalLong initPid() throws IOException {
        return switch (PowerState.read(stateFile)) {
            case PowerState.On on when on.isAlive() -> OptionalLong.of(on.initPid());
            case PowerState.On _, PowerState.Dying _, PowerState.Off _ -> OptionalLong.empty();
        };
    }

    public boolean isOn() throws IOException {
        return initPid().isPresent();
    }

    /** Switches the server on: a fresh network namespace, a new boot id. No effect if it is on. */
    public void on() throws IOException, InterruptedException {
        try (var _ = NodeLock.take(lockFile)) {
            if (isOn()) {
                return;
            }
            settleLocked();
            var cuts = CutLinks.read(directory.links());
            network.plugIn(node, cuts.pulled());
            for (var sender : cuts.muteSenders(Link.CROSSOVER)) {
                if (sender != node) {
                    network.dropFrom(Link.CROSSOVER, sender);
                }
            }
            if (disk.exists()) {
                Files.writeString(directory.diskDevice(node), disk.attach());
            }
            boot().write(stateFile);
        }
    }

    /**
     * Switches the server off: when this returns its cables are dead and all its processes are
     * killed, though perhaps not gone. {@link #settle} waits for that.
     *
     * @return how long it took, in nanoseconds; 0 if the server was off
     */
    public long off() throws IOException, InterruptedException {
        return off(false);
    }

    /** The same; what was not synced on the server's disk does not survive it. */
    public long offLosingUnsynced() throws IOException, InterruptedException {
        return off(true);
    }

    private long off(boolean loseUnsynced) throws IOException, InterruptedException {
        try (var _ = NodeLock.take(lockFile)) {
            long startNanos = System.nanoTime();
            if (!(PowerState.read(stateFile) instanceof PowerState.On on)) {
                return 0;
            }
            // First of all: what is said from now on reaches nobody.
            network.silence(node);
            if (loseUnsynced) {
                disk.losePower();
            }
            // While there is still somebody in whose mount namespace we can look.
            var connections = fuseConnections(on.initPid());
            killEverything(on);
            new PowerState.Dying(on.initPid(), on.initStartTicks(), connections).write(stateFile);
            return System.nanoTime() - startNanos;
        }
    }

    /** Does what {@link #off} does, as far as it changes nothing, so that its code is warm. */
    void rehearse() throws IOException, InterruptedException {
        var init = initPid();
        if (init.isPresent()) {
            network.rehearseSilence(node);
            fuseConnections(init.getAsLong());
            Linux.kill(init.getAsLong(), 0);
            ProcessTable.namespaceMembers(init.getAsLong());
            try (var _ = NodeLock.take(lockFile)) {
                PowerState.read(stateFile).write(stateFile);
            }
        }
    }

    /** What is done to a lab. */
    public interface Action {
        void perform() throws IOException, InterruptedException;
    }

    /** Performs it while nobody switches this server on or off. */
    public void undisturbed(Action action) throws IOException, InterruptedException {
        try (var _ = NodeLock.take(lockFile)) {
            action.perform();
        }
    }

    /** Waits until nothing of a server that is off is left, and takes its network cards out. */
    public void settle() throws IOException, InterruptedException {
        try (var _ = NodeLock.take(lockFile)) {
            settleLocked();
        }
    }

    /**
     * Whether nothing can leave the server: off, or on with dead cables. For the power read-back.
     */
    public boolean isSilent() throws IOException, InterruptedException {
        return !isOn() || network.isSilent(node);
    }

    /** All processes of the server, the first one first; empty if it is off. */
    public List<Long> processes() throws IOException {
        var init = initPid();
        return init.isPresent() ? ProcessTable.namespaceMembers(init.getAsLong()) : List.of();
    }

    /** The command line prefix that runs something inside the server. */
    public List<String> enter() throws IOException {
        var init =
                initPid()
                        .orElseThrow(() -> new CommandException(node.label() + " is switched off"));
        return List.of(
                "nsenter",
                "--target=" + init,
                "--net",
                "--mount",
                "--uts",
                "--ipc",
                "--pid",
                "--root",
                "--wd=/",
                "--");
    }

    /** A path inside the server, as this machine sees it. Only while the server is on. */
    public Path inside(String path) throws IOException {
        var init =
                initPid()
                        .orElseThrow(() -> new CommandException(node.label() + " is switched off"));
        return Path.of("/proc/" + init + "/root" + path);
    }

    private PowerState.On boot() throws IOException, InterruptedException {
        var home = directory.node(node);
        Files.writeString(home.resolve("boot_id"), UUID.randomUUID() + "\n");
        var ready = home.resolve("ready");
        Files.deleteIfExists(ready);
        var builder =
                new ProcessBuilder(
                        "setsid",
                        "nsenter",
                        "--net=" + network.namespaceFile(node),
                        "unshare",
                        "--mount",
                        "--propagation=private",
                        "--uts",
                        "--ipc",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "bash",
                        directory.nodeInit().toString(),
                        node.label(),
                        home.toString(),
                        directory.shared().toString());
        builder.environment().put(LabDirectory.ENVIRONMENT_MARK, directory.lab().value());
        builder.directory(new File("/"));
        builder.redirectInput(new File("/dev/null"));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(directory.console(node).toFile()));
        var process = builder.start();
        try {
            awaitReady(process, ready);
        } catch (IOException | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
        for (long init : ProcessTable.children(process.pid())) {
            var startTicks = ProcessTable.startTicks(init);
            if (startTicks.isPresent()) {
                return new PowerState.On(init, startTicks.get());
            }
        }
        throw new CommandException(bootFailure("died at once"));
    }

    private void awaitReady(Process process, Path ready) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + BOOT_LIMIT.toNanos();
        while (!Files.exists(ready)) {
            if (!process.isAlive()) {
                throw new CommandException(bootFailure("ended while booting"));
            }
            if (System.nanoTime() > deadline) {
                throw new CommandException(bootFailure("did not boot within " + BOOT_LIMIT));
            }
            pause();
        }
    }

    private String bootFailure(String what) throws IOException {
        var lines = Files.readAllLines(directory.console(node), StandardCharsets.ISO_8859_1);
        return "%s %s; its console says:%n%s"
                .formatted(
                        node.label(),
                        what,
                        String.join(
                                System.lineSeparator(),
                                lines.subList(
                                        Math.max(0, lines.size() - CONSOLE_LINES_IN_ERROR),
                                        lines.size())));
    }

    /**
     * SIGKILL for everything in the server. The kernel kills a PID namespace with its first
     * process, but only when that one gets to run; until then the others would go on.
     */
    private void killEverything(PowerState.On on) throws IOException {
        if (on.isAlive()) {
            Linux.kill(on.initPid(), Linux.SIGKILL);
            for (long pid : ProcessTable.namespaceMembers(on.initPid())) {
                Linux.kill(pid, Linux.SIGKILL);
            }
        }
    }

    private void settleLocked() throws IOException, InterruptedException {
        switch (PowerState.read(stateFile)) {
            case PowerState.On on when on.isAlive() -> {}
            // The first process died by itself, and the kernel killed the rest with it.
            case PowerState.On on -> remove(on.initPid(), on.initStartTicks(), List.of());
            case PowerState.Dying dying ->
                    remove(dying.initPid(), dying.initStartTicks(), dying.fuseConnections());
            case PowerState.Off() -> {}
        }
    }

    private void remove(long initPid, long initStartTicks, List<Integer> fuseConnections)
            throws IOException, InterruptedException {
        var init = new PowerState.On(initPid, initStartTicks);
        // A process in a FUSE call ends only when the call does (it sleeps uninterruptibly), and
        // the
        // first process only after all others. Everybody has its SIGKILL by now, so nobody returns
        // to user mode with the error that this gives.
        if (!fuseConnections.isEmpty()) {
            mountFuseControl();
        }
        for (int connection : fuseConnections) {
            abort(connection);
        }
        long deadline = System.nanoTime() + EXIT_LIMIT.toNanos();
        while (init.isAlive()) {
            if (System.nanoTime() > deadline) {
                throw new CommandException(
                        "%s does not die within %s; left are %s"
                                .formatted(node.label(), EXIT_LIMIT, survivors(initPid)));
            }
            pause();
        }
        if (disk.exists()) {
            // The file system went with the last process; the next boot mounts it anew.
            disk.detach();
            Files.deleteIfExists(directory.diskDevice(node));
        }
        network.unplug(node);
        new PowerState.Off().write(stateFile);
    }

    private static List<String> survivors(long initPid) {
        var left = new ArrayList<String>();
        for (long pid : ProcessTable.namespaceMembers(initPid)) {
            left.add(
                    "%d (state %s) %s"
                            .formatted(
                                    pid,
                                    ProcessTable.state(pid).orElse('?'),
                                    String.join(" ", ProcessTable.commandLine(pid))));
        }
        return left;
    }

    /**
     * The FUSE connections that the server has and this machine has not. The number of a connection
     * is the minor number of the mount's device.
     */
    private static List<Integer> fuseConnections(long initPid) throws IOException {
        var own = new HashSet<>(fuseMinors(Path.of("/proc/self/mountinfo")));
        try {
            return fuseMinors(Path.of("/proc/" + initPid + "/mountinfo")).stream()
                    .filter(minor -> !own.contains(minor))
                    .toList();
        } catch (IOException _) {
            return List.of(); // its mounts went with it
        }
    }

    private static Set<Integer> fuseMinors(Path mountInfo) throws IOException {
        var minors = new HashSet<Integer>();
        for (var line : Files.readAllLines(mountInfo, StandardCharsets.ISO_8859_1)) {
            // 36 35 0:43 / /srv/dhcp rw,relatime - fuse.leasehold source rw (proc(5))
            var type = line.substring(line.indexOf(" - ") + 3);
            if (type.startsWith("fuse ") || type.startsWith("fuse.")) {
                var device = line.split(" ", -1)[2];
                minors.add(Integer.valueOf(device.substring(device.indexOf(':') + 1)));
            }
        }
        return minors;
    }

    /** A machine without systemd may not have it mounted, and without it nothing can be aborted. */
    private static void mountFuseControl() throws IOException, InterruptedException {
        boolean mounted =
                Files.readAllLines(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1)
                        .stream()
                        .anyMatch(line -> line.contains(" - fusectl "));
        if (!mounted) {
            Command.of("mount", "-t", "fusectl", "fusectl", FUSE_CONNECTIONS.toString()).check();
        }
    }

    private static void abort(int connection) {
        try {
            Files.writeString(FUSE_CONNECTIONS.resolve(connection + "/abort"), "1");
        } catch (IOException _) {
            // It is gone already, with the last process that held its descriptor.
        }
    }

    private static void pause() throws InterruptedException {
        LockSupport.parkNanos(POLL_NANOS);
        if (Thread.interrupted()) {
            throw new InterruptedException("while waiting for a node");
        }
    }
}
