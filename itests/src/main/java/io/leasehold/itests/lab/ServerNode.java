package io.leasehold.itests.lab;

import io.leasehold.itests.lab.disk.Disk;
import io.leasehold.itests.lab.linux.Linux;
import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.power.NodePower;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import io.leasehold.itests.lab.process.ProcessTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** One of the two boxes. */
public final class ServerNode {
    private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
    private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(60);

    /** Which of a box's processes is meant. */
    public enum Role {
        DAEMON("io.leasehold.ops.node."),
        KEEPER("io.leasehold.heartbeat.keeper."),
        DHCPD("dhcpd"),
        /** Of the ensemble; only in labs with arbiter zookeeper. */
        MEMBER("io.leasehold.ops.witness.");

        private final String mark;

        Role(String mark) {
            this.mark = mark;
        }

        private boolean isRoleOf(List<String> commandLine) {
            return switch (this) {
                // A JVM is what its main class is; later arguments may name another one to start.
                case DAEMON, KEEPER, MEMBER ->
                        commandLine.stream()
                                .filter(argument -> argument.startsWith("io.leasehold."))
                                .findFirst()
                                .filter(mainClass -> mainClass.startsWith(mark))
                                .isPresent();
                // With -t it only looks whether it understands a file, and serves nobody.
                case DHCPD ->
                        !commandLine.isEmpty()
                                && Path.of(commandLine.getFirst()).endsWith(mark)
                                && !commandLine.contains("-t");
            };
        }
    }

    private final LabNode node;
    private final LabDirectory directory;
    private final NodePower power;

    ServerNode(LabNode node, LabDirectory directory) {
        this.node = node;
        this.directory = directory;
        this.power = new NodePower(node, directory);
    }

    public LabNode label() {
        return node;
    }

    public NodePower power() {
        return power;
    }

    public boolean isOn() throws IOException {
        return power.isOn();
    }

    /** Switches the box on; returns when its first process runs. */
    public void powerOn() throws IOException, InterruptedException {
        power.on();
    }

    /** Pulls the plug; returns when nothing of the box is left. */
    public void powerOff() throws IOException, InterruptedException {
        power.off();
        power.settle();
    }

    /**
     * Pulls the plug, and lets the disk lose what was not synced: random blocks of it, and a part
     * of the last one written. Needs a faulty disk.
     *
     * @return what was lost, in words
     */
    public String powerOffLosingUnsynced(long seed) throws IOException, InterruptedException {
        power.offLosingUnsynced();
        power.settle();
        return disk().settleLoss(seed);
    }

    /** The disk, to make it fail; only labs with faulty disks have one. */
    public Disk disk() {
        return new Disk(directory.faultyDisk(node));
    }

    /** SIGTERM to the first process, as a shutdown does: the program hands over, then all ends. */
    public void shutDown() throws IOException, InterruptedException {
        var init = power.initPid();
        if (init.isPresent()) {
            Linux.kill(init.getAsLong(), Linux.SIGTERM);
            Lab.await(node.label() + " to shut down", SHUTDOWN_LIMIT, () -> !power.isOn());
            power.settle();
        }
    }

    /** Runs a command in the box. */
    public Command.Result exec(String... arguments) throws IOException, InterruptedException {
        return Command.of(arguments).behind(power.enter()).run();
    }

    /** A path in the box, as this machine sees it. */
    public Path path(String inside) throws IOException {
        return power.inside(inside);
    }

    /** What the box runs from now on; an empty list is nothing. */
    void setProgram(List<String> arguments) throws IOException {
        Files.writeString(directory.program(node), String.join("\n", arguments));
    }

    /** From its next boot on the box runs the programs of another installation. */
    public void runInstallation(Path home) throws IOException {
        var arguments = new ArrayList<>(Files.readAllLines(directory.program(node)));
        arguments.set(0, home.resolve("ops/bin/clusterd").toString());
        setProgram(arguments);
    }

    /** Ends the program; the first process starts what {@link #setProgram} said. */
    void restartProgram() throws IOException {
        var init = power.initPid();
        if (init.isPresent()) {
            for (long child : ProcessTable.children(init.getAsLong())) {
                Linux.kill(child, Linux.SIGKILL);
            }
        }
    }

    /** The processes of that role. */
    public List<Long> processes(Role role) throws IOException {
        return power.processes().stream()
                .filter(pid -> role.isRoleOf(ProcessTable.commandLine(pid)))
                .toList();
    }

    /** kill -9 of every process of the role. */
    public int kill(Role role) throws IOException {
        return signal(processes(role), Linux.SIGKILL, node.label() + " runs no " + role);
    }

    /** kill -9 of both; what the keeper's end left of the daemon. */
    public int killDaemonAndKeeper() throws IOException {
        // The keeper first: it would start a new daemon.
        int killed = kill(Role.KEEPER);
        return killed + signal(processes(Role.DAEMON), Linux.SIGKILL, "");
    }

    /** SIGSTOP for every process of the role; returns when all of them stand still. */
    public int pause(Role role) throws IOException, InterruptedException {
        var targets = processes(role);
        int count = signal(targets, Linux.SIGSTOP, node.label() + " runs no " + role);
        awaitStopped(targets);
        return count;
    }

    /** SIGSTOP for everything in the box; returns when all of it stands still. */
    public int pause() throws IOException, InterruptedException {
        int count = 0;
        // Again, because somebody may have been born meanwhile.
        for (var running = running(); !running.isEmpty(); running = running()) {
            count += signal(running, Linux.SIGSTOP, "");
            awaitStopped(running);
        }
        return count;
    }

    /** SIGCONT for everything in the box; nothing if it is off. */
    public int resume() throws IOException {
        return signal(power.processes(), Linux.SIGCONT, "");
    }

    private List<Long> running() throws IOException {
        return power.processes().stream()
                .filter(pid -> ProcessTable.state(pid).filter(s -> !isAtRest(s)).isPresent())
                .toList();
    }

    private static void awaitStopped(List<Long> targets) throws IOException, InterruptedException {
        Lab.await(
                "processes to stop",
                STOP_LIMIT,
                () ->
                        targets.stream()
                                .allMatch(pid ->
                                        ProcessTable.state(pid)
                                                .filter(s -> !isAtRest(s))
                                                .isEmpty()));
    }

    /** Stopped or traced, dead, or in a system call from which it would return stopped. */
    private static boolean isAtRest(char state) {
        return "TtZXD".indexOf(state) >= 0;
    }

    private static int signal(List<Long> targets, int signal, String ifNone) throws IOException {
        if (targets.isEmpty() && !ifNone.isEmpty()) {
            throw new CommandException(ifNone);
        }
        int count = 0;
        for (long pid : targets) {
            if (Linux.kill(pid, signal)) {
                count++;
            }
        }
        return count;
    }

    LabStatus.Node status() throws IOException, InterruptedException {
        var init = power.initPid();
        if (init.isEmpty()) {
            return new LabStatus.Node(false, 0, "", false, new LinkedHashMap<>(), 0);
        }
        var counts = new LinkedHashMap<String, Long>();
        int stopped = 0;
        for (long pid : power.processes()) {
            var commandLine = ProcessTable.commandLine(pid);
            var role = "other";
            for (var candidate : Role.values()) {
                if (candidate.isRoleOf(commandLine)) {
                    role = LabOptions.label(candidate);
                }
            }
            counts.merge(role, 1L, Long::sum);
            if (ProcessTable.state(pid).filter(s -> s == 'T').isPresent()) {
                stopped++;
            }
        }
        var addresses = exec("ip", "-o", "-4", "address", "show", "dev", Addresses.LAN_INTERFACE);
        return new LabStatus.Node(
                true,
                init.getAsLong(),
                Files.readString(directory.node(node).resolve("boot_id")).strip(),
                addresses.output().contains(" " + Addresses.VIP + "/"),
                counts,
                stopped);
    }
}
