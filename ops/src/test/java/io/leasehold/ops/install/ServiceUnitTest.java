package io.leasehold.ops.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The unit of systemd that people install, as it is in the examples. */
class ServiceUnitTest {
    private static final Path UNIT = Path.of("examples", "leasehold.service");
    private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");

    /** Feeding once a second; two that are late must not be the end of a keeper. */
    private static final int WATCHDOG_SECONDS_MIN = 5;

    /** What the keeper gives a daemon to hand over, and two seconds for what it then kills. */
    private static final int HAND_OVER_SECONDS = 32;

    @TempDir Path directory = Path.of("/");

    @ParameterizedTest
    @ValueSource(strings = {"leasehold.service", "leasehold-witness.service"})
    void shouldBeUnderstoodBySystemd(String name) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(ANALYZE), ANALYZE + " is missing: install systemd");
        var installed = directory.resolve(name);
        Files.writeString(
                installed,
                Files.readString(UNIT.resolveSibling(name))
                        .replace("/opt/leasehold", Path.of("..").toRealPath().toString()));

        var process =
                new ProcessBuilder(ANALYZE.toString(), "verify", "--man=no", installed.toString())
                        .redirectErrorStream(true)
                        .start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said).doesNotContain("leasehold");
        assertThat(process.exitValue()).as(said).isZero();
    }

    @Test
    void shouldLetTheKeeperHandOverBeforeAnybodyElseIsTouched() throws IOException {
        assertThat(values("KillMode")).containsExactly("mixed");
        assertThat(seconds("TimeoutStopSec")).isGreaterThan(HAND_OVER_SECONDS);
        // What is before us at the start is after us at the shutdown.
        assertThat(values("After")).singleElement().asString().contains("network-online.target");
    }

    @Test
    void shouldBelieveProvenProgressOnly() throws IOException {
        assertThat(values("Type")).containsExactly("notify");
        assertThat(values("NotifyAccess")).containsExactly("main");
        assertThat(seconds("WatchdogSec")).isGreaterThanOrEqualTo(WATCHDOG_SECONDS_MIN);
    }

    @Test
    void shouldStartAgainWhatDiedAndNotWhatWasRefused() throws IOException {
        assertThat(values("Restart")).containsExactly("on-failure");
        assertThat(values("RestartPreventExitStatus"))
                .singleElement()
                .asString()
                .matches("(.* )?78( .*)?");
        assertThat(values("OOMPolicy")).as("the daemon's death").containsExactly("continue");
    }

    @Test
    void shouldLeaveTheMountVisibleToTheWholeMachine() throws IOException {
        for (var key : List.of("PrivateMounts", "PrivateTmp", "ProtectSystem", "ProtectHome")) {
            assertThat(values(key)).as(key).isEmpty();
        }
    }

    private static List<String> values(String key) throws IOException {
        return Files.readAllLines(UNIT).stream()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1))
                .toList();
    }

    private static int seconds(String key) throws IOException {
        return Integer.parseInt(values(key).getFirst());
    }
}
