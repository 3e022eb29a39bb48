package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Power-off of the primary. */
@Command(
        name = "crash",
        description = "Client-seen outage when the primary loses its power.",
        footer = {
            "",
            "Example:  bench crash --fence-delay 1s --json",
            "          bench crash --arbiter zookeeper --trials 5 --with-leader"
        })
final class CrashBench extends OutageBench {
    private static final double LIMIT_MILLIS = 1000;

    /** Nothing proves the peer silent but time: its serving lease has to run out first (R9). */
    private static final double LIMIT_WITHOUT_FENCE_MILLIS = 3000;

    @Option(
            names = "--with-leader",
            description = "arbiter zookeeper: the ensemble loses its leader with the primary")
    boolean withLeader;

    @Override
    String label() {
        return withLeader ? "crash-with-leader" : "crash";
    }

    @Override
    void prepare(Lab lab, LabNode primary) throws IOException, InterruptedException {
        if (withLeader) {
            lab.ensemble().leadFrom(primary);
            lab.pair().awaitInSync();
        }
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
