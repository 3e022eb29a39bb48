package io.leasehold.ops.cli;

import picocli.CommandLine.Command;

/** The DHCP server. Its sub-commands do the work. */
@Command(
        name = "dhcp",
        description = "The DHCP server.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  clusterctl dhcp reload"})
final class DhcpCommand extends HelpOption {}
