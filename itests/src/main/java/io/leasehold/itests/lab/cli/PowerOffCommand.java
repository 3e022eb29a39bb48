package io.leasehold.itests.lab.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "power-off",
        description = "Pull the plug of a server: its cables die first, then it.",
        footer = {"", "Example:  lab power-off dhcp1"})
final class PowerOffCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Override
    int run() throws IOException, InterruptedException {
        var power = lab().node(node).power();
        long micros = power.off() / 1000;
        power.settle();
        answer(
                "%s is off (%.1f ms)".formatted(node, micros / 1000.0),
                object("node", node, "offMicros", micros));
        return DONE;
    }
}
