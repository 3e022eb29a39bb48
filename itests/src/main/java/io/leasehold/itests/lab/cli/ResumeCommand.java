package io.leasehold.itests.lab.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "resume",
        description = "Let a paused server go on.",
        footer = {"", "Example:  lab resume dhcp1"})
final class ResumeCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Override
    int run() throws IOException, InterruptedException {
        int resumed = lab().node(node).resume();
        answer("%s goes on".formatted(node), object("node", node, "resumed", resumed));
        return DONE;
    }
}
