package io.leasehold.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HelpTest {
    private static final Path NO_SOCKET = Path.of("/nonexistent/control.sock");
    private static final Path COMMANDS = Path.of("docs/commands.md");

    /** Do nothing by themselves. */
    private static final List<String> GROUPS = List.of("", "volume", "branches", "dhcp", "config");

    static Stream<String> all() {
        return Stream.concat(GROUPS.stream(), commands().stream());
    }

    @ParameterizedTest
    @MethodSource("all")
    void shouldHaveAnExample(String command) {
        var help = help(command);

        assertThat(help).contains("Example:\n  clusterctl " + command);
        if (!GROUPS.contains(command)) {
            assertThat(help).contains("--json");
        }
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void shouldListEveryCommandAndExitCode() {
        assertThat(help(""))
                .contains("status", "confirm-fenced", "maintenance", "volume", "dhcp", "config")
                .contains("Exit codes")
                .contains("5  the daemon is not reachable");
    }

    @Test
    void shouldDescribeEveryCommandInTheDocumentation() throws IOException {
        var documentation = Files.readString(COMMANDS);

        for (var command : commands()) {
            assertThat(documentation).contains("`" + command + "`");
        }
        for (var code : ExitCode.values()) {
            assertThat(documentation).contains("| " + code.code() + " |");
        }
    }

    /** As the help lists them, with the sub-commands of groups. */
    private static List<String> commands() {
        return help("").lines()
                .dropWhile(line -> !line.equals("Commands:"))
                .skip(1)
                .takeWhile(line -> !line.isBlank())
                .filter(line -> line.startsWith("  ") && !line.startsWith("   "))
                .map(line -> line.strip().split(" ", 2)[0])
                .flatMap(command ->
                        switch (command) {
                            case "volume" -> List.of("volume status", "volume verify").stream();
                            case "branches" ->
                                    Stream.of("branches list", "branches show", "branches export");
                            case "dhcp" -> List.of("dhcp reload").stream();
                            case "config" -> List.of("config check", "config show").stream();
                            default -> List.of(command).stream();
                        })
                .toList();
    }

    private static String help(String command) {
        var words = command.isEmpty() ? new String[0] : command.split(" ");
        var arguments = Arrays.copyOf(words, words.length + 1);
        arguments[words.length] = "--help";
        var result = Terminal.script(NO_SOCKET).run(arguments);
        assertThat(result.code()).isZero();
        assertThat(result.err()).isEmpty();
        return result.out();
    }
}
