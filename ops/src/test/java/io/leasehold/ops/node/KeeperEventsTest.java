package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.FlightRecorderOptions;
import io.leasehold.heartbeat.history.HistoryItem;
import io.leasehold.heartbeat.history.Observation;
import io.leasehold.heartbeat.keeper.KeeperHealth;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With {@code examples/leasehold.conf}. */
class KeeperEventsTest {
    @TempDir private Path directory;

    private static Configuration configuration() {
        return switch (ConfigurationFile.load(Path.of("examples/leasehold.conf"))) {
            case Loaded.Valid valid -> valid.configuration();
            case Loaded.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private static final class NoEnd implements KeeperEvents.Ends {
        @Override
        public void stoodDown(String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void keeperLost(String reason) {
            throw new AssertionError(reason);
        }
    }

    private List<Observation> observed(KeeperHealth health) throws IOException {
        var options =
                new FlightRecorderOptions(
                        directory,
                        "dhcp1",
                        FlightRecorderOptions.KEEP_BYTES_DEFAULT,
                        FlightRecorderOptions.KEEP_AGE_DEFAULT,
                        0);
        try (var recorder =
                FlightRecorder.start(options, InstantSource.system(), System::nanoTime)) {
            new KeeperEvents(
                            configuration(),
                            new NodeName("dhcp1"),
                            _ -> {},
                            _ -> {},
                            _ -> {},
                            new NoEnd(),
                            new Journalist(recorder))
                    .keeperHealth(health);
            return recorder.last(10).stream()
                    .map(item -> ((HistoryItem.Recorded) item).entry().observation())
                    .toList();
        }
    }

    @Test
    void shouldRecordThatTheKeeperMissedABeat() throws IOException {
        long keepaliveNanos = configuration().timing().keepalive().toNanos();

        assertThat(observed(new KeeperHealth(false, 20, keepaliveNanos + 7_000_000)))
                .singleElement()
                .satisfies(late -> {
                    assertThat(late.text())
                            .contains("was %d ms late".formatted(keepaliveNanos / 1_000_000 + 7));
                    assertThat(late.causes()).anyMatch(cause -> cause.contains("real-time"));
                });
    }

    @Test
    void shouldNotRecordWhatCostsNoBeat() throws IOException {
        long keepaliveNanos = configuration().timing().keepalive().toNanos();

        assertThat(observed(new KeeperHealth(true, 20, keepaliveNanos))).isEmpty();
    }
}
