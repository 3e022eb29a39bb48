package io.leasehold.ops.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Freezes what {@code --json} prints. People's scripts read it: members may be added here, never
 * renamed or removed.
 */
class JsonShapeTest {
    private static final Path FROZEN = Path.of("src/test/resources/io/leasehold/ops/control");

    record Case(String name, View view) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> views() {
        return List.of(
                new Case("status", SampleViews.good()),
                new Case("status-resync", SampleViews.resyncing()),
                new Case("ready", SampleViews.notReady()),
                new Case("why", SampleViews.why()),
                new Case("bill", SampleViews.bill()),
                new Case("explain", SampleViews.explain()),
                new Case("fleet", SampleViews.fleet()),
                new Case("links", SampleViews.links()),
                new Case("volume", SampleViews.volume(Optional.empty())),
                new Case("verify", SampleViews.verified()),
                new Case("branches", SampleViews.branches()),
                new Case("branch", SampleViews.branch()),
                new Case("config", SampleViews.config()),
                new Case("version", SampleViews.version()));
    }

    @ParameterizedTest
    @MethodSource("views")
    void shouldPrintTheFrozenShape(Case each) throws IOException {
        var file = FROZEN.resolve(each.name() + ".json");
        var shape = onManyLines(Json.of(each.view()));
        if (Boolean.getBoolean("leasehold.freeze")) {
            Files.writeString(file, shape);
        }

        assertThat(shape).isEqualTo(Files.readString(file));
    }

    @Test
    void shouldPrintOneLine() {
        assertThat(Json.of(SampleViews.good()))
                .doesNotContain("\n")
                .startsWith("{\"kind\":\"status\",");
    }

    @ParameterizedTest
    @MethodSource("views")
    void shouldReadBackWhatWasWritten(Case each) throws IOException {
        var line = RecordJson.write(new Reply.Report(each.view()), 1);

        assertThat(RecordJson.read(line, Reply.class, 1)).isEqualTo(new Reply.Report(each.view()));
    }

    private static String onManyLines(String json) throws IOException {
        var text = new StringWriter();
        try (var in = new JsonFactory().createParser(json);
                var out = new JsonFactory().createGenerator(text)) {
            out.setPrettyPrinter(new DefaultPrettyPrinter());
            in.nextToken();
            out.copyCurrentStructure(in);
        }
        return text + "\n";
    }
}
