package io.leasehold.itests.lab;

import io.leasehold.itests.lab.client.OutageReport;
import io.leasehold.itests.lab.client.RenewalState;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The questions that everything done to a pair ends with: is it well again, was a lease lost, was
 * anybody sent away, are both copies the same? Each answers with a sentence for whatever is wrong.
 *
 * <p>Ask for missing leases before the clients renew: a renewal repairs what was lost.
 */
public final class Inspection {
    private static final Duration POLL = Duration.ofMillis(200);

    private final Lab lab;
    private final Duration limit;

    /**
     * Questions to that pair.
     *
     * @param limit how long it may take to become well
     */
    public Inspection(Lab lab, Duration limit) {
        this.lab = lab;
        this.limit = limit;
    }

    /** What the clients met while something happened to the pair. */
    public static List<String> problemsOf(OutageReport report) {
        var problems = new ArrayList<String>();
        if (!report.recovered()) {
            problems.add("the service did not come back: " + oneLine(report.toString()));
        }
        if (report.naks() > 0) {
            problems.add("%d NAKs for valid leases".formatted(report.naks()));
        }
        if (report.duplicateServers() > 0) {
            problems.add(
                    "%d questions were answered by both boxes"
                            .formatted(report.duplicateServers()));
        }
        return problems;
    }

    /** Acknowledged leases that the volume of the serving node lacks. */
    public List<String> missingLeases() throws IOException {
        return LeaseCheck.missing(lab).stream()
                .map(lease -> "not on the volume: " + lease)
                .toList();
    }

    /** The same of each box's own copy, which may lag for a moment behind its journal. */
    public List<String> missingInCopies() throws IOException {
        var problems = new ArrayList<String>();
        for (var node : LabNode.servers()) {
            LeaseCheck.missingInCopy(lab, node)
                    .forEach(lease ->
                            problems.add("not in the copy of " + node.label() + ": " + lease));
        }
        return problems;
    }

    /** Every client asks again, as the age of its lease demands and as after its own restart. */
    public List<String> refusedClients() throws IOException, InterruptedException {
        var problems = new ArrayList<String>();
        for (var state : List.of(Optional.<RenewalState>empty(), initReboot())) {
            var renewed = lab.clients().renew(state);
            if (!renewed.isFlawless()) {
                problems.add("clients that ask again: " + renewed);
            }
        }
        return problems;
    }

    private static Optional<RenewalState> initReboot() {
        return Optional.of(RenewalState.INIT_REBOOT);
    }

    /**
     * What differs between the mounted volume and the two copies, when it still does at the end.
     */
    public List<String> differences() throws IOException, InterruptedException {
        return ReplicaComparison.differencesAfter(lab, limit);
    }

    /**
     * What keeps the pair from being as it should be: one node serves, both say that both are in
     * sync, and a takeover would be accepted. Empty if it is.
     */
    public Optional<String> ailment() throws InterruptedException {
        try {
            return look();
        } catch (IOException e) {
            // A box that is switched on or off just now cannot be asked; that is no answer yet.
            return Optional.of(e.toString());
        }
    }

    private Optional<String> look() throws IOException, InterruptedException {
        var serving = lab.pair().serving();
        if (serving.isEmpty()) {
            return Optional.of("nobody serves");
        }
        for (var node : LabNode.servers()) {
            var status = lab.pair().status(node);
            if (status.isEmpty()) {
                return Optional.of("the daemon of " + node.label() + " cannot be asked");
            }
            var inSync = new TreeSet<String>();
            status.get().path("inSync").forEach(name -> inSync.add(name.asText()));
            var primary = status.get().path("primary").asText();
            if (inSync.size() != 2 || !primary.equals(serving.get().label())) {
                return Optional.of(
                        "%s serves; %s says that the primary is %s and in sync are %s: %s"
                                .formatted(
                                        serving.get().label(),
                                        node.label(),
                                        primary,
                                        inSync,
                                        status.get().path("verdict").asText()));
            }
        }
        var ready = lab.pair().clusterctl(serving.get(), "ready");
        return ready.succeeded()
                ? Optional.empty()
                : Optional.of(
                        "not ready: "
                                + String.join(
                                        "; ",
                                        ready.output()
                                                .lines()
                                                .filter(line -> line.startsWith("NO"))
                                                .toList()));
    }

    /** Waits until nothing ails the pair; what still does when the limit is over. */
    public List<String> ailments() throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            var ailment = ailment();
            if (ailment.isEmpty()) {
                return List.of();
            }
            if (System.nanoTime() > deadline) {
                return List.of(
                        "not well after %d s: %s".formatted(limit.toSeconds(), ailment.get()));
            }
            Thread.sleep(POLL);
        }
    }

    /** All questions, in the order in which they make sense. */
    public List<String> everything() throws IOException, InterruptedException {
        var problems = new ArrayList<String>(missingLeases());
        problems.addAll(refusedClients());
        problems.addAll(ailments());
        if (problems.isEmpty()) {
            // Of a pair that is not in sync nothing else can be expected.
            problems.addAll(differences());
            problems.addAll(missingInCopies());
        }
        return problems;
    }

    private static String oneLine(String text) {
        return String.join("; ", text.strip().lines().map(String::strip).toList());
    }
}
