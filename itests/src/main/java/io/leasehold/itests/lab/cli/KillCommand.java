package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.ServerNode.Role;
import java.io.IOException;
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
        if (which.dhcpd) {
            killed += server.kill(Role.DHCPD);
        } else {
            // The keeper first: it would start a new daemon.
            if (which.keeper || which.both) {
                killed += server.kill(Role.KEEPER);
            }
            if (!which.keeper && (!which.both || !server.processes(Role.DAEMON).isEmpty())) {
                killed += server.kill(Role.DAEMON);
            }
        }
        answer(
                "killed %d processes of %s".formatted(killed, node),
                object("node", node, "killed", killed));
        return DONE;
    }
}
