package io.leasehold.heartbeat.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is written to the device; a file stands in for it, because this machine's own, if it has
 * one, would reset it.
 */
class WatchdogDeviceTest {
    @TempDir Path directory = Path.of("/");

    @Test
    void shouldFeedAndStopByTheMagicByteAlone() throws IOException {
        var file = directory.resolve("fed");
        var device = onFile(file);

        device.feed();
        device.feed();
        assertThat(Files.readString(file, StandardCharsets.US_ASCII))
                .hasSize(2)
                .doesNotContain("V");
        device.disarm();

        assertThat(Files.readString(file, StandardCharsets.US_ASCII)).hasSize(3).endsWith("V");
        assertThatThrownBy(device::feed).isInstanceOf(IOException.class);
    }

    @Test
    void shouldNotStopWhenItIsOnlyLetGoOf() throws IOException {
        var file = directory.resolve("abandoned");
        var device = onFile(file);

        device.feed();
        device.close();

        assertThat(Files.readString(file, StandardCharsets.US_ASCII)).doesNotContain("V");
    }

    @Test
    void shouldRefuseWhatIsNoWatchdog() throws IOException {
        var file = Files.createFile(directory.resolve("regular"));

        assertThatThrownBy(() -> WatchdogDevice.open(file, 10))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("WDIOC_SETTIMEOUT, " + file)
                .hasMessageContaining("ENOTTY");
        assertThatThrownBy(() -> WatchdogDevice.open(directory.resolve("missing"), 10))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("ENOENT");
    }

    private static WatchdogDevice onFile(Path file) throws IOException {
        return WatchdogDevice.opened(Files.createFile(file));
    }
}
