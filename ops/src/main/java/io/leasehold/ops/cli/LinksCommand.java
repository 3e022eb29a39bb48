package io.leasehold.ops.cli;

import io.leasehold.ops.control.LinksView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import java.util.ArrayList;
import picocli.CommandLine.Command;

/** The heartbeat links. */
@Command(
        name = "links",
        description = "Show the heartbeat links: what was heard, lost and thrown away.",
        footer = {"", "Example:", "  clusterctl links"})
final class LinksCommand extends DaemonCommand {

    LinksCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Links();
    }

    @Override
    void print(View view) {
        var links = (LinksView) view;
        console.out().println("beats of " + links.peer() + " as heard by " + links.node());
        console.out().println();
        console.out().print(StatusPage.links(links.links()));
        console.out().println();
        for (var link : links.links()) {
            var details = new ArrayList<String>();
            details.add(link.kind());
            details.add(link.received() + " beats received");
            details.add("lost " + link.losses() + " times");
            link.rejected().forEach((cause, count) -> details.add(count + " " + cause));
            console.out().println(link.name() + ": " + String.join(", ", details));
        }
    }
}
