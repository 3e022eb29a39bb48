package io.leasehold.itests.lab.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "clients",
        description =
                "Let N clients obtain leases, and remember them; one in ten is behind the relay.",
        footer = {"", "Example:  lab clients 200"})
final class ClientsCommand extends LabCommand {
    @Parameters(paramLabel = "N", description = "how many clients shall hold a lease")
    int count;

    @Override
    int run() throws IOException, InterruptedException {
        var summary = lab().clients().acquire(count);
        answer(summary.toString(), summary);
        return summary.isFlawless() ? DONE : FAILED;
    }
}
