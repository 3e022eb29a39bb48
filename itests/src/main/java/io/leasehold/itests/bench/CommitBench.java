package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Installation;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How long a commit takes: on one disk, on two without anything in between, through Leasehold. */
@picocli.CommandLine.Command(
        name = "commit",
        description = "append 300 B + fsync: raw, on a bare pair, and on the replicated volume.",
        footer = {"", "Example:  bench commit --json"})
final class CommitBench extends BenchCommand {
    private static final int WRITERS = 8;
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String LOCAL = "/var/lib/leasehold/bench";

    /** A round that does not count. */
    private static final int WARM_UP = 0;

    private static final int WARM_UP_COMMITS = 20_000;

    private static final double RATIO_P50_MAX = 1.5;
    private static final double RATIO_P99_MAX = 2.5;
    private static final double RATIO_THROUGHPUT_MIN = 0.6;

    @Option(names = "--commits", description = "of each measurement (default: 2000)")
    int commits = 2000;

    @Option(
            names = "--rounds",
            description = "each way of writing in turn, so often; the median counts (default: 3)")
    int rounds = 3;

    /** Ratios are over raw; a figure without {@code raw} or {@code floor} is Leasehold's. */
    record Figures(
            double rawP50Micros,
            double floorP50Micros,
            double p50Micros,
            double rawP99Micros,
            double floorP99Micros,
            double p99Micros,
            double rawCommitsPerSecond8,
            double floorCommitsPerSecond8,
            double commitsPerSecond8,
            double ratioP50,
            double ratioP99,
            double ratioThroughput8,
            double floorRatioP50,
            double floorRatioThroughput8) {}

    /** One measurement. */
    private record Run(Percentiles micros, double commitsPerSecond) {}

    @Override
    int run() throws IOException, InterruptedException {
        var lab = pairLab(LabOptions.DEFAULT);
        var primary = lab.pair().awaitServing();
        var raw = new ArrayList<Run>();
        var raw8 = new ArrayList<Run>();
        var floor = new ArrayList<Run>();
        var floor8 = new ArrayList<Run>();
        var ours = new ArrayList<Run>();
        var ours8 = new ArrayList<Run>();
        var server = startFloorPeer(lab, primary.peer());
        try {
            // The daemons have just been started: what is wanted is how they run for months.
            say("warming up: both daemons' compilers see what they will be measured with");
            for (int writers : new int[] {1, WRITERS}) {
                var unused = measure(lab, primary, WARM_UP, "leasehold", volume(), writers);
            }
            // In turn, so that whatever else the machine does hits all of them alike.
            for (int round = 1; round <= rounds; round++) {
                raw.add(measure(lab, primary, round, "raw", LOCAL, 1));
                floor.add(
                        measure(
                                lab,
                                primary,
                                round,
                                "floor",
                                LOCAL,
                                1,
                                primary.peer().crossoverAddress()));
                ours.add(measure(lab, primary, round, "leasehold", volume(), 1));
                raw8.add(measure(lab, primary, round, "raw", LOCAL, WRITERS));
                floor8.add(
                        measure(
                                lab,
                                primary,
                                round,
                                "floor",
                                LOCAL,
                                WRITERS,
                                primary.peer().crossoverAddress()));
                ours8.add(measure(lab, primary, round, "leasehold", volume(), WRITERS));
            }
        } finally {
            server.destroyForcibly();
        }
        double rawP50 = median(raw, 50);
        double ratioP50 = median(ours, 50) / rawP50;
        double ratioP99 = median(ours, 99) / median(raw, 99);
        double ratioThroughput = throughput(ours8) / throughput(raw8);
        double floorRatioP50 = median(floor, 50) / rawP50;
        double floorRatioThroughput = throughput(floor8) / throughput(raw8);
        answer(
                new Figures(
                        rounded(rawP50),
                        rounded(median(floor, 50)),
                        rounded(median(ours, 50)),
                        rounded(median(raw, 99)),
                        rounded(median(floor, 99)),
                        rounded(median(ours, 99)),
                        rounded(throughput(raw8)),
                        rounded(throughput(floor8)),
                        rounded(throughput(ours8)),
                        rounded(ratioP50),
                        rounded(ratioP99),
                        rounded(ratioThroughput),
                        rounded(floorRatioP50),
                        rounded(floorRatioThroughput)));
        return ratioP50 <= RATIO_P50_MAX
                        && ratioP99 <= RATIO_P99_MAX
                        && ratioThroughput >= RATIO_THROUGHPUT_MIN
                ? 0
                : 1;
    }

    private static String volume() {
        return Pair.MOUNT_POINT + "/bench";
    }

    private Run measure(
            Lab lab,
            LabNode node,
            int round,
            String what,
            String directory,
            int writers,
            String... peer)
            throws IOException, InterruptedException {
        int wanted = round == WARM_UP ? WARM_UP_COMMITS : commits;
        var arguments =
                new ArrayList<>(
                        List.of("run", directory, String.valueOf(writers), String.valueOf(wanted)));
        arguments.addAll(List.of(peer));
        var lines =
                lab.in(
                                node,
                                Command.of(
                                                CommitLoad.commandLine(
                                                        Installation.java(),
                                                        arguments.toArray(String[]::new)))
                                        .withLimit(LIMIT))
                        .check()
                        .lines()
                        .toList();
        keep("commit-%s-%d-writers-round-%d.csv".formatted(what, writers, round), lines);
        double seconds = Double.parseDouble(lines.getFirst());
        var micros = lines.stream().skip(1).mapToDouble(Double::parseDouble).toArray();
        var run = new Run(new Percentiles(micros), micros.length / seconds);
        say(
                "round %d  %-9s %d writers  p50 %7.1f us  p99 %7.1f us  %7.0f commits/s"
                        .formatted(
                                round,
                                what,
                                writers,
                                run.micros.median(),
                                run.micros.at(99),
                                run.commitsPerSecond));
        return run;
    }

    private static Process startFloorPeer(Lab lab, LabNode peer) throws IOException {
        var arguments =
                lab.in(
                                peer,
                                Command.of(
                                        CommitLoad.commandLine(
                                                Installation.java(),
                                                "serve",
                                                LOCAL,
                                                peer.crossoverAddress())))
                        .arguments();
        var builder = new ProcessBuilder(arguments).redirectInput(new File("/dev/null"));
        builder.environment().put(LabDirectory.ENVIRONMENT_MARK, lab.name().value());
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        var process = builder.start();
        var reader =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        if (reader.readLine() == null) {
            throw new IOException("the floor's peer did not start");
        }
        return process;
    }

    private static double median(List<Run> runs, double percent) {
        return new Percentiles(runs.stream().mapToDouble(run -> run.micros.at(percent)).toArray())
                .median();
    }

    private static double throughput(List<Run> runs) {
        return new Percentiles(runs.stream().mapToDouble(Run::commitsPerSecond).toArray()).median();
    }
}
