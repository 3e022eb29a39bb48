package io.leasehold.ops.cli;

import io.leasehold.ops.control.Json;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.Request;
import java.time.ZoneId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** This node's history. */
@Command(
        name = "events",
        description =
                "Show what this node saw, decided and did, oldest first. With --json: one object on"
                        + " each line.",
        footer = {"", "Example:", "  clusterctl events --last 50 --follow"})
final class EventsCommand extends DaemonCommand {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-n", "--last"},
            paramLabel = "COUNT",
            defaultValue = "20",
            description = "So many of the newest. Default: ${DEFAULT-VALUE}.")
    private int last;

    @Option(names = "--follow", description = "Go on with those that come, until interrupted.")
    private boolean follow;

    EventsCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        try {
            return new Request.Events(last, follow);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--last: " + e.getMessage());
        }
    }

    @Override
    void showMeanwhile(Reply reply) {
        if (reply instanceof Reply.Event(var event)) {
            var line =
                    options.json() ? Json.of(event) : EventLine.of(event, ZoneId.systemDefault());
            console.out().println(line);
            if (!options.json()) {
                event.causes().forEach(cause -> console.out().println("    because " + cause));
            }
            console.out().flush();
        }
    }
}
