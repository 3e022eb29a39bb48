package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.VersionView;
import io.leasehold.ops.control.View;
import java.io.IOException;
import picocli.CommandLine.Command;

/** Which builds run here. */
@Command(
        name = "version",
        description = "Show the versions of this program and of the daemon.",
        footer = {"", "Example:", "  clusterctl version"})
final class VersionCommand extends DaemonCommand {
    VersionCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Version();
    }

    /** This program's version does not depend on a daemon. */
    @Override
    public Integer call() throws IOException {
        if (!options.json()) {
            console.out().println("clusterctl " + Version.current());
            console.out().flush();
        }
        return super.call();
    }

    @Override
    void print(View view) {
        var daemon = (VersionView) view;
        console.out().println("clusterd   " + daemon.version() + " on " + daemon.node());
        console.out()
                .println(
                        "           process "
                                + daemon.processId()
                                + ", up "
                                + Text.duration(daemon.uptimeMillis())
                                + ", Java "
                                + daemon.java()
                                + ", Linux "
                                + daemon.kernel());
    }
}
