package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;

/** Planned takeovers. */
@picocli.CommandLine.Command(
        name = "takeover",
        description = "Client-seen outage of planned takeovers.",
        footer = {"", "Example:  bench takeover --leases 10000 --json"})
final class TakeoverBench extends OutageBench {
    private static final double LIMIT_MILLIS = 500;

    @Override
    String label() {
        return "takeover";
    }

    @Override
    double limitMillis() {
        return LIMIT_MILLIS;
    }

    @Override
    void move(Lab lab, LabNode primary) throws IOException, InterruptedException {
        var result = lab.pair().clusterctl(primary, "takeover", primary.peer().label());
        if (!result.succeeded()) {
            throw new CommandException(
                    "clusterctl takeover: " + (result.errors() + result.output()).strip());
        }
    }
}
