package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.address.GratuitousArp;
import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.FlightRecorderOptions;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who serves announces its address again, without a change of roles (keepalived #166). */
class AnnouncementResourceTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final GratuitousArp ANNOUNCEMENT =
            new GratuitousArp(
                    "eth0",
                    Inet4Address.ofLiteral("192.0.2.10"),
                    Set.of(Inet4Address.ofLiteral("192.0.2.1")),
                    Duration.ofSeconds(5));

    private final List<GratuitousArp> sent = new ArrayList<>();
    @TempDir private Path directory = Path.of("");
    private FlightRecorder recorder;

    @BeforeEach
    void startRecorder() throws IOException {
        recorder =
                FlightRecorder.start(
                        new FlightRecorderOptions(directory, "dhcp1"),
                        InstantSource.system(),
                        System::nanoTime);
    }

    @AfterEach
    void stopRecorder() {
        recorder.close();
    }

    private AnnouncementResource announcedBy(AnnouncementResource.Sender sender) {
        return new AnnouncementResource(ANNOUNCEMENT, sender, new Journalist(recorder));
    }

    @Test
    void shouldAnnounceAgainAtEachLookAlthoughItServedAllTheTime() throws Exception {
        var resource =
                announcedBy(announcement -> {
                    sent.add(announcement);
                    return new GratuitousArp.Outcome(1, Map.of(), Set.of(), Set.of());
                });
        resource.start(true, LIMIT);

        assertThat(resource.monitor(LIMIT)).isInstanceOf(Health.Good.class);
        assertThat(resource.monitor(LIMIT)).isInstanceOf(Health.Good.class);

        assertThat(sent).containsExactly(ANNOUNCEMENT.once(), ANNOUNCEMENT.once());
    }

    @Test
    void shouldSayWhereItCannotBeAnnounced() {
        var resource =
                announcedBy(_ -> {
                    throw new IOException("Network is down");
                });

        assertThat(resource.monitor(LIMIT))
                .isEqualTo(
                        new Health.Failed("cannot announce 192.0.2.10 on eth0: Network is down"));
    }
}
