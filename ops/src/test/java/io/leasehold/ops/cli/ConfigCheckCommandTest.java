package io.leasehold.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigCheckCommandTest {
    @TempDir private Path directory;

    private final Terminal terminal = Terminal.script(Path.of("/nonexistent/control.sock"));

    @Test
    void shouldAcceptAGoodFile() {
        var result = terminal.run("config", "check", "examples/leasehold.conf");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("examples/leasehold.conf: good\n");
    }

    @Test
    void shouldPrintEveryProblemWithItsPlace() throws IOException {
        var file = broken();

        var result = terminal.run("config", "check", file.toString());

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out())
                .contains(
                        file
                                + ":7:9: cluster.nmae: is not known here\n    hint: did you mean name?")
                .contains(file + ":7:1: cluster.name: is missing")
                .endsWith(file + ": 2 problems, nothing was changed\n");
    }

    @Test
    void shouldPrintTheSameAsJson() throws IOException {
        var file = broken();

        var result = terminal.run("config", "check", "--json", file.toString());

        assertThat(result.code()).isEqualTo(1);
        var json = new ObjectMapper().readTree(result.out());
        assertThat(json.get("valid").asBoolean()).isFalse();
        assertThat(json.get("problems")).hasSize(2);
        assertThat(json.get("problems").get(1).get("line").asInt()).isEqualTo(7);
    }

    @Test
    void shouldSayThatThereIsNoFile() {
        var result = terminal.run("config", "check", "/nonexistent/leasehold.conf");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).startsWith("/nonexistent/leasehold.conf: no such file\n");
    }

    private Path broken() throws IOException {
        var text = Files.readString(Path.of("examples/leasehold.conf"));
        return Files.writeString(
                directory.resolve("broken.conf"), text.replace("cluster.name", "cluster.nmae"));
    }
}
