package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.Lab;
import java.io.IOException;
import picocli.CommandLine.Command;

@Command(
        name = "down",
        description = "Remove the lab with everything in it, whatever state it is in.",
        footer = {"", "Example:  lab down"})
final class DownCommand extends LabCommand {
    @Override
    int run() throws IOException, InterruptedException {
        Lab.down(labName());
        answer("lab %s is down".formatted(name), "name", name);
        return DONE;
    }
}
