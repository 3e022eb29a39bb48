package io.leasehold.itests.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.itests.lab.Installation;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabLogs;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows, and checks, that leases survive their server. */
@Command(
        name = "demo",
        description = "Two boxes serve DHCP; one of them dies. Nobody loses a lease.",
        mixinStandardHelpOptions = true,
        footer = {"", "Exit status: 0 if nothing was lost, NAKed or given twice, else 1."})
public final class Demo implements Callable<Integer> {
    /** Clients that come right after the crash of the plain server, before the others renew. */
    private static final int NEWCOMERS = 20;

    private static final Duration RECOVERY_LIMIT = Duration.ofSeconds(30);
    private static final Duration SETTLING_LIMIT = Duration.ofSeconds(5);
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--json", description = "the last line is one object with the result")
    boolean json;

    @Option(names = "--keep", description = "leave the lab up, to look around")
    boolean keep;

    @Option(names = "--clients", description = "that hold leases (default: 200)")
    int clientCount = 200;

    @Option(
            names = "--name",
            paramLabel = "LAB",
            converter = LabNameConverter.class,
            description = "the lab to do it in; one of that name is removed (default: demo)")
    LabName name = new LabName("demo");

    @Spec CommandSpec spec;

    private final long startNanos = System.nanoTime();

    /** Clients that ever lost their address. */
    private final Set<String> moved = new HashSet<>();

    private int naks;
    private int duplicates;
    private int missingLeases;

    private Demo() {
        spec = CommandSpec.create();
    }

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** The command, which has not been run yet. */
    static CommandLine commandLine() {
        var commandLine = new CommandLine(new Demo());
        commandLine.setExecutionExceptionHandler((failure, command, _) -> {
            if (failure instanceof CommandException e) {
                command.getErr().println("demo: " + e.getMessage());
                return 1;
            }
            throw failure;
        });
        return commandLine;
    }

    /** A name that no lab can have is a wrong use of the command. */
    private static final class LabNameConverter implements CommandLine.ITypeConverter<LabName> {
        @Override
        public LabName convert(String value) {
            try {
                return new LabName(value);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Lab.down(name);
        try {
            var unshared = crashWithUnsharedLeases();
            Lab.down(name);
            var result = withLeasehold(unshared);
            say("");
            print(result.table());
            print("");
            say(
                    result.isFlawless()
                            ? "nothing was lost, nobody was sent away, no address was given twice"
                            : "THIS IS NOT AS IT SHOULD BE: see the table");
            if (keep) {
                say("the lab stays up: ops/bin/lab --help (with --name %s)".formatted(name));
            }
            if (json) {
                print(JSON.writeValueAsString(result));
            }
            return result.exitStatus();
        } finally {
            if (!keep) {
                Lab.down(name);
            }
        }
    }

    private DemoResult.Unshared crashWithUnsharedLeases() throws IOException, InterruptedException {
        say("for comparison: stock dhcpd on dhcp1; when it dies, only its address moves to dhcp2");
        var lab = Lab.up(name, LabOptions.plain());
        var clients = lab.clients();
        say("  " + clients.acquire(clientCount));
        OutageReport report;
        List<HeldLease> told;
        try (var probe = clients.probe()) {
            lab.node(LabNode.DHCP1).powerOff();
            lab.movePlainServer(LabNode.DHCP2);
            report = probe.finish(RECOVERY_LIMIT);
        }
        told = clients.leases();
        // Somebody new comes before the others renew; that is all it takes.
        clients.acquire(clientCount + NEWCOMERS);
        int given = Clients.duplicateAddresses(clients.leases());
        var renewed = clients.renew(Optional.of(RenewalState.REBINDING));
        var missing =
                LeaseCheck.missing(
                        told, lab.node(LabNode.DHCP2).path("/var/lib/leasehold/dhcpd.leases"));
        var result =
                new DemoResult.Unshared(
                        clientCount,
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
        var lab = Lab.up(name, LabOptions.DEFAULT.withProfile(LabOptions.Profile.FAST));
        try {
            var result = lifeOfThePair(lab, unshared);
            if (!result.isFlawless()) {
                keepLogs(lab);
            }
            return result;
        } catch (IOException e) {
            keepLogs(lab);
            throw e;
        }
    }

    /** What went wrong may not come again for a long time. */
    private void keepLogs(Lab lab) throws IOException, InterruptedException {
        var directory = Installation.home().resolve("itests/target/demo");
        LabLogs.keep(lab.name(), directory);
        say("the logs of both boxes are kept in " + directory);
    }

    private DemoResult lifeOfThePair(Lab lab, DemoResult.Unshared unshared)
            throws IOException, InterruptedException {
        var pair = lab.pair();
        var clients = lab.clients();
        var realClient = lab.realClient();
        pair.awaitInSync();
        var first = pair.awaitServing();
        say("  %s serves, both are in sync".formatted(first.label()));

        var acquired = clients.acquire(clientCount);
        say("  " + acquired);
        duplicates += acquired.duplicateAddresses() + acquired.duplicateServers();
        naks += acquired.naks();
        var original = addresses(clients);
        for (int i = original.size(); i < clientCount; i++) {
            moved.add("never had an address " + i);
        }
        var bound = realClient.bind();
        say("  dhclient has %s".formatted(bound.address()));

        var second = first.peer();
        say("planned takeover: %s hands over to %s".formatted(first.label(), second.label()));
        var planned = outage(clients, () -> takeover(pair, first, second));
        pair.awaitServing(second);
        renewAll(lab, realClient, bound);
        pair.awaitInSync();

        say("power-off of the primary %s under load".formatted(second.label()));
        var crash = outage(clients, () -> lab.node(second).powerOff());
        pair.awaitServing(first);
        renewAll(lab, realClient, bound);
        var explanation = pair.clusterctl(first, "explain").output();

        say("%s returns".formatted(second.label()));
        lab.node(second).powerOn();
        pair.awaitInSync();
        say("  it is in sync again; takeover back to it");
        var back = outage(clients, () -> takeover(pair, first, second));
        pair.awaitServing(second);
        renewAll(lab, realClient, bound);
        pair.awaitInSync();

        boolean identical = compareReplicas(lab);
        for (var node : LabNode.servers()) {
            note(node.label(), LeaseCheck.missingInCopy(lab, node));
        }
        var now = addresses(clients);
        original.forEach((station, address) -> {
            if (!address.equals(now.get(station))) {
                moved.add(station);
            }
        });

        say("");
        say("clusterctl explain, after the crash:");
        print(explanation.stripTrailing());
        return new DemoResult(
                clientCount + 1,
                clientCount + 1 - moved.size(),
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

    private void renewAll(Lab lab, RealClient realClient, RealClient.Bound bound)
            throws IOException, InterruptedException {
        // Before they renew, or the renewal would repair what was lost.
        note("the volume", LeaseCheck.missing(lab));
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

    private void note(String where, List<HeldLease> missing) {
        missingLeases += missing.size();
        for (var lease : missing) {
            say("  MISSING on %s: %s".formatted(where, lease));
        }
    }

    private boolean compareReplicas(Lab lab) throws IOException, InterruptedException {
        // Either copy applies a moment later what its journal has.
        var differences = ReplicaComparison.differencesAfter(lab, SETTLING_LIMIT);
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
        print("[%5.1f s] %s".formatted((System.nanoTime() - startNanos) / 1e9, line));
    }

    private void print(String line) {
        var out = spec.commandLine().getOut();
        out.println(line);
        out.flush();
    }

    /** What happens while the probe asks. */
    @FunctionalInterface
    private interface Event {
        void happen() throws IOException, InterruptedException;
    }
}
