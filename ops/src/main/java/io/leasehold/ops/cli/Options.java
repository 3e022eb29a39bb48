package io.leasehold.ops.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command takes. */
final class Options extends HelpOption {
    @Option(names = "--json", description = "Print one JSON object on one line.")
    private boolean json;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            description =
                    "The daemon's control socket. Default: $LEASEHOLD_SOCKET, else"
                            + " /run/leasehold/control.sock.")
    private @Nullable Path socket;

    boolean json() {
        return json;
    }

    Path socket(Console console) {
        return Optional.ofNullable(socket).orElse(console.socket());
    }
}
