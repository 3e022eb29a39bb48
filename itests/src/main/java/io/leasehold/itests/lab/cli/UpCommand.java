package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.power.FenceBehaviour;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "up",
        description = "Bring the lab up, both servers switched on and serving.",
        footer = {"", "Example:  lab up --profile fast --lease-time 600"})
final class UpCommand extends LabCommand {
    @Option(
            names = "--server",
            description = "what the two boxes run: ${COMPLETION-CANDIDATES} (default: leasehold)",
            defaultValue = "leasehold")
    LabOptions.Server server = LabOptions.Server.LEASEHOLD;

    @Mixin PairOptions pair = new PairOptions();

    @Option(names = "--lease-time", paramLabel = "SECONDS", description = "default: 3600")
    int leaseSeconds = LabOptions.DEFAULT.leaseSeconds();

    @Option(
            names = "--pool",
            paramLabel = "N",
            description = "addresses for clients on the LAN (default: 4096)")
    int poolSize = LabOptions.DEFAULT.poolSize();

    @Option(
            names = "--fence-delay",
            paramLabel = "DURATION",
            description = "how long the fence device takes, for example 50ms or 1s",
            defaultValue = "50ms")
    String fenceDelay = "50ms";

    @Option(
            names = "--leases",
            paramLabel = "N",
            description = "leases that are there from the start (default: 0)")
    int seededLeases;

    @Option(
            names = "--faulty-disk",
            description = "disks that can lose unsynced writes, fail, fill up and be slow")
    boolean faultyDisk;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description =
                    "a setting of the pair's configuration, besides or instead of the lab's own; may"
                            + " be given several times")
    List<String> settings = new ArrayList<>();

    @Override
    int run() throws IOException, InterruptedException {
        var options =
                new LabOptions(
                        server,
                        pair.arbiter,
                        pair.profile,
                        leaseSeconds,
                        poolSize,
                        Math.toIntExact(FenceBehaviour.parseDuration(fenceDelay).toMillis()),
                        seededLeases,
                        faultyDisk,
                        settings);
        long startNanos = System.nanoTime();
        var lab = Lab.up(labName(), options);
        long millis = (System.nanoTime() - startNanos) / 1_000_000;
        answer(
                "lab %s is up (%d ms)".formatted(lab.name(), millis),
                object("name", lab.name().value(), "millis", millis, "options", lab.options()));
        return DONE;
    }
}
