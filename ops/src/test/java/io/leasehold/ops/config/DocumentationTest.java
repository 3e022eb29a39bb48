package io.leasehold.ops.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code configuration.md} describes every key that there is, and no other. */
class DocumentationTest {
    private static final Path DOCUMENTATION = Path.of("docs/configuration.md");
    private static final Path EXAMPLES = Path.of("examples");
    private static final Pattern ROW =
            Pattern.compile("\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|");

    private record Row(String type, String byDefault, String meaning) {}

    @Test
    void shouldDescribeEveryKeyWithItsType() throws IOException {
        var types =
                settings(Files.readString(EXAMPLES.resolve("complete.conf"))).values().stream()
                        .collect(
                                Collectors.toMap(
                                        EffectiveSetting::pattern,
                                        EffectiveSetting::type,
                                        (one, _) -> one,
                                        TreeMap::new));

        assertThat(documented(Row::type)).isEqualTo(types);
    }

    @Test
    void shouldSayTheDefaultThatIsInForce() throws IOException {
        // As little as a file may have, and members with as little as they may have.
        var minimal =
                """
                zookeeper.members {
                  dhcp1 { id = 1, address = "192.0.2.1" }
                  dhcp2 { id = 2, address = "192.0.2.2" }
                  witness { id = 3, address = "192.0.2.3", certificate-sha256 = "%s" }
                }
                """
                                .formatted("0".repeat(64))
                        + Files.readString(EXAMPLES.resolve("leasehold.conf"))
                                .replaceAll("(?m)^dhcp\\.probe.*$", "")
                                .replaceAll(", options \\{[^}]*\\}", "");
        var defaults = new TreeMap<String, String>();
        settings(minimal)
                .values()
                .forEach(setting ->
                        defaults.put(
                                setting.pattern(),
                                setting.source().isPresent() ? "required" : setting.value()));

        assertThat(documented(Row::byDefault)).isEqualTo(defaults);
    }

    @Test
    void shouldSayWhatEveryKeyMeans() throws IOException {
        assertThat(documented(Row::meaning).values())
                .allSatisfy(meaning -> assertThat(meaning).hasSizeGreaterThan(15));
    }

    private static Map<String, String> documented(Function<Row, String> column) throws IOException {
        var matcher = ROW.matcher(Files.readString(DOCUMENTATION));
        var rows = new TreeMap<String, String>();
        while (matcher.find()) {
            var row =
                    new Row(matcher.group(2), matcher.group(3).replace("`", ""), matcher.group(4));
            assertThat(rows.put(matcher.group(1), column.apply(row))).isNull();
        }
        return rows;
    }

    private static Map<String, EffectiveSetting> settings(String text) {
        return switch (ConfigurationFile.parse(text, "test.conf")) {
            case Loaded.Valid valid ->
                    valid.settings().stream()
                            .collect(Collectors.toMap(EffectiveSetting::key, setting -> setting));
            case Loaded.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }
}
