package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.ServerNode.Role;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pause",
        description = "Let a server stand still: everything in it, or the daemon only.",
        footer = {"", "Example:  lab pause dhcp1 --daemon"})
final class PauseCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Option(names = "--daemon", description = "clusterd; dhcpd goes on")
    boolean daemon;

    @Option(names = "--keeper", description = "the keeper; with --daemon all of our processes")
    boolean keeper;

    @Override
    int run() throws IOException, InterruptedException {
        var server = lab().node(node);
        int paused = 0;
        if (!daemon && !keeper) {
            paused = server.pause();
        }
        if (keeper) {
            paused += server.pause(Role.KEEPER);
        }
        if (daemon) {
            paused += server.pause(Role.DAEMON);
        }
        answer(
                "paused %d processes of %s".formatted(paused, node),
                object("node", node, "paused", paused));
        return DONE;
    }
}
