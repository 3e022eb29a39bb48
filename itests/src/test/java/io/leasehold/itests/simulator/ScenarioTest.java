package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/**
 * Stored histories through the production classes: PROTOCOL.md's broken ones, those that broke
 * others, and those that a seed found. Each must pass with every rule on; one that says which rule
 * keeps it from going wrong must go wrong without that rule.
 */
class ScenarioTest {

    static final Path FOLDER = Path.of("src/test/resources/histories");

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
    void shouldGoWrongWithoutItsRule(Script script) {
        var went =
                catchThrowable(
                        () -> script.play(BrokenRules.named(script.mutant().orElseThrow()), false));

        assertThat(went).isInstanceOf(Violation.class);
        assertThat(List.of(script.broken().orElseThrow().split("\\|")))
                .contains(((Violation) went).rule());
    }
}
