package io.leasehold.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The words of {@code glossary.md} are the words of the program. */
class GlossaryTest {
    private static final Path DOCUMENTS = Path.of("docs");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "primary",
                "secondary",
                "takeover",
                "standby",
                "maintenance",
                "fence",
                "keeper",
                "gate",
                "volume",
                "journal",
                "resync",
                "resource",
                "VIP",
                "lease",
                "verdict",
                "epoch",
                "in sync",
                "solo permit",
                "witness",
                "quorum",
                "split brain"
            })
    void shouldExplainTheWord(String word) throws IOException {
        assertThat(Files.readString(DOCUMENTS.resolve("glossary.md")))
                .containsPattern("(?m)^\\| ([^|]*, )?" + word + "(,[^|]*)? \\|");
    }

    @ParameterizedTest
    @ValueSource(strings = {"commands.md", "configuration.md"})
    void shouldNotUseAWordThatWeDoNotUse(String document) throws IOException {
        assertNoForeignWord(Files.readString(DOCUMENTS.resolve(document)));
    }

    @Test
    void shouldNotUseOneInTheHelp() {
        for (var command :
                new String[] {"takeover", "standby", "fence", "confirm-fenced", "promote"}) {
            assertNoForeignWord(
                    Terminal.script(Path.of("/nonexistent")).run(command, "--help").out());
        }
    }

    private static void assertNoForeignWord(String text) {
        assertThat(text.toLowerCase(Locale.ROOT))
                .doesNotContainPattern(
                        "\\b(master|slave|stonith|floating ip|active node|passive node|failback)\\b");
    }
}
