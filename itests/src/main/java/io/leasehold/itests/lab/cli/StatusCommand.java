package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.LabStatus;
import java.io.IOException;
import picocli.CommandLine.Command;

@Command(
        name = "status",
        description = "Show power, processes and cables.",
        footer = {"", "Example:  lab status --json"})
final class StatusCommand extends LabCommand {
    @Override
    int run() throws IOException, InterruptedException {
        var status = lab().status();
        answer(text(status), status);
        return DONE;
    }

    private static String text(LabStatus status) {
        var text = new StringBuilder();
        text.append(
                "lab %s, %d clients with a lease, service on %s%n"
                        .formatted(status.name(), status.clients(), status.vip()));
        status.nodes()
                .forEach((name, node) ->
                        text.append(
                                "%-6s %s%n"
                                        .formatted(
                                                name,
                                                node.on()
                                                        ? "on, boot %s%s, %s%s"
                                                                .formatted(
                                                                        node.bootId(),
                                                                        node.holdsVip()
                                                                                ? ", has the VIP"
                                                                                : "",
                                                                        node.processes(),
                                                                        node.stopped() > 0
                                                                                ? ", %d paused"
                                                                                        .formatted(
                                                                                                node
                                                                                                        .stopped())
                                                                                : "")
                                                        : "off")));
        status.links()
                .forEach((name, link) ->
                        text.append(
                                "%-13s %s carrier %s%n"
                                        .formatted(
                                                name,
                                                link.cut()
                                                        ? "CUT "
                                                        : link.muteSenders().isEmpty()
                                                                ? "ok  "
                                                                : "CUT from " + link.muteSenders(),
                                                link.carrier())));
        return text.toString().stripTrailing();
    }
}
