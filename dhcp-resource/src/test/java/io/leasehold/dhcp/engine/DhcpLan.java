package io.leasehold.dhcp.engine;

import io.leasehold.heartbeat.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client LAN in network namespaces of its own: a switch, a server with {@code lan0} and, as a
 * second way into the switch, {@code probe0}; a client with {@code eth0}; a rogue with {@code
 * eth0}. Closed, it leaves nothing.
 */
public final class DhcpLan implements AutoCloseable {

    public static final String VIP = "198.18.0.1";

    private static final AtomicInteger NEXT = new AtomicInteger();

    private final String prefix =
            "lhd" + ProcessHandle.current().pid() + "x" + NEXT.incrementAndGet();
    private final Deque<String> namespaces = new ArrayDeque<>();

    public DhcpLan() throws IOException {
        try {
            for (var name : List.of("sw", "server", "client", "rogue")) {
                run("ip", "netns", "add", prefix + name);
                namespaces.push(prefix + name);
                run("ip", "-n", prefix + name, "link", "set", "lo", "up");
            }
            ip("sw", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
            ip("sw", "link", "set", "br0", "up");
            plug("server", "lan0", "p1");
            plug("server", "probe0", "p2");
            plug("client", "eth0", "p3");
            plug("rogue", "eth0", "p4");
            ip("server", "addr", "add", VIP + "/24", "dev", "lan0");
            ip("server", "addr", "add", "198.18.0.2/24", "dev", "lan0");
            ip("rogue", "addr", "add", "198.18.0.66/24", "dev", "eth0");
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private void plug(String where, String name, String port) throws IOException {
        run(
                "ip",
                "link",
                "add",
                name,
                "netns",
                prefix + where,
                "type",
                "veth",
                "peer",
                "name",
                port,
                "netns",
                prefix + "sw");
        ip("sw", "link", "set", port, "master", "br0", "up");
        ip(where, "link", "set", name, "addrgenmode", "none", "up");
    }

    public String namespace(String where) {
        return prefix + where;
    }

    /** Does something in a namespace: sockets opened there stay there. */
    public <T> T in(String where, NetworkNamespace.Work<T> work) throws IOException {
        return NetworkNamespace.call(Path.of("/run/netns", prefix + where), work);
    }

    public void ip(String where, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of("ip", "-n", prefix + where));
        command.addAll(List.of(arguments));
        run(command.toArray(String[]::new));
    }

    /** Runs a command in a namespace, with something on its standard input. */
    public void exec(String where, String input, String... command) throws IOException {
        var all = new ArrayList<>(List.of("ip", "netns", "exec", prefix + where));
        all.addAll(List.of(command));
        runWith(input, all);
    }

    private static void run(String... command) throws IOException {
        runWith("", List.of(command));
    }

    private static void runWith(String input, List<String> command) throws IOException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var out = process.getInputStream()) {
            try (var in = process.getOutputStream()) {
                in.write(input.getBytes(StandardCharsets.US_ASCII));
            }
            var output = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    @Override
    public void close() {
        while (!namespaces.isEmpty()) {
            try {
                run("ip", "netns", "del", namespaces.pop());
            } catch (IOException e) {
                System.err.println("left behind: " + e.getMessage());
            }
        }
    }
}
