package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import io.leasehold.ops.control.WhyView;
import picocli.CommandLine.Command;

/** Why things are as they are. */
@Command(
        name = "why",
        description = "Say why things are as they are, and what would change them.",
        footer = {"", "Example:", "  clusterctl why"})
final class WhyCommand extends DaemonCommand {

    WhyCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Why();
    }

    @Override
    void print(View view) {
        var why = (WhyView) view;
        console.out().println(Text.wrap(why.verdict(), Console.WIDTH_COLUMNS, ""));
        for (var fact : why.facts()) {
            var rule = fact.rule().isEmpty() ? "" : " (" + fact.rule() + ")";
            console.out()
                    .println(Text.wrap("- " + fact.sentence() + rule, Console.WIDTH_COLUMNS, "  "));
            if (!fact.change().isEmpty()) {
                console.out()
                        .println(
                                Text.wrap(
                                        "  changed by: " + fact.change(),
                                        Console.WIDTH_COLUMNS,
                                        "    "));
            }
        }
    }
}
