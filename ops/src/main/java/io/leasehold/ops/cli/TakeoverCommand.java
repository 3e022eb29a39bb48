package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.Request;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Moves the service to the other node. */
@Command(
        name = "takeover",
        description =
                "Move the service to NODE, or to the node that does not serve. Nothing is moved unless the takeover would lose nothing; if the new node cannot start, the old one goes on.",
        footer = {"", "Example:", "  clusterctl takeover dhcp2"})
final class TakeoverCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "NODE",
            arity = "0..1",
            description = "Default: the node that does not serve.")
    private @Nullable NodeName node;

    TakeoverCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Takeover(Optional.ofNullable(node));
    }
}
