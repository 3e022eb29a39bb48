package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNetwork;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * ISC's dhclient on an interface of its own: a client that nobody of us wrote. Its script
 * configures nothing on this machine, it only notes what dhclient was told.
 */
public final class RealClient {
    private static final String CARD = "dhclient0";
    private static final String HARDWARE = "02:c3:00:00:00:01";
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(20);

    private final LabNetwork network;
    private final Path directory;

    /** What dhclient was told: the state in which it asked, and the address. */
    public record Bound(String reason, String address) {}

    public RealClient(LabNetwork network, Path directory) {
        this.network = network;
        this.directory = directory;
    }

    /**
     * Runs dhclient until it has an address. With the lease of an earlier run it asks for that one
     * again (INIT-REBOOT).
     */
    public Bound bind() throws IOException, InterruptedException {
        Files.createDirectories(directory);
        var answer = directory.resolve("bound");
        Files.deleteIfExists(answer);
        var script = directory.resolve("script");
        Files.writeString(script, script(answer));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        var leases = directory.resolve("leases");
        if (!Files.exists(leases)) {
            Files.createFile(leases);
        }
        addCard();
        var builder =
                new ProcessBuilder(
                        network.inside(
                                        LabNode.CLIENT,
                                        Command.of(
                                                "dhclient",
                                                "-4",
                                                "-d",
                                                "-1",
                                                "-sf",
                                                script.toString(),
                                                "-lf",
                                                leases.toString(),
                                                "-pf",
                                                directory.resolve("pid").toString(),
                                                CARD))
                                .arguments());
        var log = directory.resolve("log");
        builder.redirectErrorStream(true);
        builder.redirectOutput(log.toFile());
        var dhclient = builder.start();
        try {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            // It has stored the lease only when it says so: ended before, it would begin anew.
            while (!Files.exists(answer) || !Files.readString(log).contains("bound to ")) {
                if (System.nanoTime() > deadline || !dhclient.isAlive()) {
                    throw new CommandException("dhclient got no address; see " + log);
                }
                Thread.sleep(POLL);
            }
        } finally {
            dhclient.destroyForcibly();
            dhclient.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        }
        var words = Files.readString(answer).strip().split(" ", -1);
        return new Bound(words[0], words[1]);
    }

    private static String script(Path answer) {
        return """
        #!/bin/sh
        case $reason in
          BOUND|REBOOT|RENEW|REBIND)
            echo "$reason $new_ip_address" >%1$s.new && mv %1$s.new %1$s ;;
        esac
        exit 0
        """
                .formatted(answer);
    }

    private void addCard() throws IOException, InterruptedException {
        var present = network.inside(LabNode.CLIENT, Command.of("ip", "link", "show", CARD)).run();
        if (!present.succeeded()) {
            network.inside(
                            LabNode.CLIENT,
                            Command.of("ip", "-batch", "-")
                                    .withInput(
                                            """
                                            link add %1$s link %2$s address %3$s type macvlan mode bridge
                                            link set %1$s up
                                            """
                                                    .formatted(
                                                            CARD,
                                                            Addresses.LAN_INTERFACE,
                                                            HARDWARE)))
                    .check();
        }
    }
}
