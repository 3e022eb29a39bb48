package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.ServerNode;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "kill",
        description =
                "kill -9 the daemon of a server, its keeper, or both; or the witness's member.",
        footer = {"", "Example:  lab kill dhcp1 --keeper"})
final class KillCommand extends LabCommand {
    @Parameters(paramLabel = "NODE", description = "dhcp1, dhcp2 or witness")
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

        @Option(names = "--member", description = "the member of the ensemble")
        boolean member;
    }

    @Override
    int run() throws IOException, InterruptedException {
        int killed =
                node.equals(LabNode.WITNESS.label()) ? killWitness() : killIn(lab().node(node));
        answer(
                "killed %d processes of %s".formatted(killed, node),
                object("node", node, "killed", killed));
        return DONE;
    }

    private int killWitness() throws IOException, InterruptedException {
        if (which.keeper || which.both || which.dhcpd || which.member) {
            throw new IllegalArgumentException("the witness runs a member of the ensemble only");
        }
        return lab().witness().killMember();
    }

    private int killIn(ServerNode server) throws IOException {
        int killed = 0;
        for (var role : roles()) {
            // One that does not run is as dead as it is to be.
            if (!server.processes(role).isEmpty()) {
                killed += server.kill(role);
            }
        }
        return killed;
    }

    private List<Role> roles() {
        if (which.dhcpd) {
            return List.of(Role.DHCPD);
        }
        if (which.member) {
            return List.of(Role.MEMBER);
        }
        if (which.keeper) {
            return List.of(Role.KEEPER);
        }
        // The keeper first: it would start a new daemon.
        return which.both ? List.of(Role.KEEPER, Role.DAEMON) : List.of(Role.DAEMON);
    }
}
