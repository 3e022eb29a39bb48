package io.leasehold.ops.cli;

import picocli.CommandLine.Command;

/** What resyncs set aside. Its sub-commands do the work. */
@Command(
        name = "branches",
        description =
                "What only one node had when it was made equal to the other one, after a split or a"
                        + " forced promotion. It is kept beside the volume.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  clusterctl branches list"})
final class BranchesCommand extends HelpOption {}
