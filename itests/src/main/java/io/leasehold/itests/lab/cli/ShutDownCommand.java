package io.leasehold.itests.lab.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "shutdown",
        description = "Shut a server down in order: SIGTERM, so that it hands over, then off.",
        footer = {"", "Example:  lab shutdown dhcp1"})
final class ShutDownCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Override
    int run() throws IOException, InterruptedException {
        lab().node(node).shutDown();
        answer("%s is shut down".formatted(node), "node", node);
        return DONE;
    }
}
