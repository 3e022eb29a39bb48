package io.leasehold.itests.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What scripts read of {@code bench WHAT --json}, and what is measured if nothing else is said. */
class BenchFiguresTest {

    static Stream<Arguments> promised() {
        var outage =
                List.of(
                        "medianMillis",
                        "minMillis",
                        "maxMillis",
                        "trials",
                        "naks",
                        "duplicates",
                        "missingLeases");
        return Stream.of(
                Arguments.of(
                        CommitBench.Figures.class,
                        List.of(
                                "rawP50Micros",
                                "floorP50Micros",
                                "p50Micros",
                                "ratioP50",
                                "ratioP99",
                                "ratioThroughput8")),
                Arguments.of(
                        ThroughputBench.Figures.class,
                        List.of("singleAckPerSecond", "pairAckPerSecond", "ratio")),
                Arguments.of(OutageBench.Figures.class, outage),
                Arguments.of(
                        FootprintBench.Figures.class,
                        List.of(
                                "rssMiB",
                                "startMillis",
                                "restartMillis",
                                "statusMillis",
                                "upgradeMillis")),
                Arguments.of(
                        ResyncBench.Figures.class,
                        List.of(
                                "treeMiB",
                                "changedMiB",
                                "rawMedianMillis",
                                "absenceMedianMillis",
                                "absenceMaxMillis",
                                "absenceWays",
                                "crashMedianMillis",
                                "crashMaxMillis",
                                "crashWays")));
    }

    @ParameterizedTest
    @MethodSource("promised")
    void shouldHaveTheFiguresThatArePromised(Class<? extends Record> figures, List<String> names) {
        assertThat(Arrays.stream(figures.getRecordComponents()).map(RecordComponent::getName))
                .containsAll(names);
    }

    @Test
    void shouldMeasureWhatThePromisesAreAbout() {
        var bench = new CommandLine(new BenchMain());

        assertThat(bench.getSubcommands())
                .containsOnlyKeys(
                        "commit", "throughput", "takeover", "crash", "footprint", "resync");
        assertThat(bench.getSubcommands().values())
                .allSatisfy(command ->
                        assertThat(command.getCommandSpec().optionsMap()).containsKey("--json"));
        var commit = subcommand(bench, "commit", CommitBench.class);
        assertThat(commit.commits).isEqualTo(2_000);
        assertThat(subcommand(bench, "resync", ResyncBench.class).changedMib).isEqualTo(64);
        for (var name : List.of("takeover", "crash")) {
            var outage = subcommand(bench, name, OutageBench.class);
            assertThat(outage.trials).isEqualTo(10);
            assertThat(outage.leases).isEqualTo(1_000);
            assertThat(outage.fenceDelay).isEqualTo("50ms");
        }
    }

    private static <T> T subcommand(CommandLine bench, String name, Class<T> type) {
        var command = Objects.requireNonNull(bench.getSubcommands().get(name));
        return type.cast(command.<Object>getCommand());
    }
}
