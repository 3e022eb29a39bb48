package io.leasehold.itests.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.process.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What whoever starts a node is told when its configuration is refused. */
class RefusedConfigurationIT {
    /** EX_CONFIG of sysexits(3), which ops/examples/leasehold.service knows as well. */
    private static final int EX_CONFIG = 78;

    @TempDir Path directory = Path.of("/");

    @Test
    void shouldEndWithTheStatusOfAConfigurationErrorAndNameThePlace() throws Exception {
        Installation.prepareLaunch();
        var file =
                Files.writeString(directory.resolve("bad.conf"), "cluster.name = a\nvolumes {}\n");

        var result =
                Command.of(Installation.bin("clusterd").toString(), "--config", file.toString())
                        .withLimit(Duration.ofSeconds(60))
                        .run();

        assertThat(result.exitStatus()).as(result.errors()).isEqualTo(EX_CONFIG);
        assertThat(result.errors()).contains(file + ":2").contains("volumes");
    }
}
