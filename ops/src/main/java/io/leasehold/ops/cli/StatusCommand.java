package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.StatusView;
import io.leasehold.ops.control.View;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How things are. */
@Command(
        name = "status",
        description =
                "Show how things are, the verdict first. Exit code 4 if a crash now would stop DHCP.",
        footer = {
            "",
            "Example:",
            "  clusterctl status --watch",
            "  clusterctl status --json | jq .verdict"
        })
final class StatusCommand extends DaemonCommand {
    static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);

    @Option(names = "--watch", description = "Show it again every second, until interrupted.")
    private boolean watch;

    StatusCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Status();
    }

    @Override
    public Integer call() throws IOException {
        var code = ask();
        while (watch && console.pause().await(WATCH_INTERVAL)) {
            code = ask();
        }
        return code.code();
    }

    @Override
    void print(View view) {
        if (watch && console.colour()) {
            console.out().print(Colour.CLEAR_SCREEN);
        }
        console.out().print(new StatusPage(console).print((StatusView) view));
        if (watch && !console.colour()) {
            console.out().println("-".repeat(Console.WIDTH_COLUMNS));
        }
    }

    @Override
    ExitCode exitCode(View view) {
        return ((StatusView) view).level() == StatusView.Level.GOOD
                ? ExitCode.DONE
                : ExitCode.DEGRADED;
    }
}
