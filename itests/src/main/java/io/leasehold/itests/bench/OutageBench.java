package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.LeaseCheck;
import io.leasehold.itests.lab.client.ProbeKind;
import io.leasehold.itests.lab.client.RenewalState;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.FenceBehaviour;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How long clients hear nothing while the service moves; trial after trial, in both directions. */
abstract class OutageBench extends BenchCommand {
    /** More than that are written into the lease file instead of being asked for one by one. */
    private static final int ASKED_FOR_MAX = 2000;

    private static final int POOL_RESERVE = 1024;
    private static final Duration RECOVERY_LIMIT = Duration.ofSeconds(60);

    @Option(names = "--trials", description = "default: 10")
    int trials = 10;

    @Option(names = "--leases", description = "held by clients (default: 1000)")
    int leases = 1000;

    @Option(names = "--fence-delay", description = "of the fence device (default: 50ms)")
    String fenceDelay = "50ms";

    @Option(
            names = "--arbiter",
            description = "fencing, or zookeeper without a fence device (default: fencing)",
            defaultValue = "fencing")
    LabOptions.Arbiter arbiter = LabOptions.Arbiter.FENCING;

    /**
     * What clients saw.
     *
     * @param fenceDelay empty if nothing is fenced
     */
    record Figures(
            double medianMillis,
            double minMillis,
            double maxMillis,
            int trials,
            int leases,
            String arbiter,
            String fenceDelay,
            int naks,
            int duplicates,
            int missingLeases) {}

    private int naks;
    private int duplicates;
    private int missing;

    abstract String label();

    /**
     * The median that is promised.
     *
     * @throws CommandException nothing is promised for that arbiter
     */
    abstract double limitMillis() throws CommandException;

    /** What a trial needs before it is measured. */
    void prepare(Lab lab, LabNode primary) throws IOException, InterruptedException {}

    /** Makes the service move away from {@code primary}. */
    abstract void move(Lab lab, LabNode primary) throws IOException, InterruptedException;

    @Override
    final int run() throws IOException, InterruptedException {
        double limitMillis = limitMillis();
        var lab = pairLab(options());
        if (leases <= ASKED_FOR_MAX) {
            say(lab.clients().acquire(leases).toString());
        }
        var gaps = new double[trials];
        var lines = new ArrayList<String>();
        lines.add("trial,gapMillis,discoverMillis,unicastMillis,broadcastMillis");
        for (int trial = 0; trial < trials; trial++) {
            gaps[trial] = trial(lab, trial, lines);
        }
        keep(label() + ".csv", lines);
        // Every client, at the end: a lost lease of one that was never probed shows here.
        var renewed = lab.clients().renew(Optional.of(RenewalState.REBINDING));
        say(renewed.toString());
        naks += renewed.naks();
        duplicates += renewed.duplicateAddresses() + renewed.duplicateServers();
        missing += renewed.noAnswer();
        var sorted = new Percentiles(gaps);
        answer(
                new Figures(
                        rounded(sorted.median()),
                        rounded(sorted.min()),
                        rounded(sorted.max()),
                        trials,
                        leases,
                        LabOptions.label(arbiter),
                        arbiter == LabOptions.Arbiter.FENCING ? fenceDelay : "",
                        naks,
                        duplicates,
                        missing));
        return sorted.median() <= limitMillis && naks + duplicates + missing == 0 ? 0 : 1;
    }

    private LabOptions options() {
        int delay = Math.toIntExact(FenceBehaviour.parseDuration(fenceDelay).toMillis());
        return LabOptions.DEFAULT
                .withProfile(LabOptions.Profile.FAST)
                .withArbiter(arbiter)
                .withFenceDelayMillis(delay)
                .withPoolSize(Math.max(LabOptions.DEFAULT.poolSize(), leases + POOL_RESERVE))
                .withSeededLeases(leases <= ASKED_FOR_MAX ? 0 : leases);
    }

    private double trial(Lab lab, int trial, List<String> lines)
            throws IOException, InterruptedException {
        var primary = lab.pair().awaitServing();
        prepare(lab, primary);
        var clients = lab.clients();
        double gap;
        try (var probe = clients.probe()) {
            move(lab, primary);
            var report = probe.finish(RECOVERY_LIMIT);
            if (!report.recovered()) {
                throw new CommandException(
                        "trial %d: the service did not come back%n%s".formatted(trial, report));
            }
            naks += report.naks();
            duplicates += report.duplicateServers();
            gap = report.gapMillis();
            report.writeSamples(raw("%s-trial-%d.csv".formatted(label(), trial)));
            lines.add(
                    "%d,%.1f,%.1f,%.1f,%.1f"
                            .formatted(
                                    trial,
                                    gap,
                                    report.kind(ProbeKind.DISCOVER).gapMillis(),
                                    report.kind(ProbeKind.UNICAST).gapMillis(),
                                    report.kind(ProbeKind.BROADCAST).gapMillis()));
        }
        var survivor = primary.peer();
        lab.pair().awaitServing(survivor);
        // Before anybody renews, which would repair what was lost.
        var lost = LeaseCheck.missing(lab);
        missing += lost.size();
        say(
                "trial %2d  %s -> %s  %7.1f ms%s"
                        .formatted(
                                trial + 1,
                                primary.label(),
                                survivor.label(),
                                gap,
                                lost.isEmpty() ? "" : "  MISSING " + lost));
        if (!lab.node(primary).isOn()) {
            lab.node(primary).powerOn();
        }
        lab.pair().awaitInSync();
        return gap;
    }
}
