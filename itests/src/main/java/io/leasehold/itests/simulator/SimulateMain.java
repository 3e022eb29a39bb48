package io.leasehold.itests.simulator;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.heartbeat.record.ArbitrationMode;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The {@code simulate} command. */
@Command(
        name = "simulate",
        description = {
            "Plays whole histories of two boxes in virtual time: the production state machines, under"
                    + " power cuts, crashes, pauses, cut links, broken disks and fence devices. After"
                    + " every step it checks that never two serve and that no acknowledged write is"
                    + " lost; at the end, that the pair comes back by itself with equal copies.",
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  simulate --seeds 1000        # seeds 1 to 1000",
            "  simulate --from 1001 --seeds 1000 --mode W  # the next ones with arbiter zookeeper",
            "  simulate --minutes 30        # as many seeds as fit into half an hour",
            "  simulate --seed 4711 --trace # one history, told line by line",
            "  simulate --seeds 2000 --coverage # and what of the machines' drawings was used",
            "  simulate --exhaustive --help # instead: every state of a small scope",
            "",
            "Exit status: 0 if every rule held, 1 if one did not: its seed, rule and trace are shown.",
        })
public final class SimulateMain implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PROGRESS_NANOS = 5_000_000_000L;
    private static final long SEEDS_DEFAULT = 200;
    private static final int TRACE_LINES_SHOWN = 150;
    private static final int VIOLATIONS_TOLD_MAX = 5;
    private static final int EVENTS_TOLD_MAX = 4;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description = "how many histories; default: 200, or no limit with --minutes")
    private Optional<Long> seeds = Optional.empty();

    @Option(
            names = "--from",
            paramLabel = "S",
            description = "the first seed; default: 1. Goes on where an earlier run ended")
    private long from = 1;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "only this history; with --seeds: the first one, as --from")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description = "begin no further history after so many minutes")
    private Optional<Long> minutes = Optional.empty();

    @Option(
            names = "--mode",
            paramLabel = "W|F|O",
            description =
                    "only seeds with this arbiter: W zookeeper, F fencing, O operator; each seed has"
                            + " one")
    private Optional<Mode> mode = Optional.empty();

    @Option(names = "--trace", description = "print everything that happens")
    private boolean trace;

    @Option(
            names = "--coverage",
            description =
                    "count which transitions of each state machine's drawing the run took, by which"
                            + " events; list those that it did not take. With --json: in the last"
                            + " line, too. About half as fast")
    private boolean coverage;

    @Option(names = "--json", description = "the last line is one object with the figures")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this text")
    boolean help;

    /** As PROTOCOL.md calls the arbiters. */
    enum Mode {
        W(ArbitrationMode.ZOOKEEPER),
        F(ArbitrationMode.FENCING),
        O(ArbitrationMode.OPERATOR);

        private final ArbitrationMode arbiter;

        Mode(ArbitrationMode arbiter) {
            this.arbiter = arbiter;
        }
    }

    private SimulateMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SimulateMain()).execute(arguments));
    }

    @Override
    public Integer call() throws JsonProcessingException {
        if (seed.isPresent() && mode.isPresent()) {
            throw new ParameterException(
                    new CommandLine(this),
                    "--seed is one history, and has an arbiter of its own: --mode goes with --from");
        }
        if (coverage && trace) {
            throw new ParameterException(
                    new CommandLine(this), "--coverage counts many histories, --trace tells one");
        }
        if (seeds.filter(n -> n < 1).isPresent() || minutes.filter(n -> n < 1).isPresent()) {
            throw new ParameterException(
                    new CommandLine(this), "--seeds and --minutes must be at least 1");
        }
        // The journal reports broken disks; here they are broken all the time.
        if (LoggerFactory.getLogger("io.leasehold.blockrep") instanceof Logger noisy) {
            noisy.setLevel(Level.OFF);
        }
        long first = seed.orElse(from);
        long count =
                seeds.orElse(
                        seed.isPresent()
                                ? 1
                                : minutes.isPresent() ? Long.MAX_VALUE : SEEDS_DEFAULT);
        long began = System.nanoTime();
        long deadline =
                minutes.isPresent() ? began + minutes.get() * 60_000_000_000L : Long.MAX_VALUE;
        long nextProgress = began + PROGRESS_NANOS;
        long played = 0;
        long last = first;
        long failovers = 0;
        long violations = 0;
        var counting = new Coverage();
        for (long next = first; played < count && System.nanoTime() - deadline < 0; next++) {
            if (mode.isPresent() && Simulation.arbiter(next) != mode.get().arbiter) {
                continue;
            }
            last = next;
            var outcome = coverage ? Simulation.run(next, counting) : Simulation.run(next, trace);
            played++;
            failovers += outcome.failovers();
            if (trace) {
                outcome.trace().forEach(System.out::println);
            }
            if (outcome.violation().isPresent()) {
                violations++;
                if (violations <= VIOLATIONS_TOLD_MAX) {
                    tell(outcome);
                } else {
                    System.out.printf(
                            "seed %d violates %s%n",
                            outcome.seed(), outcome.violation().get().rule());
                }
            }
            if (System.nanoTime() - nextProgress > 0) {
                nextProgress = System.nanoTime() + PROGRESS_NANOS;
                System.out.printf(
                        "%d histories, %d failovers (%.0f per second and core), %d violations%n",
                        played, failovers, perCoreSecond(failovers), violations);
            }
        }
        var perSecond = perCoreSecond(failovers);
        System.out.printf(
                "%d histories of seeds %d to %d, %d failovers (%.0f per second and core): %s%n",
                played,
                first,
                last,
                failovers,
                perSecond,
                violations == 0 ? "every rule held" : violations + " VIOLATIONS");
        if (coverage) {
            tell(counting);
        }
        if (json) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("seeds", played);
            figures.put("lastSeed", last);
            figures.put("failovers", failovers);
            figures.put("violations", violations);
            figures.put("failoversPerSecond", Math.round(perSecond));
            if (coverage) {
                figures.put("transitions", transitions(counting));
                figures.put("rulesNotNamed", counting.rulesNotNamed());
            }
            System.out.println(JSON.writeValueAsString(figures));
        }
        return violations == 0 ? 0 : 1;
    }

    private static void tell(Coverage counting) {
        for (var machine : counting.machines()) {
            System.out.printf(
                    "%n%s: %d of %d transitions taken%n",
                    machine.name(), machine.covered(), machine.drawn().size());
            for (var taken : machine.drawn()) {
                System.out.printf(
                        "  %9s  %s  %s%n",
                        taken.times() == 0 ? "NEVER" : taken.times(),
                        taken.edge(),
                        mostly(taken.byEvent()));
            }
            machine.notDrawn()
                    .forEach((edge, times) ->
                            System.out.printf(
                                    "  %9d  %s  NOT DRAWN, or by several ways%n", times, edge));
        }
        System.out.printf("%nrules that no decision named: %s%n", counting.rulesNotNamed());
    }

    private static String mostly(Map<String, Long> byEvent) {
        return byEvent.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(EVENTS_TOLD_MAX)
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static Map<String, Object> transitions(Coverage counting) {
        var machines = new LinkedHashMap<String, Object>();
        for (var machine : counting.machines()) {
            var counts = new LinkedHashMap<String, Object>();
            machine.drawn().forEach(taken -> counts.put(taken.edge().toString(), taken.byEvent()));
            var figures = new LinkedHashMap<String, Object>();
            figures.put("drawn", machine.drawn().size());
            figures.put("taken", machine.covered());
            figures.put("never", machine.untaken().stream().map(Drawing.Edge::toString).toList());
            figures.put(
                    "notDrawn",
                    machine.notDrawn().keySet().stream().map(Drawing.Edge::toString).toList());
            figures.put("byEvent", counts);
            machines.put(machine.name(), figures);
        }
        return machines;
    }

    /** Of processor time: what else the machine does makes no history slower. */
    private static double perCoreSecond(long failovers) {
        return failovers / (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9);
    }

    /** The history again, with its words: the same seed is the same history. */
    private void tell(Simulation.Outcome outcome) {
        var broken = outcome.violation().orElseThrow();
        System.out.printf(
                "seed %d violates %s: %s%n", outcome.seed(), broken.rule(), broken.sentence());
        if (!trace) {
            var lines = Simulation.run(outcome.seed(), true).trace();
            lines.subList(Math.max(0, lines.size() - TRACE_LINES_SHOWN), lines.size())
                    .forEach(System.out::println);
            System.out.printf("the whole history: simulate --seed %d --trace%n", outcome.seed());
        }
    }
}
