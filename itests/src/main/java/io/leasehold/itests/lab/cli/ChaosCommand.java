package io.leasehold.itests.lab.cli;

import io.leasehold.itests.chaos.Chaos;
import io.leasehold.itests.chaos.RoundResult;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.power.FenceBehaviour;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "chaos",
        description = {
            "Faults on a pair of its own, under load of 200 clients, in an order that a seed decides.",
            "After each: nothing lost, nobody sent away, nothing given twice, both copies the same.",
            "Not with arbiter operator: nothing heals without a person there."
        },
        footer = {
            "",
            "Exit status: 0 if all rounds passed, else 1.",
            "",
            "Example:  lab chaos --seed 1 --rounds 10"
        })
final class ChaosCommand extends LabCommand {
    private static final String LAB = "chaos";

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--seed", description = "decides which fault comes when (default: 1)")
    long seed = 1;

    @Option(names = "--rounds", description = "how many (default: 10)")
    int rounds = 10;

    @Option(
            names = "--first",
            paramLabel = "ROUND",
            description = "begin with this round of the seed, to play many in pieces (default: 1)")
    int first = 1;

    @Mixin PairOptions pair = new PairOptions();

    @Option(
            names = "--pause-max",
            paramLabel = "DURATION",
            description = "longest standstill (default: 60s)")
    String pauseMax = "60s";

    @Option(names = "--go-on", description = "after a round that failed, with a new pair")
    boolean goOn;

    /** Unless told otherwise not the lab that somebody may be using. */
    @Override
    LabName labName() {
        return spec.commandLine().getParseResult().hasMatchedOption("--name")
                ? super.labName()
                : new LabName(LAB);
    }

    @Override
    int run() throws IOException, InterruptedException {
        var request =
                new Chaos.Request(
                        labName(),
                        pair.arbiter,
                        pair.profile,
                        seed,
                        first,
                        rounds,
                        FenceBehaviour.parseDuration(pauseMax),
                        goOn);
        var results =
                Chaos.play(
                        request,
                        result -> {
                            System.out.println(result);
                            if (!result.passed()) {
                                System.out.println(
                                        "  logs: "
                                                + Chaos.logs(request, result.round())
                                                + System.lineSeparator()
                                                + "  again: "
                                                + request.again(result.round()));
                            }
                        });
        long passed = results.stream().filter(RoundResult::passed).count();
        answer(
                "%d of %d rounds passed".formatted(passed, rounds),
                object(
                        "seed",
                        seed,
                        "first",
                        first,
                        "rounds",
                        rounds,
                        "passed",
                        passed,
                        "results",
                        List.copyOf(results)));
        return passed == rounds ? DONE : FAILED;
    }
}
