package io.leasehold.heartbeat.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left after kill -9. */
class FlightRecorderIT {
    private static final int ENTRIES = 500;

    @TempDir Path directory = Path.of("/");

    /** Records, says so by a file, and waits to be killed. */
    static final class Recording {
        private Recording() {}

        public static void main(String[] arguments) throws IOException {
            var directory = Path.of(arguments[0]);
            var recorder = start(directory);
            for (int i = 1; i <= ENTRIES; i++) {
                recorder.record(new Observation("test", "R40", List.of(), "entry " + i, Map.of()));
            }
            recorder.last(1);
            Files.createFile(directory.resolve("recorded"));
            new Semaphore(0).acquireUninterruptibly();
        }
    }

    @Test
    void shouldHaveEverythingAfterKillMinusNineAndGoOn() throws Exception {
        var command =
                new ArrayList<>(
                        List.of(Path.of(System.getProperty("java.home"), "bin/java").toString()));
        // The flags of this very JVM: the queue needs its exports.
        command.addAll(
                ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                        .filter(argument -> argument.startsWith("--"))
                        .toList());
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        Recording.class.getName(),
                        directory.toString()));
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("log").toFile())
                        .start();
        try {
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> Files.exists(directory.resolve("recorded")));
        } finally {
            process.destroyForcibly().waitFor();
        }

        try (var recorder = start(directory)) {
            recorder.record(new Observation("test", "", List.of(), "the next life", Map.of()));

            var items = recorder.from(1, 10_000);
            assertThat(items)
                    .hasSize(ENTRIES + 1)
                    .hasOnlyElementsOfType(HistoryItem.Recorded.class);
            var last = ((HistoryItem.Recorded) items.getLast()).entry();
            assertThat(last.sequence()).isEqualTo(ENTRIES + 1);
            assertThat(last.observation().text()).isEqualTo("the next life");
        }
    }

    private static FlightRecorder start(Path directory) {
        return FlightRecorder.start(
                new FlightRecorderOptions(
                        directory.resolve("history"),
                        "dhcp1",
                        1L << 30,
                        Duration.ofDays(1),
                        1L << 20),
                InstantSource.system(),
                System::nanoTime);
    }
}
