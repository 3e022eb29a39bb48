package io.leasehold.itests.lab.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "power-on",
        description = "Switch a server on, with a new boot id.",
        footer = {"", "Example:  lab power-on dhcp1"})
final class PowerOnCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Override
    int run() throws IOException, InterruptedException {
        lab().node(node).powerOn();
        answer("%s is on".formatted(node), "node", node);
        return DONE;
    }
}
