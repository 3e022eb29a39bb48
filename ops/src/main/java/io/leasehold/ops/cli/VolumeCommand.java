package io.leasehold.ops.cli;

import picocli.CommandLine.Command;

/** The replicated volume. Its sub-commands do the work. */
@Command(
        name = "volume",
        description = "The replicated volume.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  clusterctl volume verify"})
final class VolumeCommand extends HelpOption {}
