package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a service manager hears that listens as systemd does. */
class ServiceManagerTest {
    @TempDir Path directory = Path.of("/");

    @ParameterizedTest
    @ValueSource(strings = {"/", "@"})
    void shouldTellByPathAndByAbstractName(String kind) throws IOException {
        var name = kind.equals("@") ? "@leasehold-test-" + directory : directory + "/notify";
        try (var listening = new NotifySocket(name);
                var manager =
                        ServiceManager.of(
                                Map.of("NOTIFY_SOCKET", name, "WATCHDOG_USEC", "10000000"))) {
            manager.ready();
            manager.alive();
            manager.stopping();

            assertThat(listening.heard()).containsExactly("READY=1", "WATCHDOG=1", "STOPPING=1");
        }
    }

    @Test
    void shouldNotFeedAWatchdogThatNobodySet() throws IOException {
        var name = directory + "/notify";
        try (var listening = new NotifySocket(name);
                var manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", name))) {
            manager.alive();

            assertThat(listening.heard()).isEmpty();
        }
    }

    @Test
    void shouldGoOnWithoutAManagerAndWithOneThatDoesNotListen() throws IOException {
        var gone = Map.of("NOTIFY_SOCKET", directory + "/gone", "WATCHDOG_USEC", "1");
        try (var none = ServiceManager.of(Map.of());
                var deaf = ServiceManager.of(gone)) {
            none.ready();
            deaf.ready();
            deaf.alive();
        }
    }

    @Test
    void shouldHideTheManagerFromTheProcessesOfTheService() {
        var environment =
                Map.of(
                        "NOTIFY_SOCKET",
                        "/run/systemd/notify",
                        "WATCHDOG_USEC",
                        "1",
                        "WATCHDOG_PID",
                        "2",
                        "LANG",
                        "C");

        assertThat(ServiceManager.withoutIt(environment)).isEqualTo(Map.of("LANG", "C"));
    }
}
