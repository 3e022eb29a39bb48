package io.leasehold.itests.exhaustive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.heartbeat.record.ArbitrationMode;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The {@code simulate --exhaustive} command. */
@Command(
        name = "simulate --exhaustive",
        description = {
            "Visits every state that two boxes can get into from a calm beginning, in every order"
                    + " of what can happen: the production state machines, one write, and faults, each"
                    + " at most once, at any point. In every state it checks that never two serve and"
                    + " that no acknowledged write is lost.",
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  simulate --exhaustive --mode F --faults 1    # to the end, with any one fault",
            "  simulate --exhaustive --mode F               # one of each, as far as --states goes",
            "",
            "Exit status: 0 if every rule held, 1 if one did not: the shortest way to it is shown.",
        })
public final class ExhaustiveMain implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STATES_MAX = 10_000_000;

    private enum Mode {
        F(ArbitrationMode.FENCING),
        W(ArbitrationMode.ZOOKEEPER);

        private final ArbitrationMode arbiter;

        Mode(ArbitrationMode arbiter) {
            this.arbiter = arbiter;
        }
    }

    @Option(
            names = "--mode",
            required = true,
            description = "F: fencing alone decides who may serve; W: an ensemble does")
    private Mode mode = Mode.F;

    @Option(
            names = "--states",
            paramLabel = "N",
            description =
                    "keep at most so many states (about 100 bytes each); default: ${DEFAULT-VALUE}")
    private int states = STATES_MAX;

    @Option(
            names = "--faults",
            paramLabel = "N",
            description = "at most so many faults in one history; default: one of each")
    private Optional<Integer> faultsMax = Optional.empty();

    @Option(
            names = "--only",
            paramLabel = "FAULT",
            split = ",",
            description = "only these: ${COMPLETION-CANDIDATES}")
    private List<Fault> only = List.of();

    @Option(
            names = "--writes",
            paramLabel = "N",
            description = "operations of clients; default: ${DEFAULT-VALUE}")
    private int writes = 1;

    @Option(names = "--json", description = "the last line is one object with the figures")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this text")
    boolean help;

    private ExhaustiveMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new ExhaustiveMain()).execute(arguments));
    }

    @Override
    public Integer call() throws JsonProcessingException {
        if (states < 1 || writes < 0 || faultsMax.filter(n -> n < 0).isPresent()) {
            throw new ParameterException(
                    new CommandLine(this),
                    "--states must be at least 1, --faults and --writes not below 0");
        }
        var faults = EnumSet.copyOf(only.isEmpty() ? List.of(Fault.values()) : only);
        var answer =
                Explorer.explore(
                        new Explorer.Question(
                                mode.arbiter,
                                writes,
                                faults,
                                faultsMax.orElse(faults.size()),
                                states),
                        System.out::println);
        answer.broken().ifPresent(ExhaustiveMain::tell);
        System.out.printf(
                "mode %s, %s: %,d states, %,d moves, depth %d, %s, %.0f states per second: %s%n",
                mode,
                faults.stream().map(Enum::name).collect(Collectors.joining(" ")),
                answer.states(),
                answer.transitions(),
                answer.depth(),
                answer.complete() ? "complete" : "not complete",
                answer.statesPerSecond(),
                answer.broken().isEmpty() ? "every rule held" : "VIOLATION");
        if (json) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("mode", mode.name());
            figures.put("states", answer.states());
            figures.put("transitions", answer.transitions());
            figures.put("depth", answer.depth());
            figures.put("complete", answer.complete());
            figures.put("violations", answer.broken().isEmpty() ? 0 : 1);
            figures.put("statesPerSecond", Math.round(answer.statesPerSecond()));
            System.out.println(JSON.writeValueAsString(figures));
        }
        return answer.broken().isEmpty() ? 0 : 1;
    }

    private static void tell(Explorer.Broken broken) {
        broken.trace().forEach(System.out::println);
        System.out.printf("violates %s: %s%n", broken.rule(), broken.sentence());
    }
}
