package io.leasehold.itests.lab.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NeighbourLimitsTest {
    @TempDir Path temporary;
    private NeighbourLimits limits;

    @BeforeEach
    void begin() throws IOException {
        Files.writeString(temporary.resolve("gc_thresh1"), "128\n");
        Files.writeString(temporary.resolve("gc_thresh2"), "512\n");
        Files.writeString(temporary.resolve("gc_thresh3"), "1024\n");
        limits = new NeighbourLimits(temporary, temporary.resolve("before"));
    }

    private String limit(int number) throws IOException {
        return Files.readString(temporary.resolve("gc_thresh" + number)).strip();
    }

    @Test
    void shouldMakeRoomAndGiveBackWhatWasThereBeforeTheFirstOfTwoLabs() throws IOException {
        limits.raise(4_000);
        limits.raise(8_000);
        assertThat(limit(3)).isEqualTo("8000");

        limits.restore();

        assertThat(limit(1)).isEqualTo("128");
        assertThat(limit(2)).isEqualTo("512");
        assertThat(limit(3)).isEqualTo("1024");
        assertThat(temporary.resolve("before")).doesNotExist();
    }

    @Test
    void shouldLeaveAloneWhatIsEnough() throws IOException {
        limits.raise(1_000);
        limits.restore();

        assertThat(limit(1)).isEqualTo("128");
        assertThat(limit(3)).isEqualTo("1024");
    }
}
