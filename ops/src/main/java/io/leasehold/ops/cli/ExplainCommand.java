package io.leasehold.ops.cli;

import io.leasehold.ops.control.ExplainView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import picocli.CommandLine.Command;

/** The last failover or takeover as one timeline. */
@Command(
        name = "explain",
        description =
                "Tell the last failover or takeover as one timeline of both nodes: what was seen, by which rule what was done, and how long it took, down to the first DHCP answer.",
        footer = {"", "Example:", "  clusterctl explain"})
final class ExplainCommand extends DaemonCommand {

    ExplainCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Explain();
    }

    @Override
    void print(View view) {
        var explain = (ExplainView) view;
        console.out()
                .println(
                        Text.wrap(
                                explain.title()
                                        + " ("
                                        + Text.duration(explain.durationMillis())
                                        + ")",
                                Console.WIDTH_COLUMNS,
                                ""));
        console.out().println();
        var table = new Table("AFTER", "NODE", "EVENT", "");
        for (var step : explain.steps()) {
            var event = step.event();
            table.row(
                    "+" + Text.duration(step.offsetMillis()),
                    event.node(),
                    event.event(),
                    EventLine.text(event));
            for (var cause : event.causes()) {
                table.row("", "", "", "because " + cause);
            }
        }
        console.out().print(table.print(Console.WIDTH_COLUMNS));
        for (var remark : explain.remarks()) {
            console.out().println(Text.wrap("! " + remark, Console.WIDTH_COLUMNS, "  "));
        }
    }
}
