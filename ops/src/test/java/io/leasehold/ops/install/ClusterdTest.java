package io.leasehold.ops.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How {@code bin/clusterd} ends before there is a keeper; systemd decides by that. */
class ClusterdTest {
    private static final Path BIN = Path.of("bin");

    @TempDir Path directory = Path.of("/");

    /**
     * A check that was killed for want of memory says nothing about the file: with 78 the service
     * would stay down until a person comes.
     */
    @ParameterizedTest
    @CsvSource({"echo bad.conf:2:1; exit 1, 78", "kill -KILL $$, 1", "exit 127, 1"})
    void shouldCallAConfigurationRefusedOnlyIfItIs(String check, int status)
            throws IOException, InterruptedException {
        var bin = Files.createDirectories(directory.resolve("ops/bin"));
        Files.createDirectories(bin.resolve("lib"));
        for (var file : new String[] {"clusterd", "clusterctl", "lib/start.sh"}) {
            Files.copy(BIN.resolve(file), bin.resolve(file));
        }
        var java = directory.resolve("jdk/bin/java");
        Files.createDirectories(java.getParent());
        Files.writeString(java, "#!/bin/bash\n" + check + "\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        var launch = Files.createDirectories(directory.resolve("ops/target/launch"));
        Files.writeString(launch.resolve("java-home"), directory.resolve("jdk") + "\n");

        var process =
                new ProcessBuilder(bin.resolve("clusterd").toString(), "--config", "bad.conf")
                        .redirectErrorStream(true)
                        .start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isEqualTo(status);
        assertThat(said).contains("bad.conf");
    }
}
