package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Nothing is monitored or moved. */
@Command(
        name = "maintenance",
        description =
                "While on, nothing is monitored, moved or fenced by itself, on both nodes; what serves goes on serving.",
        footer = {"", "Example:", "  clusterctl maintenance on"})
final class MaintenanceCommand extends DaemonCommand {
    /** Named as they are typed. */
    private enum State {
        on,
        off
    }

    @Parameters(index = "0", paramLabel = "on|off", description = "What it shall be.")
    private State state = State.off;

    MaintenanceCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Maintenance(state == State.on);
    }
}
