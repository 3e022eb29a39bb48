package io.leasehold.heartbeat.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {
    @TempDir private Path directory;
    private Path path;

    @BeforeEach
    void name() {
        path = directory.resolve("state");
    }

    private static DurableState state(long promised) {
        return DurableState.fresh(
                        ArbitrationMode.FENCING, new NodeName("dhcp1"), new BootId("boot-1"))
                .withPromised(new Epoch(promised));
    }

    @Test
    void shouldHoldNothingAtFirst() throws IOException {
        try (var file = StateFile.open(path)) {
            assertThat(file.newest()).isEmpty();
        }
        try (var file = StateFile.open(path)) {
            assertThat(file.newest()).isEmpty();
        }
    }

    @Test
    void shouldReadBackTheNewest() throws IOException {
        try (var file = StateFile.open(path)) {
            for (long epoch = 1; epoch <= 5; epoch++) {
                file.write(state(epoch));
            }
        }
        try (var file = StateFile.open(path)) {
            assertThat(file.newest()).contains(state(5));
        }
    }

    @Test
    void shouldKeepTheOneBeforeAWriteThatWasTornAnywhere() throws IOException {
        try (var file = StateFile.open(path)) {
            file.write(state(1));
            file.write(state(2));
        }
        var before = Files.readAllBytes(path);
        try (var file = StateFile.open(path)) {
            file.write(state(3));
        }
        var after = Files.readAllBytes(path);
        for (int torn = 0; torn < StateFile.SLOT_BYTES; torn += 7) {
            // Write 3 goes into slot B; of it only the first bytes have reached the disk.
            var mixed = before.clone();
            System.arraycopy(after, StateFile.SLOT_BYTES, mixed, StateFile.SLOT_BYTES, torn);
            Files.write(path, mixed);
            try (var file = StateFile.open(path)) {
                assertThat(file.newest().map(DurableState::promised))
                        .as("torn after %d bytes", torn)
                        .isIn(
                                java.util.Optional.of(new Epoch(2)),
                                java.util.Optional.of(new Epoch(3)));
            }
        }
    }

    @Test
    void shouldRefuseAFileOfWhichBothSlotsAreDamaged() throws IOException {
        try (var file = StateFile.open(path)) {
            file.write(state(1));
            file.write(state(2));
        }
        try (var raw = new RandomAccessFile(path.toFile(), "rw")) {
            raw.seek(20);
            raw.write(0xff);
            raw.seek(StateFile.SLOT_BYTES + 20);
            raw.write(0xff);
        }
        assertThatThrownBy(() -> StateFile.open(path))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds no whole state");
    }
}
