package io.leasehold.ops.cli;

import io.leasehold.ops.control.FleetView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import picocli.CommandLine.Command;

/** All pairs of one ensemble. */
@Command(
        name = "fleet",
        description = {
            "Show all pairs whose records the same ensemble keeps (arbiter zookeeper).",
            "Exit code 4 if one of them is not well."
        },
        footer = {"", "Example:", "  clusterctl fleet"})
final class FleetCommand extends DaemonCommand {
    private static final String GOOD = "good";

    FleetCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Fleet();
    }

    @Override
    void print(View view) {
        var table = new Table("PAIR", "LEVEL", "PRIMARY", "IN SYNC", "EPOCH", "VERDICT");
        for (var pair : ((FleetView) view).pairs()) {
            table.row(
                    pair.cluster(),
                    pair.level(),
                    pair.primary().orElse("-"),
                    String.join(" ", pair.inSync()),
                    String.valueOf(pair.epoch()),
                    pair.verdict());
        }
        console.out().print(table.print(Console.WIDTH_COLUMNS));
    }

    @Override
    ExitCode exitCode(View view) {
        return ((FleetView) view).pairs().stream().allMatch(pair -> pair.level().equals(GOOD))
                ? ExitCode.DONE
                : ExitCode.DEGRADED;
    }
}
