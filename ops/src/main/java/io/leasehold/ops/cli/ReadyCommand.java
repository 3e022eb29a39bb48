package io.leasehold.ops.cli;

import io.leasehold.ops.control.ReadyView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import picocli.CommandLine.Command;

/** Whether a takeover now would succeed and lose nothing. */
@Command(
        name = "ready",
        description =
                "Say whether a takeover now would succeed and lose nothing. Exit code 4 if not.",
        footer = {"", "Example:", "  clusterctl ready && clusterctl takeover"})
final class ReadyCommand extends DaemonCommand {

    ReadyCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Ready();
    }

    @Override
    void print(View view) {
        var ready = (ReadyView) view;
        var colour = ready.ready() ? Colour.GREEN : Colour.RED;
        console.out()
                .println(
                        colour.paint(
                                Text.wrap(ready.sentence(), Console.WIDTH_COLUMNS, ""), console));
        console.out().println();
        var table = new Table("", "CHECK", "RULE", "");
        for (var check : ready.checks()) {
            table.row(check.ok() ? "ok" : "NO", check.name(), check.rule(), check.sentence());
        }
        console.out().print(table.print(Console.WIDTH_COLUMNS));
    }

    @Override
    ExitCode exitCode(View view) {
        return ((ReadyView) view).ready() ? ExitCode.DONE : ExitCode.DEGRADED;
    }
}
