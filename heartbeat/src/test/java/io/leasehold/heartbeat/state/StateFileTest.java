package io.leasehold.heartbeat.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Standing;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
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
                var read = file.newest().orElseThrow();
                if (Arrays.equals(mixed, after)) {
                    assertThat(read).isEqualTo(state(3));
                } else if (Arrays.equals(mixed, before)) {
                    assertThat(read).isEqualTo(state(2));
                } else {
                    assertThat(read)
                            .as("torn after %d bytes", torn)
                            .isEqualTo(state(2).withoutRights());
                    assertThat(file.damage()).isPresent();
                }
            }
        }
    }

    /** A power cut while the node was started for the first time: it must start again by itself. */
    @Test
    void shouldHoldNothingWhenTheVeryFirstWriteWasTornAnywhere() throws IOException {
        StateFile.open(path).close();
        var before = Files.readAllBytes(path);
        try (var file = StateFile.open(path)) {
            file.write(state(1));
        }
        var after = Files.readAllBytes(path);
        for (int torn = 0; torn < 16 * 31; torn += 31) {
            var mixed = before.clone();
            System.arraycopy(after, StateFile.SLOT_BYTES, mixed, StateFile.SLOT_BYTES, torn);
            Files.write(path, mixed);
            try (var file = StateFile.open(path)) {
                if (Arrays.equals(mixed, after)) {
                    assertThat(file.newest()).contains(state(1));
                    continue;
                }
                assertThat(file.newest()).as("torn after %d bytes", torn).isEmpty();
                assertThat(file.damage().isPresent()).isEqualTo(!Arrays.equals(mixed, before));
                file.write(state(1));
            }
            try (var file = StateFile.open(path)) {
                assertThat(file.newest()).contains(state(1));
                assertThat(file.damage()).isEmpty();
            }
        }
    }

    /** The newest one was acknowledged, and others relied on it: what it took away stays away. */
    @Test
    void shouldGiveNoRightBackWhenTheNewestIsDamagedOrGone() throws IOException {
        var alone = alone();
        for (var loss : Loss.values()) {
            Files.deleteIfExists(path);
            try (var file = StateFile.open(path)) {
                for (int i = 0; i < 3; i++) {
                    file.write(alone);
                }
                file.write(alone.withoutPermit());
            }
            // Write 4 is in slot A.
            loss.happenTo(path, 0);

            try (var file = StateFile.open(path)) {
                var read = file.newest().orElseThrow();
                assertThat(read.holdsPermit()).as("%s", loss).isFalse();
                assertThat(read.standing()).isEqualTo(Standing.OUTDATED);
                assertThat(read.wasPrimary()).isFalse();
                assertThat(read.lastRequestNumber()).isGreaterThan(alone.lastRequestNumber());
                assertThat(read.promised()).isEqualTo(alone.promised());
                assertThat(file.damage().orElseThrow())
                        .contains(path + ": slot at offset 0")
                        .contains("write 3 is left");
                file.write(read);
            }
            try (var file = StateFile.open(path)) {
                assertThat(file.damage()).as("written over").isEmpty();
                assertThat(file.newest().orElseThrow().standing()).isEqualTo(Standing.OUTDATED);
            }
        }
    }

    private enum Loss {
        FLIPPED_BIT,
        ZEROS;

        void happenTo(Path path, int offset) throws IOException {
            try (var raw = new RandomAccessFile(path.toFile(), "rw")) {
                switch (this) {
                    case FLIPPED_BIT -> {
                        raw.seek(offset + 40);
                        int was = raw.read();
                        raw.seek(offset + 40);
                        raw.write(was ^ 0x10);
                    }
                    case ZEROS -> {
                        raw.seek(offset);
                        raw.write(new byte[StateFile.SLOT_BYTES]);
                    }
                }
            }
        }
    }

    /** Primary, up to date, with the permit to restart alone. */
    private static DurableState alone() {
        var me = new NodeName("dhcp1");
        var fresh = DurableState.fresh(ArbitrationMode.FENCING, me, new BootId("boot-1"));
        var record =
                new ClusterRecord(
                        ArbitrationMode.FENCING,
                        new Epoch(4),
                        Optional.of(me),
                        Set.of(me),
                        new Generation(9),
                        new RequestId(me, 12));
        return fresh.withRecord(record)
                .withStanding(Standing.UP_TO_DATE)
                .withWasPrimary(true)
                .withPermit();
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
