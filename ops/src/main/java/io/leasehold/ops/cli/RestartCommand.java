package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import picocli.CommandLine.Command;

/** Ends this node's daemon, so that its keeper starts what is installed now. */
@Command(
        name = "restart",
        description =
                "End this node's daemon without a hand-over; its keeper starts it again at once, from"
                        + " what is installed now. DHCP is silent until then. This is how a daemon is"
                        + " upgraded.",
        footer = {"", "Example:", "  clusterctl restart && clusterctl version"})
final class RestartCommand extends DaemonCommand {

    RestartCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Restart();
    }
}
