package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;

/** Power-off of the primary. */
@picocli.CommandLine.Command(
        name = "crash",
        description = "Client-seen outage when the primary loses its power.",
        footer = {
            "",
            "Example:  bench crash --fence-delay 1s --json",
            "          bench crash --arbiter zookeeper --trials 5"
        })
final class CrashBench extends OutageBench {
    private static final double LIMIT_MILLIS = 1000;

    /** Nothing proves the peer silent but time: its serving lease has to run out first (R9). */
    private static final double LIMIT_WITHOUT_FENCE_MILLIS = 3000;

    @Override
    String label() {
        return "crash";
    }

    @Override
    double limitMillis() throws CommandException {
        return switch (arbiter) {
            case FENCING -> LIMIT_MILLIS;
            case ZOOKEEPER -> LIMIT_WITHOUT_FENCE_MILLIS;
            case OPERATOR ->
                    throw new CommandException(
                            "with arbiter operator a crash lasts as long as the person takes;"
                                    + " --arbiter fencing or zookeeper");
        };
    }

    @Override
    void move(Lab lab, LabNode primary) throws IOException, InterruptedException {
        lab.node(primary).powerOff();
    }
}
