package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.Request;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Powers a node off. */
@Command(
        name = "fence",
        description =
                "Power NODE off, now, by its fence devices. If it serves, the service ends there and the other node takes over.",
        footer = {"", "Example:", "  clusterctl fence dhcp2"})
final class FenceCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "NODE",
            arity = "1",
            description = "The node to power off.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls.
    private NodeName node;

    @Mixin private final Confirmation confirmation = new Confirmation();

    FenceCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Fence(node);
    }

    @Override
    public Integer call() throws IOException {
        return confirmation.isGiven(console, "This powers " + node + " off.", "fence " + node)
                ? super.call()
                : ExitCode.USAGE.code();
    }
}
