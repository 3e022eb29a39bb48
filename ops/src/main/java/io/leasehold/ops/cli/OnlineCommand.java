package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.Request;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Ends a standby. */
@Command(
        name = "online",
        description = "Let NODE serve again after a standby.",
        footer = {"", "Example:", "  clusterctl online dhcp1"})
final class OnlineCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "NODE",
            arity = "0..1",
            description = "Default: this node.")
    private @Nullable NodeName node;

    OnlineCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Online(Optional.ofNullable(node));
    }
}
