package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import picocli.CommandLine.Command;

/** Lets the DHCP server use its edited configuration. */
@Command(
        name = "reload",
        description =
                "Check the DHCP server's configuration on the volume and let the server use it. A bad file is refused with file and line, and the old one stays in force.",
        footer = {"", "Example:", "  clusterctl dhcp reload"})
final class DhcpReloadCommand extends DaemonCommand {

    DhcpReloadCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.DhcpReload();
    }
}
