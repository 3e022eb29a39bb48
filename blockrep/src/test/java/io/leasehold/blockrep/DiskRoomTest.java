package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.NodeName;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DiskRoomTest {
    private static final long MIB = 1L << 20;

    private long freeBytes = 0;
    private final DiskRoom room =
            new DiskRoom(
                    new NodeName("b"),
                    Path.of("/var/lib/leasehold/volume"),
                    VolumeConfiguration.roomBytesWanted(32 * MIB),
                    () -> freeBytes);

    @Test
    void shouldSayWhatAPersonDoesAboutAFullDisk() {
        assertThat(room.refused("No space left on device"))
                .isEqualTo(
                        "the disk of b is full (No space left on device): make room below"
                                + " /var/lib/leasehold/volume; with 64 MiB free it is used again"
                                + " by itself");
    }

    @Test
    void shouldSayNothingOfRoomThatIsThere() {
        freeBytes = 64 * MIB;

        assertThat(room.refused("Input/output error")).isEqualTo("Input/output error");
        assertThat(room.failed("Input/output error"))
                .isEqualTo(
                        "Input/output error: when it works again, or is another one, restart the"
                                + " daemon of b");
    }

    @Test
    void shouldWelcomeASuccessorOnceADiskThatFailedForWantOfRoomHasIt() {
        assertThat(room.failed("No space left on device")).startsWith("it is full (No space left");

        freeBytes = 64 * MIB - 1;
        assertThat(room.isThereAgain()).isFalse();
        freeBytes = 64 * MIB;
        assertThat(room.isThereAgain()).isTrue();
    }

    /** R32: room does not mend a disk that failed for another reason. */
    @Test
    void shouldWelcomeNobodyOnADiskThatFailedWithRoomOnIt() {
        freeBytes = 64 * MIB;
        room.failed("Input/output error");

        assertThat(room.isThereAgain()).isFalse();
    }

    /** What is full and what is not is not known; a person looks. */
    @Test
    void shouldNotTakeADiskForFullThatDoesNotTell() {
        var silent =
                new DiskRoom(
                        new NodeName("b"),
                        Path.of("/volume"),
                        VolumeConfiguration.roomBytesWanted(0),
                        () -> {
                            throw new IOException("Input/output error");
                        });

        assertThat(silent.failed("Input/output error")).doesNotContain("full");
        assertThat(silent.isThereAgain()).isFalse();
    }
}
