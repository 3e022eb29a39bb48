package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.FenceBehaviour;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "fence-device",
        description = "Say how the fence device of a server behaves from now on.",
        footer = {"", "Example:  lab fence-device dhcp1 --fault lie"})
final class FenceDeviceCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Option(
            names = "--fault",
            description = "${COMPLETION-CANDIDATES} (default: none)",
            defaultValue = "none")
    FenceBehaviour.Fault fault = FenceBehaviour.Fault.NONE;

    @Option(
            names = "--delay",
            paramLabel = "DURATION",
            description = "how long an order takes (default: 50ms)",
            defaultValue = "50ms")
    String delay = "50ms";

    @Override
    int run() throws IOException, InterruptedException {
        lab().fenceDevice(
                        LabNode.of(node),
                        new FenceBehaviour(fault, FenceBehaviour.parseDuration(delay)));
        answer(
                "the fence device of %s: fault %s, delay %s".formatted(node, fault.label(), delay),
                object("node", node, "fault", fault.label(), "delay", delay));
        return DONE;
    }
}
