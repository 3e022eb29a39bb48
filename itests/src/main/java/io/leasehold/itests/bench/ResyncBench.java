package io.leasehold.itests.bench;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** How long a node that returns takes to be made equal, with a tree much larger than the change. */
@picocli.CommandLine.Command(
        name = "resync",
        description =
                "From the session with a returned node until it is equal: after an absence, and after"
                        + " a power-off as primary under load.",
        footer = {"", "Example:  bench resync --mib 64 --json"})
final class ResyncBench extends BenchCommand {
    private static final double LIMIT_MILLIS = 1000;
    private static final int FILE_MIB = 16;
    private static final Duration FILL_LIMIT = Duration.ofMinutes(5);
    private static final Duration RETURN_LIMIT = Duration.ofMinutes(2);
    private static final String TREE = Pair.MOUNT_POINT + "/bench";
    private static final String RAW = "/var/lib/leasehold/bench-raw";
    private static final String CONSOLE = "/var/log/leasehold/console.log";

    @Option(names = "--mib", description = "changed while the node is away (default: 64)")
    int changedMib = 64;

    @Option(names = "--tree-mib", description = "in the volume before (default: 1024)")
    int treeMib = 1024;

    @Option(names = "--trials", description = "of each kind of return (default: 3)")
    int trials = 3;

    private final List<String> samples = new ArrayList<>();

    /**
     * What scripts read.
     *
     * @param rawMedianMillis of copying so many bytes on the same disk, with fsync
     * @param absenceWays of each trial what the returned node logged: replay, changes or compare
     */
    record Figures(
            int treeMiB,
            int changedMiB,
            double rawMedianMillis,
            double rawMaxMillis,
            double absenceMedianMillis,
            double absenceMaxMillis,
            List<String> absenceWays,
            double crashMedianMillis,
            double crashMaxMillis,
            List<String> crashWays) {}

    /** One return, and how it was made good. */
    private record Return(double millis, String way) {}

    @Override
    int run() throws IOException, InterruptedException {
        var lab = pairLab(LabOptions.DEFAULT.withProfile(LabOptions.Profile.FAST));
        say("filling the tree: %d MiB".formatted(treeMib));
        shell(
                lab,
                lab.pair().awaitServing(),
                "mkdir -p %s && for i in $(seq %d); do dd if=/dev/urandom of=%s/$i bs=1M count=%d status=none; done; sync"
                        .formatted(TREE, treeMib / FILE_MIB, TREE, FILE_MIB));
        lab.pair().awaitInSync();
        samples.add("kind,trial,millis,way");
        var raw = new ArrayList<Double>();
        var absences = new ArrayList<Return>();
        var crashes = new ArrayList<Return>();
        for (int trial = 1; trial <= trials; trial++) {
            raw.add(rawCopy(lab, trial));
            absences.add(absence(lab, trial));
            crashes.add(crash(lab, trial));
        }
        keep("resync.csv", samples);
        var rawMillis = percentiles(raw.stream());
        var absence = percentiles(absences.stream().map(Return::millis));
        var crash = percentiles(crashes.stream().map(Return::millis));
        answer(
                new Figures(
                        treeMib,
                        changedMib,
                        rounded(rawMillis.median()),
                        rounded(rawMillis.max()),
                        rounded(absence.median()),
                        rounded(absence.max()),
                        absences.stream().map(Return::way).toList(),
                        rounded(crash.median()),
                        rounded(crash.max()),
                        crashes.stream().map(Return::way).toList()));
        return absence.max() <= LIMIT_MILLIS && crash.max() <= LIMIT_MILLIS ? 0 : 1;
    }

    private static Percentiles percentiles(Stream<Double> millis) {
        return new Percentiles(millis.mapToDouble(Double::doubleValue).toArray());
    }

    /** The least that a node must do: write so many bytes to a new file, durably. */
    private double rawCopy(Lab lab, int trial) throws IOException, InterruptedException {
        var node = lab.pair().awaitServing().peer();
        // What is copied is in memory, as what comes from the peer is.
        shell(
                lab,
                node,
                "dd if=/dev/urandom of=%s bs=1M count=%d status=none conv=fsync"
                        .formatted(RAW, changedMib));
        long startNanos = System.nanoTime();
        shell(lab, node, "dd if=%s of=%s.copy bs=1M status=none conv=fsync".formatted(RAW, RAW));
        double millis = Duration.ofNanos(System.nanoTime() - startNanos).toMillis();
        shell(lab, node, "rm %s %s.copy".formatted(RAW, RAW));
        samples.add("raw,%d,%.0f,".formatted(trial, millis));
        say("raw copy %d: %.0f ms".formatted(trial, millis));
        return millis;
    }

    /** The secondary is off while the primary writes. */
    private Return absence(Lab lab, int trial) throws IOException, InterruptedException {
        var primary = lab.pair().awaitServing();
        lab.node(primary.peer()).powerOff();
        change(lab, primary);
        return measure(lab, "absence", trial, primary);
    }

    /** The primary loses its power in the middle of a write; the other one goes on. */
    private Return crash(Lab lab, int trial) throws IOException, InterruptedException {
        var old = lab.pair().awaitServing();
        // It ends with the node.
        shell(
                lab,
                old,
                "(while :; do dd if=/dev/urandom of=%s/load bs=64k count=64 conv=notrunc status=none; done) >/dev/null 2>&1 &"
                        .formatted(TREE));
        lab.pair().awaitInSync();
        lab.node(old).powerOff();
        lab.pair().awaitServing(old.peer());
        change(lab, old.peer());
        return measure(lab, "crash", trial, old.peer());
    }

    /** Overwrites a piece of each of many files. */
    private void change(Lab lab, LabNode primary) throws IOException, InterruptedException {
        int files = treeMib / FILE_MIB;
        shell(
                lab,
                primary,
                "for i in $(seq 0 %d); do dd if=/dev/urandom of=%s/$((i %% %d + 1)) bs=1M count=1 seek=$((i / %d %% %d)) conv=notrunc status=none; done; sync"
                        .formatted(changedMib - 1, TREE, files, files, FILE_MIB));
    }

    private Return measure(Lab lab, String kind, int trial, LabNode primary)
            throws IOException, InterruptedException {
        var returned = primary.peer();
        int sourceLines = console(lab, primary).size();
        lab.node(returned).powerOn();
        Lab.await(
                returned.label() + " to be equal",
                RETURN_LIMIT,
                () ->
                        console(lab, primary).stream()
                                .skip(sourceLines)
                                .anyMatch(ResyncBench::isEqual));
        lab.pair().awaitInSync();
        var lines = console(lab, primary).subList(sourceLines, console(lab, primary).size());
        // A session that was refused before the daemon had settled is not part of it.
        var opened =
                lines.stream()
                        .takeWhile(line -> !isEqual(line))
                        .filter(line -> line.contains("Conversation: session "))
                        .filter(line -> line.contains(", version "))
                        .reduce((_, last) -> last)
                        .orElseThrow(() -> new CommandException("no session in " + CONSOLE));
        var equal = lines.stream().filter(ResyncBench::isEqual).findFirst().orElseThrow();
        double millis = Duration.between(time(opened), time(equal)).toMillis();
        var result = new Return(millis, way(console(lab, returned)));
        samples.add("%s,%d,%.0f,%s".formatted(kind, trial, millis, result.way));
        say("%s %d: %.0f ms by %s".formatted(kind, trial, millis, result.way));
        return result;
    }

    private static boolean isEqual(String line) {
        return line.contains("R10: ") && line.contains(" is equal at operation ");
    }

    /** Of the last start of the node that returned. */
    private static String way(List<String> console) {
        String way = "replay";
        for (var line : console) {
            if (line.contains(", version ") && line.contains("Conversation: session ")) {
                way = "replay";
            } else if (line.contains("Conversation: compare with ")) {
                way = "compare";
            } else if (line.contains("what was touched since is copied")) {
                way = "changes";
            }
            if (line.contains("all is compared:")) {
                way = "compare";
            }
        }
        return way;
    }

    private static OffsetDateTime time(String line) {
        return OffsetDateTime.parse(line.substring(0, line.indexOf(' ')));
    }

    private static List<String> console(Lab lab, LabNode node) throws IOException {
        return Files.readAllLines(
                lab.node(node).path(CONSOLE), java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static void shell(Lab lab, LabNode node, String script)
            throws IOException, InterruptedException {
        lab.in(node, Command.of("sh", "-c", script).withLimit(FILL_LIMIT)).check();
    }
}
