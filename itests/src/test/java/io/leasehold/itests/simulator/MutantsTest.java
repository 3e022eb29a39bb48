package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.leasehold.itests.simulator.Mutants.Mutant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Tests the tester: breaks one rule at a time and looks whether something notices, and how soon.
 * {@code -Dmutants.write=true} writes the table into {@code ops/docs/verification.md}.
 */
class MutantsTest {
    private static final int RULES = 40;
    private static final Path DOCUMENT = Path.of("../ops/docs/verification.md");
    private static final String BEGIN = "<!-- mutants: written by MutantsTest -->\n";
    private static final String END = "<!-- end of mutants -->\n";

    @BeforeAll
    static void letDisksBreakQuietly() {
        ((Logger) LoggerFactory.getLogger("io.leasehold.blockrep")).setLevel(Level.OFF);
    }

    @Test
    void shouldHaveOneForEveryRule() {
        assertThat(Mutants.all().stream().flatMap(mutant -> mutant.rules().stream()))
                .containsAll(IntStream.rangeClosed(1, RULES).boxed().toList());
    }

    @Test
    void shouldNoticeEveryBrokenRule() throws IOException {
        var table = new StringBuilder("| rule | mutant | caught by | after |\n");
        table.append("| --- | --- | --- | --- |\n");
        var missed = new ArrayList<String>();
        for (var mutant : Mutants.all()) {
            var caught = mutant.hunt().hunt();
            if (caught.isEmpty()) {
                missed.add(mutant.names() + ": " + mutant.how());
            }
            table.append(
                    "| %s | %s | %s | %s |%n"
                            .formatted(
                                    mutant.names(),
                                    mutant.how(),
                                    caught.map(Mutant.Caught::by).orElse("nothing"),
                                    caught.map(Mutant.Caught::after).orElse("")));
        }
        if (Boolean.getBoolean("mutants.write")) {
            var text = Files.readString(DOCUMENT);
            var from = text.indexOf(BEGIN) + BEGIN.length();
            Files.writeString(
                    DOCUMENT, text.substring(0, from) + table + text.substring(text.indexOf(END)));
        }
        assertThat(missed).as("not caught").isEmpty();
    }
}
