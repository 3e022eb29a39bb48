package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Forgets failures. */
@Command(
        name = "cleanup",
        description = "Forget the failures of RESOURCE, or of all, so that it is tried here again.",
        footer = {"", "Example:", "  clusterctl cleanup dhcp"})
final class CleanupCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "RESOURCE",
            arity = "0..1",
            description = "As in status. Default: all.")
    private @Nullable String resource;

    CleanupCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Cleanup(Optional.ofNullable(resource));
    }
}
