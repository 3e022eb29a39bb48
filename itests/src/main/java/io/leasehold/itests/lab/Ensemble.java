package io.leasehold.itests.lab;

import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The three members of a lab with arbiter zookeeper, and which of them leads. */
public final class Ensemble {
    /** The default of {@code zookeeper.members.NAME.peer-port}. */
    private static final int PEER_PORT = 2888;

    private static final List<LabNode> MEMBERS =
            List.of(LabNode.DHCP1, LabNode.DHCP2, LabNode.WITNESS);

    /** An election takes less than a second; a member starts within two. */
    private static final Duration ELECTION_LIMIT = Duration.ofSeconds(30);

    private static final int ATTEMPTS = 3;

    private final Lab lab;

    Ensemble(Lab lab) {
        this.lab = lab;
    }

    /**
     * Who leads: the one that listens for followers. Empty during an election, and while one that
     * has lost its followers has not noticed yet.
     */
    public Optional<LabNode> leader() throws IOException, InterruptedException {
        Optional<LabNode> leader = Optional.empty();
        for (var member : MEMBERS) {
            if (isOn(member) && listensForFollowers(member)) {
                if (leader.isPresent()) {
                    return Optional.empty();
                }
                leader = Optional.of(member);
            }
        }
        return leader;
    }

    private boolean isOn(LabNode member) throws IOException, InterruptedException {
        return member.isServer() ? lab.node(member).isOn() : lab.witness().isOn();
    }

    private boolean listensForFollowers(LabNode member) throws IOException, InterruptedException {
        return !lab.in(member, Command.of("ss", "-Hltn", "sport", "=", ":" + PEER_PORT))
                .run()
                .output()
                .isBlank();
    }

    /**
     * Makes the member of a box lead; all three are there afterwards.
     *
     * <p>Of members that know the same, the one with the highest number leads, which is the
     * witness. What it misses while it is off (the epoch of an election) makes it vote for a box.
     */
    public void leadFrom(LabNode server) throws IOException, InterruptedException {
        if (lab.options().arbiter() != LabOptions.Arbiter.ZOOKEEPER) {
            throw new CommandException("this lab has no ensemble: --arbiter zookeeper makes one");
        }
        for (int attempt = 1; ; attempt++) {
            try {
                elect(server);
                return;
            } catch (CommandException e) {
                // An election goes its own way on a machine with more work than processors.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
                lab.witness().powerOn();
            }
        }
    }

    private void elect(LabNode server) throws IOException, InterruptedException {
        var before = awaitLeader();
        if (before == server) {
            return;
        }
        lab.witness().powerOff();
        var other = server.peer();
        if (before == other) {
            // There was no election that the witness missed.
            lab.node(other).kill(Role.MEMBER);
        }
        var elected = awaitLeader();
        if (elected == other) {
            // Asked again without that one: the witness knows less, so it is the box's turn.
            lab.node(other).pause(Role.MEMBER);
            try {
                lab.witness().powerOn();
                awaitLeader(server, elected);
            } finally {
                lab.node(other).resume();
            }
        }
        lab.witness().powerOn();
        if (awaitLeader() != server) {
            throw new CommandException(
                    "the member of %s was to lead the ensemble, but %s does"
                            .formatted(server.label(), awaitLeader().label()));
        }
    }

    private LabNode awaitLeader() throws IOException, InterruptedException {
        Lab.await("a leader of the ensemble", ELECTION_LIMIT, () -> leader().isPresent());
        return leader().orElseThrow(
                        () -> new CommandException("the ensemble lost its leader again"));
    }

    /** The stopped one may go on listening without leading anybody. */
    private void awaitLeader(LabNode wanted, LabNode stopped)
            throws IOException, InterruptedException {
        Lab.await(
                "the member of %s to lead beside the one of %s that stands still"
                        .formatted(wanted.label(), stopped.label()),
                ELECTION_LIMIT,
                () -> listensForFollowers(wanted));
    }
}
