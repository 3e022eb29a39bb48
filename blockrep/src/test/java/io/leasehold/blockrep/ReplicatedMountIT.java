package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.blockrep.fuse.FuseMount;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.replication.Promotion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A mounted volume of two nodes: what a program has synced is on both disks. */
class ReplicatedMountIT {
    @TempDir Path directory;
    private VolumePair pair;
    private Path mountPoint;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "no /dev/fuse here");
        mountPoint = Files.createDirectory(directory.resolve("mnt"));
        pair = new VolumePair(directory);
        pair.start();
    }

    @AfterEach
    void stop() throws Exception {
        if (pair != null) {
            pair.a.volume().unmount(true);
            pair.b.volume().unmount(true);
            pair.close();
        }
    }

    @Test
    void shouldHaveOnBothDisksWhatAProgramHasSynced() throws Exception {
        long descriptorsBefore = openFuseDescriptors();
        mountAndCloseDevice(pair.a.volume());
        assertThat(pair.a.volume().facts().mountPoint()).contains(mountPoint);
        var text = "lease 198.18.0.1 { binding state active; }\n";

        try (var file =
                FileChannel.open(
                        mountPoint.resolve("dhcpd.leases"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE)) {
            for (int i = 0; i < 100; i++) {
                file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
                file.force(false);
            }
        }

        // In the journal of the peer when force() returned, in its tree a moment later.
        var onPeer = pair.b.root().resolve("volume/tree/dhcpd.leases");
        Awaitility.await().until(() -> Files.size(onPeer) == 100L * text.length());
        assertThat(onPeer).hasContent(text.repeat(100));
        assertThatThrownBy(() -> pair.a.volume().demote())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("R38");

        // The same, from the other node.
        assertThat(pair.a.volume().park(Duration.ofSeconds(5)))
                .isInstanceOf(Drained.AllDurable.class);
        pair.a.volume().unmount(false);
        pair.a.volume().demote();
        assertThat(pair.b.promote(pair.nextEpoch(), Set.of(VolumePair.B)))
                .isInstanceOf(Promotion.Granted.class);
        mountAndCloseDevice(pair.b.volume());
        assertThat(mountPoint.resolve("dhcpd.leases")).hasContent(text.repeat(100));
        pair.b.volume().unmount(false);
        assertThat(openFuseDescriptors()).as("left open").isEqualTo(descriptorsBefore);
    }

    /** Owner, mode, times, attributes, links and numbers of files do not depend on the node. */
    @Test
    void shouldShowTheSameFilesOnEitherNode() throws Exception {
        mountAndCloseDevice(pair.a.volume());
        var file = mountPoint.resolve("dhcpd.leases");
        Files.writeString(file, "lease 198.18.0.1 { }\n");
        Files.createLink(mountPoint.resolve("dhcpd.leases~"), file);
        Files.createSymbolicLink(mountPoint.resolve("link"), Path.of("dhcpd.leases"));
        Files.createDirectory(mountPoint.resolve("d"));
        Files.setAttribute(file, "unix:uid", 101);
        Files.setAttribute(file, "unix:mode", 0640);
        Files.setAttribute(file, "user:origin", ByteBuffer.wrap(new byte[] {1, 2, 3}));
        Files.setLastModifiedTime(
                file, FileTime.from(Instant.parse("2001-02-03T04:05:06.123456789Z")));
        var onA = describe();

        assertThat(pair.a.volume().park(Duration.ofSeconds(5)))
                .isInstanceOf(Drained.AllDurable.class);
        pair.a.volume().unmount(false);
        pair.a.volume().demote();
        assertThat(pair.b.promote(pair.nextEpoch(), Set.of(VolumePair.B)))
                .isInstanceOf(Promotion.Granted.class);
        mountAndCloseDevice(pair.b.volume());

        assertThat(describe()).isEqualTo(onA).hasSize(4);
        assertThat(onA).anyMatch(line -> line.contains("05:06.123456789Z") && line.contains("101"));
        assertThat((byte[]) Files.getAttribute(file, "user:origin")).containsExactly(1, 2, 3);
        pair.b.volume().unmount(false);
    }

    /** Name, inode, links, mode, owner, size and mtime of everything on the mount. */
    private List<String> describe() throws IOException {
        var lines = new ArrayList<String>();
        try (var files = Files.list(mountPoint)) {
            for (var file : files.sorted().toList()) {
                var attributes =
                        Files.readAttributes(
                                file,
                                "unix:ino,nlink,mode,uid,gid,size,lastModifiedTime",
                                LinkOption.NOFOLLOW_LINKS);
                lines.add(file.getFileName() + " " + new TreeMap<>(attributes));
            }
        }
        return lines;
    }

    private void mountAndCloseDevice(ReplicatedVolume volume) throws IOException {
        int device = FuseMount.openDevice();
        try {
            volume.mount(device, mountPoint, false);
        } finally {
            Linux.close(device);
        }
    }

    private static long openFuseDescriptors() throws IOException {
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(ReplicatedMountIT::isFuse).count();
        }
    }

    private static boolean isFuse(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).equals(Path.of("/dev/fuse"));
        } catch (IOException _) {
            return false; // closed meanwhile
        }
    }

    @Test
    void shouldTellWhereTheVolumeIsUntilItIsMounted() throws Exception {
        var note = "The volume is mounted on a.\n";
        pair.b.volume().markReadOnlyNote(mountPoint, note);
        assertThat(mountPoint).isDirectoryContaining("glob:**NOT-MOUNTED-HERE.txt");
        assertThatThrownBy(() -> Files.writeString(mountPoint.resolve("dhcpd.conf"), "x"))
                .hasMessageContaining("Read-only");

        mountAndCloseDevice(pair.a.volume());
        Files.writeString(mountPoint.resolve("dhcpd.conf"), "x");

        // Whoever renews the note may have asked a moment before.
        pair.b.volume().markReadOnlyNote(mountPoint, note);
        assertThat(ReplicatedVolume.isOnTop(mountPoint)).isTrue();
        assertThat(mountPoint).isDirectoryNotContaining("glob:**NOT-MOUNTED-HERE.txt");
        assertThat(mountPoint.resolve("dhcpd.conf")).hasContent("x");
        pair.a.volume().unmount(false);
        assertThat(mountPoint).isEmptyDirectory();
    }

    @Test
    void shouldUnmountTheVolumeAndNotWhatCoversIt() throws Exception {
        mountAndCloseDevice(pair.a.volume());
        Linux.mount("foreign", mountPoint, "tmpfs", 0, "");
        assertThat(ReplicatedVolume.isOnTop(mountPoint)).isFalse();

        pair.a.volume().unmount(false);

        assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                .doesNotContain(mountPoint.toString());
    }
}
