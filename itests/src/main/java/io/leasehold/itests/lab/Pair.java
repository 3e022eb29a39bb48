package io.leasehold.itests.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The pair as its administrator sees it: everything through {@code clusterctl} and the mount. */
public final class Pair {
    public static final String MOUNT_POINT = "/srv/dhcp";

    /**
     * The files of a node's copy, under their own names; beside them are files of the volume's own.
     */
    public static final String COPY_DIRECTORY = "/var/lib/leasehold/volume/live/tree";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SERVING_LIMIT = Duration.ofSeconds(60);
    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(90);

    private final Lab lab;

    Pair(Lab lab) {
        this.lab = lab;
    }

    /** Runs {@code clusterctl} on a node. */
    public Command.Result clusterctl(LabNode node, String... arguments)
            throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of(Installation.bin("clusterctl").toString()));
        all.addAll(List.of(arguments));
        return lab.in(node, Command.of(all).withLimit(COMMAND_LIMIT)).run();
    }

    /** {@code clusterctl --json ...}, read; the last line is the answer. */
    public JsonNode json(LabNode node, String... arguments)
            throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of(arguments));
        all.add("--json");
        var result = clusterctl(node, all.toArray(String[]::new));
        var lines = result.output().strip();
        if (lines.isEmpty()) {
            throw new CommandException(
                    "clusterctl %s on %s answered status %d: %s"
                            .formatted(
                                    String.join(" ", arguments),
                                    node.label(),
                                    result.exitStatus(),
                                    result.errors().strip()));
        }
        return JSON.readTree(lines);
    }

    /** {@code clusterctl status}, or empty while the node or its daemon cannot be asked. */
    public Optional<JsonNode> status(LabNode node) throws InterruptedException {
        try {
            // A daemon that is not there gives an answer of another kind.
            return Optional.of(json(node, "status"))
                    .filter(answer -> answer.path("kind").asText().equals("status"));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /** Where the volume is mounted; asked from the kernel, not from us. */
    public Optional<LabNode> mountedOn() throws IOException {
        for (var node : LabNode.servers()) {
            var init = lab.node(node).power().initPid();
            if (init.isPresent() && hasFuseMount(init.getAsLong())) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    private static boolean hasFuseMount(long pid) {
        try (var lines = Files.lines(Path.of("/proc/" + pid + "/mountinfo"))) {
            return lines.anyMatch(line ->
                    line.contains(" " + MOUNT_POINT + " ")
                            && line.substring(line.indexOf(" - ")).contains("fuse"));
        } catch (IOException | java.io.UncheckedIOException _) {
            // It is ending, or gone: EINVAL, ESRCH and ENOENT all say so.
            return false;
        }
    }

    /** The node on which dhcpd runs on the mounted volume. */
    public Optional<LabNode> serving() throws IOException {
        var mounted = mountedOn();
        return mounted.isPresent()
                        && !lab.node(mounted.get()).processes(ServerNode.Role.DHCPD).isEmpty()
                ? mounted
                : Optional.empty();
    }

    public LabNode awaitServing() throws IOException, InterruptedException {
        Lab.await("the pair to serve", SERVING_LIMIT, () -> serving().isPresent());
        return serving().orElseThrow(() -> new CommandException("the pair stopped serving"));
    }

    /** Waits until {@code node} serves. */
    public void awaitServing(LabNode node) throws IOException, InterruptedException {
        Lab.await(
                node.label() + " to serve",
                SERVING_LIMIT,
                () -> serving().filter(node::equals).isPresent());
    }

    /** Waits until both nodes are in sync again, as the primary sees it. */
    public void awaitInSync() throws IOException, InterruptedException {
        Lab.await(
                "both nodes to be in sync",
                SERVING_LIMIT,
                () -> {
                    var primary = serving();
                    if (primary.isEmpty()) {
                        return false;
                    }
                    var status = status(primary.get());
                    return status.isPresent() && status.get().path("inSync").size() == 2;
                });
    }

    /**
     * Puts the lab's configuration and leases on the fresh volume, as an administrator would: the
     * configuration last, since it is what dhcpd waits for.
     */
    void seed(String dhcpdConfiguration, String leases) throws IOException, InterruptedException {
        Lab.await("the pair to mount its volume", SERVING_LIMIT, () -> mountedOn().isPresent());
        var primary = mountedOn().orElseThrow();
        if (!leases.isEmpty()) {
            writeOnVolume(primary, "dhcpd.leases", leases);
        }
        writeOnVolume(primary, "dhcpd.conf", dhcpdConfiguration);
        // It may have failed to start without a configuration, more often than it may.
        clusterctl(primary, "cleanup");
        awaitServing();
    }

    private void writeOnVolume(LabNode primary, String file, String text)
            throws IOException, InterruptedException {
        lab.in(
                        primary,
                        Command.of(
                                        "bash",
                                        "-c",
                                        "cat >$0.new && mv $0.new $0",
                                        MOUNT_POINT + "/" + file)
                                .withInput(text))
                .check();
    }
}
