package io.leasehold.heartbeat.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Network namespaces of one test, with unique names, removed at the end whatever happened. Nothing
 * in them is connected to this machine's own network.
 */
public final class TestNetwork implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final int COMMAND_SECONDS_MAX = 20;

    private final String prefix =
            "lhhb" + ProcessHandle.current().pid() + "x" + COUNTER.incrementAndGet();
    private final Deque<String> namespaces = new ArrayDeque<>();

    /** Why these tests cannot run here, empty if they can. */
    public static String hindrance() {
        return "root".equals(System.getProperty("user.name")) ? "" : "needs root for namespaces";
    }

    /** Makes a namespace, its loopback interface up, and returns its name for {@code ip netns}. */
    public String namespace(String name) throws IOException {
        String full = prefix + name;
        run("ip", "netns", "add", full);
        namespaces.push(full);
        ip(full, "link set lo up");
        return full;
    }

    /** What {@link NetworkNamespace#call} takes. */
    public static Path path(String namespace) {
        return Path.of("/run/netns", namespace);
    }

    /** Joins two namespaces by a veth pair, both ends up. */
    public void veth(String namespaceA, String interfaceA, String namespaceB, String interfaceB)
            throws IOException {
        run(
                "ip",
                "link",
                "add",
                interfaceA,
                "netns",
                namespaceA,
                "type",
                "veth",
                "peer",
                "name",
                interfaceB,
                "netns",
                namespaceB);
        ip(namespaceA, "link set " + interfaceA + " up");
        ip(namespaceB, "link set " + interfaceB + " up");
    }

    /** {@code ip -n NAMESPACE ARGUMENTS}. */
    public static String ip(String namespace, String arguments) throws IOException {
        var command = new java.util.ArrayList<>(List.of("ip", "-n", namespace));
        command.addAll(List.of(arguments.split(" ", -1)));
        return run(command.toArray(String[]::new));
    }

    /** Runs a command in the namespace and returns what it printed. */
    public static String exec(String namespace, String... command) throws IOException {
        var all = new java.util.ArrayList<>(List.of("ip", "netns", "exec", namespace));
        all.addAll(List.of(command));
        return run(all.toArray(String[]::new));
    }

    /**
     * Runs a command, and returns what it printed; one that fails or takes too long is an
     * exception.
     */
    public static String run(String... command) throws IOException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(COMMAND_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new IOException("still running: " + String.join(" ", command));
            }
            if (process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        while (!namespaces.isEmpty()) {
            run("ip", "netns", "del", namespaces.pop());
        }
    }
}
