package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "power-on",
        description = "Switch a server on, with a new boot id; or the witness.",
        footer = {"", "Example:  lab power-on dhcp1"})
final class PowerOnCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1, dhcp2 or witness")
    String node = "";

    @Override
    int run() throws IOException, InterruptedException {
        if (node.equals(LabNode.WITNESS.label())) {
            lab().witness().powerOn();
        } else {
            lab().node(node).powerOn();
        }
        answer("%s is on".formatted(node), "node", node);
        return DONE;
    }
}
