package io.leasehold.itests.bench;

import io.leasehold.heartbeat.keeper.SupervisionPolicy;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.ServerNode;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.client.RenewalState;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import io.leasehold.itests.lab.process.ProcessTable;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the two processes cost, and how soon they are there. */
@picocli.CommandLine.Command(
        name = "footprint",
        description =
                "Memory, start, restart under a live mount after a kill -9 and as an upgrade orders it, and"
                        + " the status command.",
        footer = {"", "Example:  bench footprint --json"})
final class FootprintBench extends BenchCommand {
    private static final int STATUS_RUNS = 5;

    /** More restarts within it are a loop, and the node is given up. */
    private static final Duration RESTART_WINDOW = SupervisionPolicy.DEFAULT.restartWindow();

    private static final int RESTARTS = 3;
    private static final int LOAD_ROUNDS = 5;
    private static final Duration READY_LIMIT = Duration.ofSeconds(30);
    private static final Duration RECOVERY_LIMIT = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(10);

    private static final String CONTROL_SOCKET = "/run/leasehold/control.sock";

    private static final double RSS_MIB_MAX = 320;
    private static final double START_MILLIS_MAX = 2000;
    private static final double RESTART_MILLIS_MAX = 800;
    private static final double UPGRADE_MILLIS_MAX = 1000;
    private static final double STATUS_MILLIS_MAX = 400;

    @Option(names = "--leases", description = "held by clients (default: 1000)")
    int leases = 1000;

    /**
     * @param restartMillis without an answer, when the primary's daemon is killed
     * @param upgradeMillis the same, when it is told to give way to the build that is installed
     */
    record Figures(
            double rssMiB,
            double startMillis,
            double restartMillis,
            double statusMillis,
            double upgradeMillis) {}

    private final List<String> samples = new ArrayList<>();

    @Override
    int run() throws IOException, InterruptedException {
        var lab = pairLab(LabOptions.DEFAULT.withProfile(LabOptions.Profile.FAST));
        var primary = lab.pair().awaitServing();
        samples.add("what,value");
        say(lab.clients().acquire(leases).toString());
        for (int i = 0; i < LOAD_ROUNDS; i++) {
            say(lab.clients().renew(Optional.of(RenewalState.REBINDING)).toString());
        }
        double rss = Math.max(rssMiB(lab.node(primary)), rssMiB(lab.node(primary.peer())));
        double status = statusMillis(lab, primary);
        double restart =
                silenceMillis(
                        lab, primary, "restartMillis", () -> lab.node(primary).kill(Role.DAEMON));
        say("waiting until the keeper does not count these restarts any more");
        Thread.sleep(RESTART_WINDOW);
        double upgrade =
                silenceMillis(lab, primary, "upgradeMillis", () -> orderRestart(lab, primary));
        double start = startMillis(lab, primary.peer());
        keep("footprint.csv", samples);
        answer(
                new Figures(
                        rounded(rss),
                        rounded(start),
                        rounded(restart),
                        rounded(status),
                        rounded(upgrade)));
        return rss <= RSS_MIB_MAX
                        && start <= START_MILLIS_MAX
                        && restart <= RESTART_MILLIS_MAX
                        && upgrade <= UPGRADE_MILLIS_MAX
                        && status <= STATUS_MILLIS_MAX
                ? 0
                : 1;
    }

    /** The daemon and the keeper of one box. */
    private double rssMiB(ServerNode node) throws IOException {
        long kib = 0;
        for (var role : List.of(Role.DAEMON, Role.KEEPER)) {
            for (long pid : node.processes(role)) {
                long one = ProcessTable.residentKiB(pid);
                sample("rssKiB " + node.label().label() + " " + role, (double) one);
                kib += one;
            }
        }
        return kib / 1024.0;
    }

    private double statusMillis(Lab lab, LabNode node) throws IOException, InterruptedException {
        var millis = new double[STATUS_RUNS];
        for (int i = 0; i < STATUS_RUNS; i++) {
            long startNanos = System.nanoTime();
            lab.pair().clusterctl(node, "status");
            millis[i] = millisSince(startNanos);
            sample("statusMillis", millis[i]);
        }
        return new Percentiles(millis).median();
    }

    /** Ends the daemon, under a live mount. */
    private interface Ending {
        void begin() throws IOException, InterruptedException;
    }

    /** As the last step of an upgrade: the old daemon gives way to what is installed now. */
    private static void orderRestart(Lab lab, LabNode node)
            throws IOException, InterruptedException {
        var result = lab.pair().clusterctl(node, "restart");
        if (result.exitStatus() != 0) {
            throw new CommandException("clusterctl restart: " + result.errors());
        }
    }

    /** The silence that clients notice when the primary's daemon is replaced; the median. */
    private double silenceMillis(Lab lab, LabNode primary, String name, Ending ending)
            throws IOException, InterruptedException {
        var millis = new double[RESTARTS];
        for (int i = 0; i < RESTARTS; i++) {
            try (var probe = lab.clients().probe()) {
                ending.begin();
                var report = probe.finish(RECOVERY_LIMIT);
                if (!report.recovered()) {
                    throw new CommandException("no service after a restart:\n" + report);
                }
                millis[i] = report.gapMillis();
                sample(name, millis[i]);
            }
            if (!lab.pair().awaitServing().equals(primary)) {
                throw new CommandException("a restart of the daemon became a failover");
            }
            lab.pair().awaitInSync();
        }
        return new Percentiles(millis).median();
    }

    /** From the power-on of a box until its daemon answers and the pair is in sync again. */
    private double startMillis(Lab lab, LabNode secondary)
            throws IOException, InterruptedException {
        lab.node(secondary).shutDown();
        lab.node(secondary).powerOn();
        long startNanos = System.nanoTime();
        // To ask with clusterctl until it answers would take the processor that the daemon starts
        // on.
        var socket = lab.node(secondary).path(CONTROL_SOCKET);
        while (!isAnswered(socket)) {
            if (System.nanoTime() - startNanos > READY_LIMIT.toNanos()) {
                throw new CommandException("the daemon does not answer");
            }
            Thread.sleep(POLL);
        }
        double millis = millisSince(startNanos);
        if (lab.pair().status(secondary).isEmpty()) {
            throw new CommandException("the daemon listens, but does not tell its status");
        }
        sample("startMillis", millis);
        lab.pair().awaitInSync();
        sample("inSyncMillis", millisSince(startNanos));
        return millis;
    }

    private static boolean isAnswered(Path socket) {
        try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private void sample(String what, double value) {
        samples.add("%s,%.1f".formatted(what, value));
    }

    private static double millisSince(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e6;
    }
}
