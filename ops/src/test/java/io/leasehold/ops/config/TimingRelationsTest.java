package io.leasehold.ops.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.membership.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the file may say, the cluster manager accepts: it has the last word on its own times. */
class TimingRelationsTest {
    private static final long SEED = 20_261_122;
    private static final Path EXAMPLE = Path.of("examples/leasehold.conf");

    @Test
    void shouldOnlyAcceptWhatTheClusterManagerAccepts() throws IOException {
        var random = new Random(SEED);
        var example = Files.readString(EXAMPLE);
        int accepted = 0;
        for (int i = 0; i < 300; i++) {
            var keepalive = 10 + random.nextInt(100);
            var warn = keepalive * (1 + random.nextInt(4));
            var dead = warn + random.nextInt(400) - 50;
            var init = Math.max(100, dead * (1 + random.nextInt(4)));
            var daemon = 1_000 + random.nextInt(1_000);
            var early = 2 + random.nextInt(4);
            var timing =
                    "timing { keepalive = %d ms, warn-time = %d ms, dead-time = %d ms, init-dead = %d ms, daemon-dead-time = %d ms, early-missed-beats = %d }"
                            .formatted(keepalive, warn, dead, init, daemon, early);

            if (ConfigurationFile.parse(example + timing, "test.conf") instanceof Loaded.Valid) {
                accepted++;
                assertThat(
                                Timing.violations(
                                        millis(keepalive),
                                        millis(warn),
                                        millis(dead),
                                        millis(init),
                                        millis(daemon),
                                        early))
                        .as("seed %d, case %d: %s", SEED, i, timing)
                        .isEmpty();
            }
        }
        // Neither everything nor nothing, or the test would say nothing.
        assertThat(accepted).isBetween(30, 270);
    }

    @Test
    void shouldHaveTheDefaultsOfTheClusterManager() throws IOException {
        var timing =
                assertThat(ConfigurationFile.load(EXAMPLE))
                        .asInstanceOf(type(Loaded.Valid.class))
                        .actual()
                        .configuration()
                        .timing();

        assertThat(
                        new Timing(
                                timing.keepalive().toNanos(),
                                timing.warnTime().toNanos(),
                                timing.deadTime().toNanos(),
                                timing.initDead().toNanos(),
                                timing.daemonDeadTime().toNanos(),
                                timing.earlyMissedBeats()))
                .isEqualTo(Timing.defaults());
        assertThat(LeaseTiming.ofLength(timing.servingLease().toNanos()))
                .isEqualTo(LeaseTiming.defaults());
    }

    private static long millis(long millis) {
        return millis * 1_000_000;
    }
}
