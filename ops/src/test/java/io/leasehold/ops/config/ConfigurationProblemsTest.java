package io.leasehold.ops.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad files, and what is said about them.
 *
 * <p>{@code problems.txt} has the cases: a title, edits of the short example ({@code -} takes the
 * lines away that contain a text, {@code +} adds a line at the end, {@code s} replaces a text), and
 * after {@code =>} every message. {@code -Dleasehold.freeze=true} writes the messages anew; review
 * the difference.
 */
class ConfigurationProblemsTest {
    private static final Path CASES =
            Path.of("src/test/resources/io/leasehold/ops/config/problems.txt");
    private static final Path EXAMPLE = Path.of("examples/leasehold.conf");

    record Case(String title, List<String> edits, List<String> expected) {
        @Override
        public String toString() {
            return title;
        }

        String text() throws IOException {
            var text = Files.readString(EXAMPLE);
            for (var edit : edits) {
                var argument = edit.substring(2);
                text =
                        switch (edit.charAt(0)) {
                            case '-' -> without(text, argument);
                            case '+' -> text + argument + "\n";
                            case 's' -> replaced(text, argument);
                            default -> throw new IllegalStateException("no such edit: " + edit);
                        };
            }
            return text;
        }

        private static String without(String text, String word) {
            assertThat(text).contains(word);
            return text.lines()
                    .filter(line -> !line.contains(word))
                    .collect(Collectors.joining("\n", "", "\n"));
        }

        private static String replaced(String text, String edit) {
            var parts = edit.split(" ==> ", -1);
            assertThat(text).contains(parts[0]);
            return text.replace(parts[0], parts[1]);
        }
    }

    static List<Case> cases() throws IOException {
        return Files.readString(CASES)
                .lines()
                .filter(line -> !line.startsWith("//"))
                .collect(Collectors.joining("\n"))
                .strip()
                .transform(text -> List.of(text.split("\n\n+")))
                .stream()
                .map(ConfigurationProblemsTest::parse)
                .toList();
    }

    private static Case parse(String paragraph) {
        var lines = paragraph.lines().toList();
        var arrow = lines.indexOf("=>");
        return new Case(
                lines.getFirst(), lines.subList(1, arrow), lines.subList(arrow + 1, lines.size()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldSayEverythingThatIsWrong(Case each) throws IOException {
        assertThat(messages(each)).isEqualTo(each.expected());
    }

    @Test
    void shouldWriteTheMessagesAnewWhenTold() throws IOException {
        if (Boolean.getBoolean("leasehold.freeze")) {
            var text = new StringBuilder();
            for (var each : cases()) {
                text.append(each.title()).append('\n');
                each.edits().forEach(edit -> text.append(edit).append('\n'));
                text.append("=>\n");
                messages(each).forEach(line -> text.append(line).append('\n'));
                text.append('\n');
            }
            Files.writeString(CASES, text.toString().stripTrailing() + "\n");
        }
        assertThat(cases()).hasSizeGreaterThan(30);
    }

    @Test
    void shouldReportAFileThatIsNoText() throws IOException {
        var file = Files.createTempFile("leasehold", ".conf");
        try {
            Files.write(file, new byte[] {'a', (byte) 0xff, '\n'});

            assertThat(problems(ConfigurationFile.load(file)))
                    .containsExactly(file + ": is not a text in UTF-8");
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void shouldNotReadAHugeFile() throws IOException {
        var file = Files.createTempFile("leasehold", ".conf");
        try {
            Files.writeString(file, "#".repeat((int) ConfigurationFile.SIZE_BYTES_MAX + 1));

            assertThat(problems(ConfigurationFile.load(file)))
                    .singleElement()
                    .asString()
                    .contains("more than");
        } finally {
            Files.delete(file);
        }
    }

    private static List<String> messages(Case each) throws IOException {
        return problems(ConfigurationFile.parse(each.text(), "leasehold.conf"));
    }

    private static List<String> problems(Loaded loaded) {
        var problems =
                switch (loaded) {
                    case Loaded.Invalid invalid -> invalid.problems();
                    case Loaded.Valid valid -> valid.warnings();
                };
        return problems.stream().flatMap(problem -> problem.toString().lines()).toList();
    }
}
