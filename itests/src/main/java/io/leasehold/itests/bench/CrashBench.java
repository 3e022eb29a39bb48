package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;

/** Power-off of the primary. */
@picocli.CommandLine.Command(
        name = "crash",
        description = "Client-seen outage when the primary loses its power.",
        footer = {"", "Example:  bench crash --fence-delay 1s --json"})
final class CrashBench extends OutageBench {
    private static final double LIMIT_MILLIS = 1000;

    @Override
    String label() {
        return "crash";
    }

    @Override
    double limitMillis() {
        return LIMIT_MILLIS;
    }

    @Override
    void move(Lab lab, LabNode primary) throws IOException, InterruptedException {
        lab.node(primary).powerOff();
    }
}
