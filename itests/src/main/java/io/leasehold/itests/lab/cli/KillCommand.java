package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.ServerNode.Role;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "kill",
        description = "kill -9 the daemon of a server, its keeper, or both.",
        footer = {"", "Example:  lab kill dhcp1 --keeper"})
final class KillCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @ArgGroup Which which = new Which();

    /** At most one of them. */
    static final class Which {
        @Option(names = "--keeper", description = "the keeper instead of the daemon")
        boolean keeper;

        @Option(names = "--both", description = "the daemon and the keeper")
        boolean both;

        @Option(names = "--dhcpd", description = "the DHCP server")
        boolean dhcpd;
    }

    @Override
    int run() throws IOException, InterruptedException {
        var server = lab().node(node);
        int killed = 0;
        for (var role : roles()) {
            // One that does not run is as dead as it is to be.
            if (!server.processes(role).isEmpty()) {
                killed += server.kill(role);
            }
        }
        answer(
                "killed %d processes of %s".formatted(killed, node),
                object("node", node, "killed", killed));
        return DONE;
    }

    private List<Role> roles() {
        if (which.dhcpd) {
            return List.of(Role.DHCPD);
        }
        if (which.keeper) {
            return List.of(Role.KEEPER);
        }
        // The keeper first: it would start a new daemon.
        return which.both ? List.of(Role.KEEPER, Role.DAEMON) : List.of(Role.DAEMON);
    }
}
