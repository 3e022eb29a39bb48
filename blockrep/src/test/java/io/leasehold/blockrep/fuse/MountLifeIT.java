package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.volume.FileLog;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Volume;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mounting, unmounting, and the note where nothing is mounted. Needs root and /dev/fuse. */
class MountLifeIT {

    @TempDir Path base;

    @Test
    void shouldRefuseToUnmountWhatIsInUseAndServeOn() throws IOException, InterruptedException {
        var mountPoint = Files.createDirectory(base.resolve("mount"));
        int device = FuseMount.openDevice();
        try (var log = FileLog.open(base.resolve("log"), 0);
                var volume = Volume.open(base.resolve("volume"), Seq.NONE, log.history())) {
            var mount =
                    FuseMount.start(
                            device,
                            volume,
                            log,
                            FuseDaemon.options(base, mountPoint, 2),
                            new FuseDaemon.Listener());
            var user =
                    new ProcessBuilder(
                                    "bash", "-c", "cd mount; echo in; read line; echo x > f; cat f")
                            .directory(base.toFile())
                            .start();
            try (var output = user.inputReader()) {
                assertThat(output.readLine()).isEqualTo("in");
                assertThatThrownBy(() -> mount.unmount(false)).hasMessageContaining("in use");
                user.getOutputStream().write('\n');
                user.getOutputStream().flush();
                assertThat(output.readLine()).isEqualTo("x");
                user.waitFor();
            } finally {
                user.destroyForcibly().waitFor();
                mount.unmount(false);
            }
            assertThat(mountPoint).isEmptyDirectory();
            assertThat(base.resolve("volume/tree/f")).hasContent("x");
        } finally {
            Linux.close(device);
        }
    }

    /** As below Linux 6.9: the kernel takes no order to send requests again. */
    @Test
    void shouldRefuseToGoOnWithAMountWhoseRequestsAreNotSentAgain() throws IOException {
        var options = FuseDaemon.options(base, base.resolve("mount"), 2);
        MountState.write(options.stateFile(), 4711);
        // Not mounted, so that the kernel refuses any order on it.
        int device = FuseMount.openDevice();
        try (var log = FileLog.open(base.resolve("log"), 0);
                var volume = Volume.open(base.resolve("volume"), Seq.NONE, log.history())) {
            assertThatThrownBy(() ->
                            FuseMount.resume(
                                    device, volume, log, options, new FuseDaemon.Listener()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("Linux 6.9");
        } finally {
            Linux.close(device);
        }
    }

    @Test
    void shouldRefuseToGoOnWithAMountOfWhichItKnowsNothing() throws IOException {
        var options = FuseDaemon.options(base, base.resolve("mount"), 2);
        Files.writeString(options.stateFile(), "LHFUSE01");
        int device = FuseMount.openDevice();
        try (var log = FileLog.open(base.resolve("log"), 0);
                var volume = Volume.open(base.resolve("volume"), Seq.NONE, log.history())) {
            assertThatThrownBy(() ->
                            FuseMount.resume(
                                    device, volume, log, options, new FuseDaemon.Listener()))
                    .hasMessageContaining("(8 bytes) is not the state of a mount");
        } finally {
            Linux.close(device);
        }
    }

    @Test
    void shouldShowANoteThatNobodyCanChange() throws IOException {
        var mountPoint = Files.createDirectory(base.resolve("mount"));
        SecondaryNote.show(mountPoint, "VOLUME-IS-MOUNTED-ON-dhcp1.txt", "on dhcp1\n");
        try {
            SecondaryNote.show(mountPoint, "VOLUME-IS-MOUNTED-ON-dhcp2.txt", "on dhcp2\n");

            assertThat(mountPoint).isDirectoryContaining("glob:**-dhcp2.txt");
            assertThat(mountPoint.resolve("VOLUME-IS-MOUNTED-ON-dhcp2.txt"))
                    .hasContent("on dhcp2\n");
            assertThatThrownBy(() ->
                            Files.writeString(
                                    mountPoint.resolve("dhcpd.conf"), "edited on the wrong box"))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining("Read-only file system");
        } finally {
            SecondaryNote.remove(mountPoint);
        }
        assertThat(mountPoint).isEmptyDirectory();
    }

    /** A keeper was killed: the table still has its mount, and nobody can serve it again. */
    @Test
    void shouldTakeAwayAMountWhoseDescriptorIsClosed() throws IOException {
        var mountPoint = Files.createDirectory(base.resolve("mount"));
        int device = FuseMount.openDevice();
        try {
            Linux.mount(
                    "dead",
                    mountPoint,
                    FuseMount.TYPE,
                    0,
                    "fd=%d,rootmode=40000,user_id=0,group_id=0".formatted(device));
        } finally {
            Linux.close(device);
        }
        SecondaryNote.show(mountPoint, "VOLUME-IS-MOUNTED-ON-dhcp1.txt", "on dhcp1\n");
        assertThat(FuseMount.isOnTop(mountPoint)).isTrue();

        FuseMount.removeDead(mountPoint);

        assertThat(mountPoint).isEmptyDirectory();
    }
}
