package io.leasehold.ops.cli;

import io.leasehold.ops.control.BillView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The last resort: a person takes the loss of leases rather than no service. */
@Command(
        name = "promote",
        description = {
            "Make this node primary although acknowledged leases may be missing here. Shows first"
                    + " what may be lost, and a code; nothing is done before the code is given back.",
            "For a planned move say 'takeover'; for a dead peer of a node that is in sync,"
                    + " 'confirm-fenced'."
        },
        footer = {
            "",
            "Example:",
            "  clusterctl promote --force",
            "  clusterctl promote --force --code K7MWQ2"
        })
final class PromoteCommand extends DaemonCommand {
    @Option(
            names = "--force",
            required = true,
            description = "Without it there is nothing to promote: see 'takeover'.")
    @SuppressWarnings("UnusedVariable") // picocli insists that it is given; nothing depends on it.
    private boolean force;

    @Option(
            names = "--code",
            paramLabel = "CODE",
            description = "Of the bill that was shown: do it.")
    private @Nullable String code;

    private boolean billShown;

    PromoteCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.ForcePromotion(Optional.ofNullable(code));
    }

    @Override
    void print(View view) {
        var bill = (BillView) view;
        console.out().println(Text.wrap(bill.sentence(), Console.WIDTH_COLUMNS, ""));
        for (var item : bill.items()) {
            var rule = item.rule().isEmpty() ? "" : " (" + item.rule() + ")";
            console.out()
                    .println(Text.wrap("- " + item.sentence() + rule, Console.WIDTH_COLUMNS, "  "));
            if (!item.change().isEmpty()) {
                console.out()
                        .println(
                                Text.wrap(
                                        "  better: " + item.change(),
                                        Console.WIDTH_COLUMNS,
                                        "    "));
            }
        }
        console.out().println("The code of this bill is " + bill.code() + ".");
        if (!console.interactive()) {
            console.out()
                    .println(
                            "Nothing was done. To take it: clusterctl promote --force --code "
                                    + bill.code());
        }
    }

    @Override
    ExitCode exitCode(View view) {
        billShown = true;
        return ExitCode.REFUSED;
    }

    @Override
    public Integer call() throws IOException {
        var shown = ask();
        if (!billShown || !console.interactive() || options.json()) {
            return shown.code();
        }
        var typed = console.ask("Type the code to make this node primary: ").strip();
        if (typed.isEmpty()) {
            console.err().println("Nothing was done.");
            console.err().flush();
            return shown.code();
        }
        code = typed;
        return ask().code();
    }
}
