package io.leasehold.ops.cli;

import io.leasehold.ops.control.ConfigView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import picocli.CommandLine.Command;

/** The configuration in force. */
@Command(
        name = "show",
        description = "Show the configuration in force on this node, defaults included.",
        footer = {"", "Example:", "  clusterctl config show"})
final class ConfigShowCommand extends DaemonCommand {

    ConfigShowCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.ConfigShow();
    }

    @Override
    void print(View view) {
        var config = (ConfigView) view;
        console.out().println("# " + config.file());
        for (var setting : config.settings()) {
            console.out()
                    .println(
                            setting.key()
                                    + " = "
                                    + setting.value()
                                    + (setting.source().isPresent() ? "" : "   # default"));
        }
    }
}
