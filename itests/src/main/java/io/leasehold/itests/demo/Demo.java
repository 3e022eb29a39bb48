package io.leasehold.itests.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.LeaseCheck;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ReplicaComparison;
import io.leasehold.itests.lab.client.Clients;
import io.leasehold.itests.lab.client.HeldLease;
import io.leasehold.itests.lab.client.OutageReport;
import io.leasehold.itests.lab.client.RealClient;
import io.leasehold.itests.lab.client.RenewSummary;
import io.leasehold.itests.lab.client.RenewalState;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows, and checks, that leases survive their server. */
@Command(
        name = "demo",
        description = "Two boxes serve DHCP; one of them dies. Nobody loses a lease.",
        mixinStandardHelpOptions = true,
        footer = {"", "Exit status: 0 if nothing was lost, NAKed or given twice, else 1."})
public final class Demo implements Callable<Integer> {
    private static final LabName LAB = new LabName("demo");
    private static final int CLIENTS = 200;

    /** Clients that come right after the crash of the plain server, before the others renew. */
    private static final int NEWCOMERS = 20;

    private static final Duration RECOVERY_LIMIT = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--json", description = "the last line is one object with the result")
    boolean json;

    @Option(names = "--keep", description = "leave the lab up, to look around")
    boolean keep;

    private final long startNanos = System.nanoTime();

    /** Clients that ever lost their address. */
    private final Set<String> moved = new HashSet<>();

    private int naks;
    private int duplicates;
    private int missingLeases;

    Demo() {}

    public static void main(String[] arguments) {
        var commandLine = new CommandLine(new Demo());
        commandLine.setExecutionExceptionHandler((failure, _, _) -> {
            if (failure instanceof CommandException e) {
                System.err.println("demo: " + e.getMessage());
                return 1;
            }
            throw failure;
        });
        System.exit(commandLine.execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Lab.down(LAB);
        try {
            var unshared = crashWithUnsharedLeases();
            Lab.down(LAB);
            var result = withLeasehold(unshared);
            say("");
            System.out.println(result.table());
            System.out.println();
            say(
                    result.isFlawless()
                            ? "nothing was lost, nobody was sent away, no address was given twice"
                            : "THIS IS NOT AS IT SHOULD BE: see the table");
            if (json) {
                System.out.println(JSON.writeValueAsString(result));
            }
            return result.isFlawless() ? 0 : 1;
        } finally {
            if (keep) {
                say("the lab stays up: ops/bin/lab --help (with --name %s)".formatted(LAB));
            } else {
                Lab.down(LAB);
            }
        }
    }

    private DemoResult.Unshared crashWithUnsharedLeases() throws IOException, InterruptedException {
        say("for comparison: stock dhcpd on dhcp1; when it dies, only its address moves to dhcp2");
        var lab = Lab.up(LAB, LabOptions.plain());
        var clients = lab.clients();
        say("  " + clients.acquire(CLIENTS));
        OutageReport report;
        List<HeldLease> told;
        try (var probe = clients.probe()) {
            lab.node(LabNode.DHCP1).powerOff();
            lab.movePlainServer(LabNode.DHCP2);
            report = probe.finish(RECOVERY_LIMIT);
        }
        told = clients.leases();
        // Somebody new comes before the others renew; that is all it takes.
        clients.acquire(CLIENTS + NEWCOMERS);
        int given = Clients.duplicateAddresses(clients.leases());
        var renewed = clients.renew(Optional.of(RenewalState.REBINDING));
        var missing =
                LeaseCheck.missing(
                        told, lab.node(LabNode.DHCP2).path("/var/lib/leasehold/dhcpd.leases"));
        var result =
                new DemoResult.Unshared(
                        CLIENTS,
                        NEWCOMERS,
                        Math.max(0, renewed.sameAddress() - NEWCOMERS),
                        renewed.naks() + report.naks(),
                        given,
                        missing.size(),
                        report.gapMillis());
        say(
                "  dhcp1 died: %d clients were told NAK, %d addresses were given twice"
                        .formatted(result.naks(), result.duplicates()));
        return result;
    }

    private DemoResult withLeasehold(DemoResult.Unshared unshared)
            throws IOException, InterruptedException {
        say("two boxes with Leasehold: dhcp1 and dhcp2, one dhcpd on a replicated volume");
        var lab = Lab.up(LAB, LabOptions.DEFAULT.withProfile(LabOptions.Profile.FAST));
        var pair = lab.pair();
        var clients = lab.clients();
        var realClient = new RealClient(lab.network(), lab.directory().path().resolve("dhclient"));
        pair.awaitInSync();
        var first = pair.awaitServing();
        say("  %s serves, both are in sync".formatted(first.label()));

        var acquired = clients.acquire(CLIENTS);
        say("  " + acquired);
        duplicates += acquired.duplicateAddresses() + acquired.duplicateServers();
        naks += acquired.naks();
        var original = addresses(clients);
        var bound = realClient.bind();
        say("  dhclient has %s".formatted(bound.address()));

        var second = first.peer();
        say("planned takeover: %s hands over to %s".formatted(first.label(), second.label()));
        var planned = outage(clients, () -> takeover(pair, first, second));
        pair.awaitServing(second);
        renewAll(lab, second, realClient, bound);
        pair.awaitInSync();

        say("power-off of the primary %s under load".formatted(second.label()));
        var crash = outage(clients, () -> lab.node(second).powerOff());
        pair.awaitServing(first);
        renewAll(lab, first, realClient, bound);
        var explanation = pair.clusterctl(first, "explain").output();

        say("%s returns".formatted(second.label()));
        lab.node(second).powerOn();
        pair.awaitInSync();
        say("  it is in sync again; takeover back to it");
        var back = outage(clients, () -> takeover(pair, first, second));
        pair.awaitServing(second);
        renewAll(lab, second, realClient, bound);
        pair.awaitInSync();

        boolean identical = compareReplicas(lab);
        compareLeases(lab, LabNode.DHCP1);
        compareLeases(lab, LabNode.DHCP2);
        addresses(clients)
                .forEach((station, address) -> {
                    if (!address.equals(original.get(station))) {
                        moved.add(station);
                    }
                });

        say("");
        say("clusterctl explain, after the crash:");
        System.out.println(explanation.stripTrailing());
        return new DemoResult(
                CLIENTS + 1,
                CLIENTS + 1 - moved.size(),
                naks,
                duplicates,
                missingLeases,
                identical,
                planned.gapMillis(),
                crash.gapMillis(),
                back.gapMillis(),
                unshared);
    }

    private static void takeover(Pair pair, LabNode from, LabNode to)
            throws IOException, InterruptedException {
        var result = pair.clusterctl(from, "takeover", to.label());
        if (!result.succeeded()) {
            throw new CommandException(
                    "clusterctl takeover answered status %d: %s"
                            .formatted(
                                    result.exitStatus(),
                                    (result.errors() + result.output()).strip()));
        }
    }

    private OutageReport outage(Clients clients, Event event)
            throws IOException, InterruptedException {
        OutageReport report;
        try (var probe = clients.probe()) {
            event.happen();
            report = probe.finish(RECOVERY_LIMIT);
        }
        naks += report.naks();
        duplicates += report.duplicateServers();
        say("  nobody answered for %.0f ms".formatted(report.gapMillis()));
        if (!report.recovered()) {
            throw new CommandException("the service did not come back:\n" + report);
        }
        return report;
    }

    private void renewAll(Lab lab, LabNode primary, RealClient realClient, RealClient.Bound bound)
            throws IOException, InterruptedException {
        // Before they renew, or the renewal would repair what was lost.
        compareLeases(lab, primary);
        note(lab.clients().renew(Optional.empty()));
        note(lab.clients().renew(Optional.of(RenewalState.INIT_REBOOT)));
        var again = realClient.bind();
        if (!again.equals(new RealClient.Bound("REBOOT", bound.address()))) {
            moved.add("dhclient");
            say("  dhclient had %s and has %s now".formatted(bound, again));
        }
    }

    private void note(RenewSummary summary) {
        naks += summary.naks();
        duplicates +=
                summary.duplicateAddresses()
                        + summary.duplicateServers()
                        + summary.foreignServers();
        say("  " + summary);
        if (summary.noAnswer() > 0) {
            // They still believe in their address, but nobody confirmed it.
            for (int i = 0; i < summary.noAnswer(); i++) {
                moved.add("no answer " + i);
            }
        }
    }

    private void compareLeases(Lab lab, LabNode node) throws IOException {
        var file = lab.node(node).path(Pair.VOLUME_DIRECTORY + "/tree/dhcpd.leases");
        var missing = LeaseCheck.missing(lab.clients().leases(), file);
        missingLeases += missing.size();
        for (var lease : missing) {
            say("  MISSING on %s: %s".formatted(node.label(), lease));
        }
    }

    private boolean compareReplicas(Lab lab) throws IOException, InterruptedException {
        // The secondary applies what it has acknowledged a moment later.
        var differences = ReplicaComparison.differences(lab);
        long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (!differences.isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(Duration.ofMillis(100));
            differences = ReplicaComparison.differences(lab);
        }
        differences.forEach(difference -> say("  DIFFERENT: " + difference));
        if (differences.isEmpty()) {
            say("both replicas are identical, byte for byte");
        }
        return differences.isEmpty();
    }

    private static Map<String, String> addresses(Clients clients) throws IOException {
        return clients.leases().stream()
                .collect(
                        Collectors.toMap(
                                lease -> lease.station().hardwareText(), HeldLease::address));
    }

    private void say(String line) {
        System.out.printf("[%5.1f s] %s%n", (System.nanoTime() - startNanos) / 1e9, line);
    }

    /** What happens while the probe asks. */
    @FunctionalInterface
    private interface Event {
        void happen() throws IOException, InterruptedException;
    }
}
