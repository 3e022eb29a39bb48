package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.Request;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A person asserts that a node is without power. */
@Command(
        name = "confirm-fenced",
        description =
                "Assert that NODE is without power and stays so until it boots. The other node may then serve alone. If NODE is in truth alive, two nodes serve and leases are lost: look at the machine, not at the network.",
        footer = {"", "Example:", "  clusterctl confirm-fenced dhcp1"})
final class ConfirmFencedCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "NODE",
            arity = "1",
            description = "The node that you have seen without power.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls.
    private NodeName node;

    @Mixin private final Confirmation confirmation = new Confirmation();

    ConfirmFencedCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.ConfirmFenced(node);
    }

    @Override
    public Integer call() throws IOException {
        return confirmation.isGiven(
                        console,
                        "You assert that " + node + " has no power. A mistake loses leases.",
                        node + " is off")
                ? super.call()
                : ExitCode.USAGE.code();
    }
}
