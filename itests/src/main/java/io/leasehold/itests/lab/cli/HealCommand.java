package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.network.Link;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "heal",
        description = "Make a cut link whole.",
        footer = {"", "Example:  lab heal crossover"})
final class HealCommand extends LabCommand {
    @Parameters(paramLabel = "LINK", description = "as for `lab cut`")
    String link = "";

    @Override
    int run() throws IOException, InterruptedException {
        lab().heal(Link.of(link));
        answer("%s is whole".formatted(link), "link", link);
        return DONE;
    }
}
