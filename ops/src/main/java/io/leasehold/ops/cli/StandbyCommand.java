package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.Request;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Keeps a node from serving. */
@Command(
        name = "standby",
        description = "NODE must not serve; if it does, it hands over first. It stays a replica.",
        footer = {"", "Example:", "  clusterctl standby dhcp1 --for 2h --reason \"new fans\""})
final class StandbyCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "NODE",
            arity = "0..1",
            description = "Default: this node.")
    private @Nullable NodeName node;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Then it goes online again by itself, such as 90min or 2h.")
    private @Nullable Duration limit;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "For the others, and for the history.")
    private String reason = "";

    StandbyCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Standby(Optional.ofNullable(node), Optional.ofNullable(limit), reason);
    }
}
