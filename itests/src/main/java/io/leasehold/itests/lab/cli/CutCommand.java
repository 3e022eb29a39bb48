package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "cut",
        description = "Cut a link: both ways, its carrier gone, or what one end says only.",
        footer = {"", "Example:  lab cut lan-dhcp1 --from dhcp1"})
final class CutCommand extends LabCommand {
    @Parameters(
            paramLabel = "LINK",
            description = "crossover, lan-dhcp1, lan-dhcp2, lan-client, lan-relay, ...")
    String link = "";

    @Option(
            names = "--from",
            paramLabel = "NODE",
            description = "lose only what this end sends; the carrier stays")
    @Nullable String from;

    @Override
    int run() throws IOException, InterruptedException {
        var cable = Link.of(link);
        var sender = from;
        if (sender == null) {
            lab().cut(cable);
            answer("%s is cut".formatted(link), object("link", link));
        } else {
            lab().cut(cable, LabNode.of(sender));
            answer(
                    "%s loses what %s says".formatted(link, sender),
                    object("link", link, "from", sender));
        }
        return DONE;
    }
}
