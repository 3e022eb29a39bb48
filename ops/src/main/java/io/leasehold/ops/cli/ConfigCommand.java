package io.leasehold.ops.cli;

import picocli.CommandLine.Command;

/** The configuration file. Its sub-commands do the work. */
@Command(
        name = "config",
        description = "The configuration file.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  clusterctl config check /etc/leasehold/leasehold.conf"})
final class ConfigCommand extends HelpOption {}
