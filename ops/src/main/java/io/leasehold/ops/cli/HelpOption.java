package io.leasehold.ops.cli;

import picocli.CommandLine.Option;

/** What every command and every group of commands takes. */
class HelpOption {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it.
    private boolean help;
}
