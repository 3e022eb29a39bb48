package io.leasehold.dhcp.probe;

import io.leasehold.heartbeat.address.MacAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A macvlan on the server's interface with the probe's own hardware address: the card accepts
 * frames for it, and the switch learns where it is. It has no IP address and answers no ARP.
 *
 * <p>Made once, when the daemon starts: each call of {@code ip} costs a process.
 */
public final class ProbeMacvlan implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ProbeMacvlan.class);
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private final String name;

    private ProbeMacvlan(String name) {
        this.name = name;
    }

    /**
     * Creates the interface in the network namespace of the calling thread. One of that name that a
     * predecessor left behind is replaced.
     *
     * @param name at most 15 characters
     */
    public static ProbeMacvlan create(String name, String lowerInterface, MacAddress address)
            throws IOException {
        removeIfPresent(name);
        ip(
                List.of(
                        "link",
                        "add",
                        "link",
                        lowerInterface,
                        "name",
                        name,
                        "address",
                        address.toString(),
                        "type",
                        "macvlan",
                        "mode",
                        "bridge"));
        // No IPv6 address of its own accord, and no ARP: nothing must be heard of it but questions.
        ip(List.of("link", "set", name, "addrgenmode", "none", "arp", "off", "up"));
        return new ProbeMacvlan(name);
    }

    /** An address for this node's probe, made of its place in the pair. */
    public static MacAddress addressOf(int nodeIndex) {
        return MacAddress.parse(
                String.format(Locale.ROOT, "02:4c:48:70:62:%02x", nodeIndex & 0xff));
    }

    public String name() {
        return name;
    }

    @Override
    public void close() {
        try {
            removeIfPresent(name);
        } catch (IOException e) {
            log.warn("the probe's interface {} stays behind: {}", name, e.getMessage());
        }
    }

    private static void removeIfPresent(String name) throws IOException {
        if (exists(name)) {
            ip(List.of("link", "del", name));
        }
    }

    private static boolean exists(String name) throws IOException {
        return run(List.of("link", "show", "dev", name)).code() == 0;
    }

    private static void ip(List<String> arguments) throws IOException {
        var ended = run(arguments);
        if (ended.code() != 0) {
            throw new IOException(
                    "ip " + String.join(" ", arguments) + ": " + ended.output().strip());
        }
    }

    private record Ended(int code, String output) {}

    private static Ended run(List<String> arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add("ip");
        command.addAll(arguments);
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var out = process.getInputStream()) {
            process.getOutputStream().close();
            var output = new String(out.readNBytes(64 * 1024), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException(command + " did not end within " + LIMIT);
            }
            return new Ended(process.exitValue(), output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + command, e);
        } finally {
            process.destroyForcibly();
        }
    }
}
