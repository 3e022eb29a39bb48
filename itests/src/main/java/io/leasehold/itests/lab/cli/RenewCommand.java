package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.client.RenewalState;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "renew",
        description = "Let every client ask for its lease again, as the age of the lease demands.",
        footer = {"", "Example:  lab renew --as rebinding"})
final class RenewCommand extends LabCommand {
    @Option(
            names = "--as",
            paramLabel = "STATE",
            description = "renewing, rebinding or init-reboot, whatever the age")
    @Nullable String state;

    @Override
    int run() throws IOException, InterruptedException {
        var summary = lab().clients().renew(Optional.ofNullable(state).map(RenewalState::of));
        answer(summary.toString(), summary);
        return summary.isFlawless() ? DONE : FAILED;
    }
}
