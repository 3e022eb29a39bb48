package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.util.SplittableRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "power-off",
        description =
                "Pull the plug of a server (its cables die first, then it), or of the witness.",
        footer = {"", "Example:  lab power-off dhcp1"})
final class PowerOffCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1, dhcp2 or witness")
    String node = "";

    @Option(
            names = "--lose-unsynced",
            description = "what was not synced on its disk is gone (needs lab up --faulty-disk)")
    boolean loseUnsynced;

    @Option(names = "--seed", description = "decides what is lost (default: by chance)")
    long seed = new SplittableRandom().nextLong();

    @Override
    int run() throws IOException, InterruptedException {
        if (node.equals(LabNode.WITNESS.label())) {
            if (loseUnsynced) {
                throw new IllegalArgumentException(
                        "the witness's disk loses nothing; --lose-unsynced is for dhcp1 and dhcp2");
            }
            lab().witness().powerOff();
            answer("the witness is off", "node", node);
            return DONE;
        }
        if (loseUnsynced) {
            var lost = lab().node(node).powerOffLosingUnsynced(seed);
            answer(
                    "%s is off; of its unsynced blocks %s (--seed %d)".formatted(node, lost, seed),
                    object("node", node, "lost", lost, "seed", seed));
            return DONE;
        }
        var power = lab().node(node).power();
        long micros = power.off() / 1000;
        power.settle();
        answer(
                "%s is off (%.1f ms)".formatted(node, micros / 1000.0),
                object("node", node, "offMicros", micros));
        return DONE;
    }
}
