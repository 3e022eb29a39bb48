package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.NodeName;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StartRoomTest {
    private static final Path VOLUME = Path.of("/var/lib/leasehold/volume");
    private static final Path STATE = Path.of("/state");
    private static final long MIB = 1L << 20;

    private static StartRoom room(StartRoom.Free free) {
        return new StartRoom(new NodeName("dhcp2"), List.of(VOLUME, STATE), 64 * MIB, free);
    }

    @Test
    void shouldSayWhichDiskIsFullAndHowMuchMustBeFree() {
        assertThat(
                        room(directory -> directory.equals(VOLUME) ? 3 * MIB : 64 * MIB)
                                .remedy("redo: No space left on device"))
                .contains(
                        "the disk of dhcp2 is full (redo: No space left on device): make room below"
                                + " /var/lib/leasehold/volume, where 3 MiB are free; with 64 MiB it"
                                + " starts by itself");
        assertThat(room(directory -> directory.equals(STATE) ? 0 : 64 * MIB).remedy("mkdir"))
                .hasValueSatisfying(said -> assertThat(said).contains("make room below /state,"));
    }

    @Test
    void shouldBlameNoDiskThatHasRoomOrDoesNotTell() {
        assertThat(room(_ -> 64 * MIB).remedy("Permission denied")).isEmpty();
        assertThat(
                        room(
                                        _ -> {
                                            throw new IOException("Input/output error");
                                        })
                                .remedy("Input/output error"))
                .isEmpty();
    }

    @Test
    void shouldWaitForRoomOnEachDisk() throws InterruptedException {
        var looks = new AtomicInteger();
        var room =
                room(directory ->
                        directory.equals(VOLUME) || looks.incrementAndGet() > 1 ? 64 * MIB : 0);

        assertThat(room.await(Duration.ofMinutes(1))).isTrue();
        assertThat(looks).hasValue(2);
    }

    @Test
    void shouldNotWaitForEver() throws InterruptedException {
        assertThat(room(_ -> 0).await(Duration.ZERO)).isFalse();
    }
}
