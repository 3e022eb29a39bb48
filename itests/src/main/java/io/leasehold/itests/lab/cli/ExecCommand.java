package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Parameters;

@picocli.CommandLine.Command(
        name = "exec",
        description = "Run a command in a node, with this terminal.",
        footer = {"", "Example:  lab exec dhcp1 -- ip address"})
final class ExecCommand extends LabCommand {
    @Parameters(index = "0", paramLabel = "NODE", description = "dhcp1, dhcp2, client, relay, ...")
    String node = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "what to run")
    List<String> command = List.of();

    @Override
    int run() throws IOException, InterruptedException {
        var arguments = lab().in(LabNode.of(node), Command.of(command)).arguments();
        var builder = new ProcessBuilder(arguments).inheritIO();
        builder.environment().put(LabDirectory.ENVIRONMENT_MARK, name);
        int status = builder.start().waitFor();
        if (json) {
            answer("", "exitStatus", status);
        }
        return status;
    }
}
