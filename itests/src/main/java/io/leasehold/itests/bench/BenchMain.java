package io.leasehold.itests.bench;

import io.leasehold.itests.lab.process.CommandException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code bench} command. */
@Command(
        name = "bench",
        description = "Measures what the project promises; see ops/docs/benchmarks.md.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            CommitBench.class,
            ThroughputBench.class,
            TakeoverBench.class,
            CrashBench.class,
            FootprintBench.class,
            ResyncBench.class,
        },
        footer = {"", "Exit status: 0 if the figures are as they must be, else 1."})
public final class BenchMain {
    BenchMain() {}

    public static void main(String[] arguments) {
        var commandLine = new CommandLine(new BenchMain());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionExceptionHandler((failure, _, _) -> {
            if (failure instanceof CommandException e) {
                System.err.println("bench: " + e.getMessage());
                return 1;
            }
            throw failure;
        });
        System.exit(commandLine.execute(arguments));
    }
}
