package io.leasehold.itests.simulator;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
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
            "  simulate --minutes 30        # as many seeds as fit into half an hour",
            "  simulate --seed 4711 --trace # one history, told line by line",
            "",
            "Exit status: 0 if every rule held, 1 if one did not: its seed, rule and trace are shown.",
        })
public final class SimulateMain implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PROGRESS_NANOS = 5_000_000_000L;
    private static final int TRACE_LINES_SHOWN = 150;
    private static final int VIOLATIONS_TOLD_MAX = 5;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description = "how many histories; default: 200, or no limit with --minutes")
    private Optional<Long> seeds = Optional.empty();

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "the first seed; alone: only this one (default of --seeds: from 1)")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description = "begin no further history after so many minutes")
    private Optional<Long> minutes = Optional.empty();

    @Option(names = "--trace", description = "print everything that happens")
    private boolean trace;

    @Option(names = "--json", description = "the last line is one object with the figures")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this text")
    boolean help;

    private SimulateMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SimulateMain()).execute(arguments));
    }

    @Override
    public Integer call() throws JsonProcessingException {
        if (seeds.filter(n -> n < 1).isPresent() || minutes.filter(n -> n < 1).isPresent()) {
            throw new ParameterException(
                    new CommandLine(this), "--seeds and --minutes must be at least 1");
        }
        // The journal reports broken disks; here they are broken all the time.
        if (LoggerFactory.getLogger("io.leasehold.blockrep") instanceof Logger noisy) {
            noisy.setLevel(Level.OFF);
        }
        long first = seed.orElse(1L);
        long count =
                seeds.orElse(minutes.isPresent() ? Long.MAX_VALUE : seed.isPresent() ? 1 : 200);
        long began = System.nanoTime();
        long deadline =
                minutes.isPresent() ? began + minutes.get() * 60_000_000_000L : Long.MAX_VALUE;
        long nextProgress = began + PROGRESS_NANOS;
        long played = 0;
        long failovers = 0;
        long violations = 0;
        while (played < count && System.nanoTime() - deadline < 0) {
            var outcome = Simulation.run(first + played, trace);
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
                "%d histories from seed %d on, %d failovers (%.0f per second and core): %s%n",
                played,
                first,
                failovers,
                perSecond,
                violations == 0 ? "every rule held" : violations + " VIOLATIONS");
        if (json) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("seeds", played);
            figures.put("failovers", failovers);
            figures.put("violations", violations);
            figures.put("failoversPerSecond", Math.round(perSecond));
            System.out.println(JSON.writeValueAsString(figures));
        }
        return violations == 0 ? 0 : 1;
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
