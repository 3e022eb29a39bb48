package io.leasehold.dhcp.config;

import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.VolumeLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationsTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

    @TempDir Path directory;
    private VolumeLayout volume;
    private Generations generations;

    @BeforeEach
    void begin() {
        volume = new VolumeLayout(directory);
        generations = new Generations(volume);
    }

    private Generation accept(String text) throws IOException {
        return generations.accept(Configuration.ofText(text, Path.of("x")), NOW);
    }

    @Test
    void shouldBeginWithNone() throws IOException {
        assertThat(generations.accepted().generation()).isEmpty();
        assertThat(generations.list()).isEmpty();
    }

    @Test
    void shouldReadWhatItAccepted() throws IOException {
        var text = "# caf\u00e9 \u00ff\n" + GOOD;
        var accepted = accept(text);

        var read = new Generations(volume).accepted().generation().orElseThrow();
        assertThat(read).isEqualTo(accepted);
        assertThat(read.number()).isEqualTo(1);
        assertThat(read.text()).isEqualTo(text);
        assertThat(read.acceptedAt()).isEqualTo(NOW);
    }

    @Test
    void shouldCountUpAlsoForAReturn() throws IOException {
        accept("a;");
        accept("b;");
        assertThat(accept("b;").number()).isEqualTo(2);
        assertThat(accept("a;").number()).isEqualTo(3);
        assertThat(generations.list())
                .extracting(Generation::text)
                .containsExactly("a;", "b;", "a;");
    }

    @Test
    void shouldNotUseAFileThatSomebodyChanged() throws IOException {
        accept("a;");
        accept("b;");
        Files.writeString(
                volume.acceptedConfiguration(),
                Files.readString(volume.acceptedConfiguration()).replace("b;", "c;"));

        var accepted = generations.accepted();
        assertThat(accepted.generation().orElseThrow().text()).isEqualTo("b;");
        assertThat(accepted.findings())
                .extracting(Finding::check)
                .containsExactly("generation-damaged", "generation-fallback");
        assertThat(accept("b;").number()).isEqualTo(3);
        assertThat(generations.accepted().findings()).isEmpty();
    }

    @Test
    void shouldKeepOnlyTheNewest() throws IOException {
        for (int i = 1; i <= Generations.KEPT_MAX + 5; i++) {
            accept("number " + i + ";");
        }
        assertThat(generations.list()).hasSize(Generations.KEPT_MAX);
        assertThat(generations.list().getFirst().number()).isEqualTo(6);
    }
}
