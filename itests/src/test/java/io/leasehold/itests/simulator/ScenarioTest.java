package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/**
 * Stored histories through the production classes: PROTOCOL.md's broken ones, those that broke
 * others, and those that a seed found. Each must pass with every rule on; one that says which rules
 * keep it from going wrong must go wrong without them, and not so while one of them holds.
 */
class ScenarioTest {

    static final Path FOLDER = Path.of("src/test/resources/histories");

    /** Whose bugs PROTOCOL.md lists, and two of its situations. */
    private static final List<String> OTHERS =
            List.of(
                    "drbd-",
                    "miroir-",
                    "patroni-",
                    "repmgr-",
                    "pacemaker-",
                    "curator-",
                    "both-off-",
                    "an-empty-disk-with-an-old-name");

    @BeforeAll
    static void letDisksBreakQuietly() {
        ((Logger) LoggerFactory.getLogger("io.leasehold.blockrep")).setLevel(Level.OFF);
    }

    static Stream<Script> all() throws IOException {
        try (var files = Files.list(FOLDER)) {
            return files.sorted().map(ScenarioTest::read).toList().stream();
        }
    }

    static Stream<Script> broken() throws IOException {
        return all().filter(script -> script.broken().isPresent());
    }

    static Stream<Script> brokenByMany() throws IOException {
        return broken().filter(script -> script.broken().orElseThrow().mutants().size() > 1);
    }

    private static Script read(Path file) {
        try {
            return Script.parse(file.getFileName().toString(), Files.readString(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void shouldPassWithEveryRule(Script script) {
        script.play();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void shouldGoWrongWithoutItsRules(Script script) {
        var broken = script.broken().orElseThrow();

        var went = play(script, broken.mutants());

        if (broken.isExpectation()) {
            assertThat(went)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining(script + ": " + broken.what().getFirst() + " ");
        } else {
            assertThat(went).isInstanceOf(Violation.class);
            assertThat(broken.what()).contains(((Violation) went).rule());
        }
    }

    /** Or it says more than the least that must be switched off. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenByMany")
    void shouldNotGoSoWrongWhileOneOfItsRulesHolds(Script script) {
        var broken = script.broken().orElseThrow();
        for (var holds : broken.mutants()) {
            var others = broken.mutants().stream().filter(other -> !other.equals(holds)).toList();

            var went = play(script, others);

            if (went instanceof Violation violation) {
                assertThat(broken.what())
                        .as("%s, while %s holds: %s", script, holds, violation.getMessage())
                        .doesNotContain(violation.rule());
            }
        }
    }

    private static Throwable play(Script script, List<String> mutants) {
        boolean expecting = script.broken().orElseThrow().isExpectation();
        return catchThrowable(() -> script.play(BrokenRules.named(mutants), expecting));
    }

    @Test
    void shouldBringBackEachOfTheFourteenHistories() throws IOException {
        var names = broken().map(Script::toString).toList();

        assertThat(IntStream.rangeClosed(1, 14).mapToObj("h%02d-"::formatted))
                .allSatisfy(
                        history -> assertThat(names).anyMatch(name -> name.startsWith(history)));
    }

    /** And all of those that broke others. */
    @Test
    void shouldBringBackWhatBrokeOthers() throws IOException {
        assertThat(all().filter(script -> OTHERS.stream().anyMatch(script.toString()::startsWith)))
                .hasSizeGreaterThanOrEqualTo(OTHERS.size())
                .allSatisfy(
                        script -> assertThat(script.broken()).as(script.toString()).isPresent());
    }
}
