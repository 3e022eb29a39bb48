package io.leasehold.itests.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real ext4 on a disk that loses and fails. */
@Timeout(120)
class FaultyDiskIT {
    private static final LabName NAME = new LabName("disk-it");
    private static final String WRITE_SYNCED =
            "cd /var/lib/leasehold && head -c 9000 /dev/urandom >kept && sync kept && sha256sum kept";

    @BeforeAll
    static void up() throws Exception {
        Lab.up(NAME, LabOptions.plain().withFaultyDisk(true));
    }

    @AfterAll
    static void down() throws Exception {
        Lab.down(NAME);
        assertThat(Command.of("losetup", "--all").check()).doesNotContain(NAME.value());
    }

    private final ServerNode node = new ServerNode(LabNode.DHCP2, LabDirectory.of(NAME));

    @AfterEach
    void heal() throws Exception {
        node.disk().heal();
        // A file system that met an error may be read-only; it is mounted anew at the next boot.
        node.powerOff();
        node.powerOn();
    }

    @Test
    void shouldKeepWhatWasSyncedAndLoseOfTheRest() throws Exception {
        var sum = shell(WRITE_SYNCED);
        shell("cd /var/lib/leasehold && for i in $(seq 200); do echo $i >unsynced-$i; done");

        node.powerOffLosingUnsynced(42);
        node.powerOn();

        assertThat(shell("cd /var/lib/leasehold && sha256sum kept")).isEqualTo(sum);
        assertThat(shell("ls /var/lib/leasehold | grep -c '^unsynced' || true").strip())
                .isEqualTo("0");
    }

    @Test
    void shouldKeepEverythingWithoutThat() throws Exception {
        shell("cd /var/lib/leasehold && echo lazily >lazy");

        node.powerOff();
        node.powerOn();

        assertThat(shell("cat /var/lib/leasehold/lazy").strip()).isEqualTo("lazily");
    }

    @Test
    void shouldFailASyncWithAnError() throws Exception {
        node.disk().failIo();

        assertThatThrownBy(() -> shell(WRITE_SYNCED)).hasMessageContaining("Input/output error");
    }

    @Test
    void shouldTakeItsTimeWhenSlow() throws Exception {
        node.disk().slow(Duration.ofMillis(100));

        long startNanos = System.nanoTime();
        shell(WRITE_SYNCED);
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
                .isGreaterThan(Duration.ofMillis(100));
    }

    private String shell(String script) throws Exception {
        return Command.of("bash", "-c", "set -o pipefail; " + script)
                .behind(node.power().enter())
                .check();
    }
}
