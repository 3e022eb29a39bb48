package io.leasehold.itests.lab;

import io.leasehold.itests.lab.client.AnswerCapture;
import io.leasehold.itests.lab.client.Clients;
import io.leasehold.itests.lab.client.RealClient;
import io.leasehold.itests.lab.linux.Linux;
import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.CutLinks;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNetwork;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import io.leasehold.itests.lab.network.NeighbourLimits;
import io.leasehold.itests.lab.power.FenceBehaviour;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.power.NodePower;
import io.leasehold.itests.lab.power.PowerController;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import io.leasehold.itests.lab.process.ProcessTable;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * One lab that is up.
 *
 * <p>Several processes may use the same lab; what changes the power of a server takes turns. The
 * object holds nothing that must be closed: {@link #down} removes the lab itself.
 */
public final class Lab {
    /** Long enough for a machine under full load; every use ends much sooner when all is well. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final Duration POLL = Duration.ofMillis(10);
    private static final int KILL_ROUNDS_MAX = 200;

    /** Either box knows each client, and an entry is collected only after a while. */
    private static final int NEIGHBOURS_PER_CLIENT = 4;

    private final LabDirectory directory;
    private final LabOptions options;
    private final LabNetwork network;

    private Lab(LabDirectory directory, LabOptions options) {
        this.directory = directory;
        this.options = options;
        this.network = new LabNetwork(directory.lab());
    }

    /**
     * Brings a lab up, both servers switched on. If it is up with these options already, that one
     * is handed back; the half of one that an interrupted command left is removed first.
     *
     * @throws CommandException if it is up with other options, or root is missing
     */
    public static Lab up(LabName name, LabOptions options)
            throws IOException, InterruptedException {
        requireRoot();
        var present = find(name);
        if (present.isPresent()) {
            if (!present.get().options.equals(options)) {
                throw new CommandException(
                        "lab %s is up with other options (%s); run `lab down` first"
                                .formatted(name, present.get().options));
            }
            return present.get();
        }
        down(name);
        var lab = new Lab(LabDirectory.of(name), options);
        try {
            lab.build();
        } catch (IOException | InterruptedException | RuntimeException e) {
            try {
                down(name);
            } catch (IOException | RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
        return lab;
    }

    /** The lab of that name, if it is up. */
    public static Optional<Lab> find(LabName name) throws IOException {
        var directory = LabDirectory.of(name);
        // Written last by build(), so what has it is complete.
        return Files.exists(directory.options())
                ? Optional.of(new Lab(directory, LabOptions.read(directory.options())))
                : Optional.empty();
    }

    /** Removes everything of the lab of that name, whatever state it is in. */
    public static void down(LabName name) throws IOException, InterruptedException {
        requireRoot();
        var directory = LabDirectory.of(name);
        var lab = new Lab(directory, LabOptions.DEFAULT);
        Files.deleteIfExists(directory.options());
        if (Files.exists(directory.path())) {
            for (var node : LabNode.servers()) {
                if (Files.isDirectory(directory.node(node))) {
                    lab.node(node).powerOff();
                }
            }
        }
        lab.killRest();
        lab.network.remove();
        removeTree(directory.path());
        if (LabDirectory.all().isEmpty()) {
            neighbourLimits().restore();
        }
        try {
            Files.deleteIfExists(LabDirectory.root());
        } catch (java.nio.file.DirectoryNotEmptyException _) {
            // Another lab is there.
        }
    }

    private static NeighbourLimits neighbourLimits() {
        return new NeighbourLimits(LabDirectory.neighbourLimits());
    }

    public void down() throws IOException, InterruptedException {
        down(name());
    }

    public LabName name() {
        return directory.lab();
    }

    public LabOptions options() {
        return options;
    }

    public LabNetwork network() {
        return network;
    }

    public LabDirectory directory() {
        return directory;
    }

    public ServerNode node(LabNode node) {
        return new ServerNode(node, directory);
    }

    /** A server by its name, for example {@code dhcp1}. */
    public ServerNode node(String name) {
        return node(LabNode.of(name));
    }

    public Clients clients() {
        return new Clients(network, directory.clients());
    }

    /** Everything that the boxes say in the name of the service from now on; to be closed. */
    public AnswerCapture captureAnswers() throws IOException, InterruptedException {
        return AnswerCapture.start(network);
    }

    /** ISC's dhclient, beside the simulated clients. */
    public RealClient realClient() {
        return new RealClient(network, directory.path().resolve("dhclient"));
    }

    /** The pair's own view of itself, through {@code clusterctl}. */
    public Pair pair() {
        return new Pair(this);
    }

    /** A command in a node: a server's own namespaces, or the network of the others. */
    public Command in(LabNode node, Command command) throws IOException {
        return node.isServer()
                ? command.behind(node(node).power().enter())
                : network.inside(node, command);
    }

    /** Cuts a link both ways; its ends lose their carrier. */
    public void cut(Link link) throws IOException, InterruptedException {
        whileNoPowerIsSwitched(() -> {
            CutLinks.read(directory.links()).pull(link);
            network.setCarrier(link, false);
        });
    }

    /** Loses whatever {@code sender} says on the link, and nothing else. */
    public void cut(Link link, LabNode sender) throws IOException, InterruptedException {
        link.otherEnd(sender);
        whileNoPowerIsSwitched(() -> {
            CutLinks.read(directory.links()).mute(link, sender);
            if (network.exists(sender) && network.exists(link.otherEnd(sender))) {
                network.dropFrom(link, sender);
            }
        });
    }

    public void heal(Link link) throws IOException, InterruptedException {
        whileNoPowerIsSwitched(() -> {
            CutLinks.read(directory.links()).heal(link);
            network.dropNothing(link);
            // A card of a server that is off waits for its power-on.
            if (link != Link.CROSSOVER || node(LabNode.DHCP1).isOn()) {
                network.setCarrier(link, true);
            }
        });
    }

    /**
     * A server that is just being switched on has read which of its cables are cut; what changes
     * then would be true for this object, and not for the server.
     */
    private void whileNoPowerIsSwitched(NodePower.Action action)
            throws IOException, InterruptedException {
        node(LabNode.DHCP1)
                .power()
                .undisturbed(() -> node(LabNode.DHCP2).power().undisturbed(action));
    }

    public CutLinks cutLinks() throws IOException {
        return CutLinks.read(directory.links());
    }

    /** How the fence device of a server answers from now on. */
    public void fenceDevice(LabNode node, FenceBehaviour behaviour) throws IOException {
        PowerController.behave(directory, node, behaviour);
    }

    /**
     * Moves the plain server to another box the way that an address alone is moved: the box starts
     * its own dhcpd, with its own leases. For comparison only.
     */
    public void movePlainServer(LabNode to) throws IOException, InterruptedException {
        if (options.server() != LabOptions.Server.PLAIN) {
            throw new IllegalStateException("the lab runs Leasehold, which moves by itself");
        }
        var from = node(to.peer());
        from.setProgram(List.of());
        if (from.isOn()) {
            from.restartProgram();
        }
        startPlainServer(to);
    }

    private void build() throws IOException, InterruptedException {
        requireOverlay();
        for (var node : LabNode.servers()) {
            for (var path :
                    List.of(directory.disk(node), directory.etc(node), directory.log(node))) {
                Files.createDirectories(path);
            }
            Files.writeString(directory.program(node), "");
        }
        Files.createDirectories(directory.shared());
        neighbourLimits().raise(NEIGHBOURS_PER_CLIENT * options.poolSize());
        install("fence_lab", directory.fenceAgent());
        install("node-init", directory.nodeInit());
        install("plain-server", directory.shared().resolve("plain-server"));
        network.build();
        if (options.faultyDisk()) {
            for (var node : LabNode.servers()) {
                startFaultyDisk(node);
            }
        }
        startRelay();
        var seeded = DhcpdSeed.heldLeases(options, Instant.now());
        clients().remember(seeded);
        switch (options.server()) {
            case PLAIN -> {
                for (var node : LabNode.servers()) {
                    Files.writeString(
                            directory.etc(node).resolve("dhcpd.conf"), DhcpdSeed.text(options));
                    Files.writeString(
                            directory.disk(node).resolve("dhcpd.leases"),
                            node == LabNode.DHCP1 ? DhcpdSeed.leases(seeded) : "");
                }
                powerOnBoth();
                startPowerController();
                startPlainServer(LabNode.DHCP1);
            }
            case LEASEHOLD -> {
                Installation.prepareLaunch();
                new PairConfiguration(directory, options).write();
                if (options.arbiter() == LabOptions.Arbiter.ZOOKEEPER) {
                    witness().powerOn();
                }
                for (var node : LabNode.servers()) {
                    node(node)
                            .setProgram(
                                    List.of(
                                            Installation.bin("clusterd").toString(),
                                            "--config",
                                            "/etc/leasehold/leasehold.conf",
                                            "--node",
                                            node.label()));
                }
                powerOnBoth();
                startPowerController();
                pair().seed(DhcpdSeed.text(options), DhcpdSeed.leases(seeded));
            }
        }
        options.write(directory.options());
    }

    private void powerOnBoth() throws IOException, InterruptedException {
        for (var node : LabNode.servers()) {
            node(node).powerOn();
        }
    }

    private void startPlainServer(LabNode node) throws IOException, InterruptedException {
        node(node)
                .setProgram(
                        List.of(
                                "bash",
                                "/run/leasehold-lab/plain-server",
                                Addresses.VIP + "/" + Addresses.LAN_PREFIX_LENGTH));
        node(node).restartProgram();
        // dhcpd opens its socket on port 67 when it is ready to serve.
        await(
                "dhcpd on " + node.label(),
                () ->
                        in(node, Command.of("ss", "-Hlun", "sport", "=", "67"))
                                .run()
                                .output()
                                .contains(":67"));
    }

    /** The small third machine; only labs with arbiter zookeeper have one. */
    public Witness witness() {
        return new Witness(this);
    }

    /** Its members on all three machines; only labs with arbiter zookeeper have one. */
    public Ensemble ensemble() {
        return new Ensemble(this);
    }

    private void startRelay() throws IOException {
        startResident(
                network.inside(
                                LabNode.RELAY,
                                Command.of(
                                        "dhcrelay",
                                        "-4",
                                        "-d",
                                        "--no-pid",
                                        "-id",
                                        Addresses.BRANCH_INTERFACE,
                                        "-iu",
                                        Addresses.LAN_INTERFACE,
                                        Addresses.VIP))
                        .arguments(),
                directory.path().resolve("relay.log"));
    }

    private void startFaultyDisk(LabNode node) throws IOException, InterruptedException {
        var disk = node(node).disk();
        disk.format();
        var command = new ArrayList<>(List.of("unshare", "--mount", "--propagation=private", "--"));
        command.addAll(jvm("-Xmx384m"));
        command.addAll(disk.process());
        startResident(command, directory.node(node).resolve("faulty-disk.log"));
        await("the disk of " + node.label(), disk::exists);
    }

    private static List<String> jvm(String memory) {
        return List.of(
                Installation.java().toString(),
                memory,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"));
    }

    private void startPowerController() throws IOException, InterruptedException {
        // A real power switch has a processor of its own.
        var command = new ArrayList<>(List.of("nice", "-n", "-15"));
        command.addAll(jvm("-Xmx24m"));
        command.addAll(
                List.of(
                        PowerController.class.getName(),
                        name().value(),
                        String.valueOf(options.fenceDelayMillis())));
        startResident(command, directory.controllerLog());
        await("the power controller", () -> Files.exists(directory.powerSocket()));
    }

    /** Starts what stays until the lab goes down. */
    void startResident(List<String> arguments, Path log) throws IOException {
        // In a session of its own: Ctrl-C at the terminal of a later command is not for it.
        var builder =
                new ProcessBuilder(Command.of(arguments).behind(List.of("setsid")).arguments());
        builder.environment().put(LabDirectory.ENVIRONMENT_MARK, name().value());
        builder.directory(new File("/"));
        builder.redirectInput(new File("/dev/null"));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.start();
    }

    /** Kills whoever is left in the lab's namespaces or carries its mark, until nobody is. */
    private void killRest() throws IOException, InterruptedException {
        long self = ProcessHandle.current().pid();
        for (int round = 0; round < KILL_ROUNDS_MAX; round++) {
            var left = new HashSet<Long>(network.members());
            left.addAll(
                    ProcessTable.withEnvironment(LabDirectory.ENVIRONMENT_MARK, name().value()));
            left.remove(self);
            if (left.isEmpty()) {
                return;
            }
            for (long pid : left) {
                Linux.kill(pid, Linux.SIGKILL);
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        throw new CommandException("processes of lab " + name() + " do not die");
    }

    /** Waits for a condition that the lab brings about itself. */
    static void await(String what, Condition condition) throws IOException, InterruptedException {
        await(what, LIMIT, condition);
    }

    /**
     * Waits for a condition, which is asked again every few milliseconds on this thread.
     *
     * @param what is waited for, for the sentence of the failure
     * @throws IOException the condition could not be asked, or did not hold within the limit
     */
    public static void await(String what, Duration limit, Condition condition)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > deadline) {
                throw new CommandException("waited " + limit.toSeconds() + " s for " + what);
            }
            Thread.sleep(POLL);
        }
    }

    /** Something to wait for. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    private static void install(String resource, Path target) throws IOException {
        try (var in = LabDirectory.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks " + resource);
            }
            Files.write(target, in.readAllBytes());
        }
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void requireRoot() throws IOException {
        if (!Files.getOwner(Path.of("/proc/self")).getName().equals("root")) {
            throw new CommandException("the lab makes namespaces and mounts: run it as root");
        }
    }

    private static void requireOverlay() throws IOException {
        if (Files.readAllLines(Path.of("/proc/filesystems")).stream()
                .noneMatch(line -> line.endsWith("\toverlay"))) {
            throw new CommandException(
                    "the kernel has no overlay file system; try `modprobe overlay`");
        }
    }

    private static void removeTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(
                root,
                Set.of(),
                Integer.MAX_VALUE,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException e)
                            throws IOException {
                        if (e instanceof NoSuchFileException) {
                            return FileVisitResult.CONTINUE;
                        }
                        throw e;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path path, @org.jspecify.annotations.Nullable IOException e)
                            throws IOException {
                        if (e != null) {
                            throw e;
                        }
                        Files.delete(path);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** What `lab status` shows. */
    public LabStatus status() throws IOException, InterruptedException {
        var nodes = new java.util.LinkedHashMap<String, LabStatus.Node>();
        for (var label : LabNode.servers()) {
            var node = node(label);
            nodes.put(label.label(), node.status());
        }
        var links = new java.util.LinkedHashMap<String, LabStatus.LinkState>();
        var cuts = cutLinks();
        for (var link : Link.values()) {
            var carrier = new java.util.LinkedHashMap<String, Boolean>();
            for (var end : link.ends()) {
                carrier.put(end.label(), network.hasCarrier(link, end));
            }
            links.put(
                    link.label(),
                    new LabStatus.LinkState(
                            cuts.pulled().contains(link),
                            cuts.muteSenders(link).stream().map(LabNode::label).sorted().toList(),
                            Map.copyOf(carrier)));
        }
        return new LabStatus(
                name().value(), options, nodes, links, clients().leases().size(), Addresses.VIP);
    }
}
