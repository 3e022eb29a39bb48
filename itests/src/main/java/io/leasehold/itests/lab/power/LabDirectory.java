package io.leasehold.itests.lab.power;

import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a lab keeps what must outlive a command. The whole of it goes with {@code lab down}.
 *
 * <pre>
 * NAME/lab.json               how it was asked for
 *      links                  which cables are cut
 *      clients.tsv            which client holds which address
 *      shared/                seen by the servers as /run/leasehold-lab: fence_lab, power.sock
 *      control.sock           of the power controller, for the lab's own commands
 *      nodes/dhcp1/power      on or off, and the first process
 *                  program    what the first process runs, one argument a line
 *                  boot_id    this boot's
 *                  disk/      /var/lib/leasehold, unless the disk is a faulty one
 *                  faulty-disk/  what is behind it, if it is one
 *                  etc/       /etc/leasehold
 *                  log/       /var/log/leasehold, and the console
 * </pre>
 */
public record LabDirectory(LabName lab, Path path) {
    private static final String ROOT_VARIABLE = "LEASEHOLD_LAB_ROOT";
    private static final String ROOT_DEFAULT = "/var/lib/leasehold-lab";

    /** Every process that the lab starts has this in its environment, so that it is found again. */
    public static final String ENVIRONMENT_MARK = "LEASEHOLD_LAB";

    public static LabDirectory of(LabName lab) {
        return new LabDirectory(lab, root().resolve(lab.value()));
    }

    /** The labs of this machine, up or half up. */
    public static List<LabName> all() throws IOException {
        var names = new ArrayList<LabName>();
        if (Files.isDirectory(root())) {
            try (var entries = Files.newDirectoryStream(root(), Files::isDirectory)) {
                entries.forEach(entry -> names.add(new LabName(entry.getFileName().toString())));
            }
        }
        return names;
    }

    public static Path root() {
        var configured = System.getenv(ROOT_VARIABLE);
        return Path.of(configured == null ? ROOT_DEFAULT : configured);
    }

    /** What the kernel's limits were before the first lab; of all labs together. */
    public static Path neighbourLimits() {
        return root().resolve("neighbour-limits");
    }

    public Path options() {
        return path.resolve("lab.json");
    }

    public Path links() {
        return path.resolve("links");
    }

    public Path clients() {
        return path.resolve("clients.tsv");
    }

    public Path shared() {
        return path.resolve("shared");
    }

    public Path fenceAgent() {
        return shared().resolve("fence_lab");
    }

    public Path nodeInit() {
        return shared().resolve("node-init");
    }

    /** The fence agents' door to the power controller. */
    public Path powerSocket() {
        return shared().resolve("power.sock");
    }

    public Path controlSocket() {
        return path.resolve("control.sock");
    }

    public Path controllerLog() {
        return path.resolve("power-controller.log");
    }

    public Path node(LabNode node) {
        return path.resolve("nodes").resolve(node.label());
    }

    public Path log(LabNode node) {
        return node(node).resolve("log");
    }

    public Path etc(LabNode node) {
        return node(node).resolve("etc");
    }

    public Path disk(LabNode node) {
        return node(node).resolve("disk");
    }

    Path console(LabNode node) {
        return log(node).resolve("console.log");
    }

    public Path program(LabNode node) {
        return node(node).resolve("program");
    }

    /** What belongs to a faulty disk; absent if the node has an ordinary one. */
    public Path faultyDisk(LabNode node) {
        return node(node).resolve("faulty-disk");
    }

    /** The block device of a faulty disk, if the node has one. */
    public Path diskDevice(LabNode node) {
        return node(node).resolve("disk-device");
    }
}
