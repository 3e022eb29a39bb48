package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.linux.ToyFuse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A daemon for {@link FuseDescriptorIT}: mounts a toy file system on the keeper's descriptor, has
 * the keeper start a writer on it, and says by files what happened. Its successor finds the mount
 * and touches nothing.
 */
final class ToyDaemon {
    private ToyDaemon() {}

    public static void main(String[] arguments) throws IOException {
        var directory = Path.of(arguments[0]);
        var client = KeeperClient.attach(directory.resolve("keeper.sock"), new RecordingListener());
        client.progress();
        if (client.state().fuse().isPresent()) {
            Files.createFile(directory.resolve("successor"));
            new java.util.concurrent.Semaphore(0).acquireUninterruptibly();
        }
        var mountPoint = directory.resolve("mnt");
        int descriptor = client.fuseDescriptor(mountPoint).number();
        var writer =
                new ProcessSpec(
                        "writer",
                        List.of(
                                "/bin/dd",
                                "if=/dev/zero",
                                "of=" + mountPoint + "/f",
                                "bs=5",
                                "count=1",
                                "conv=notrunc,fsync"),
                        Map.of(),
                        directory.resolve("writer.log"),
                        true);
        Thread.ofPlatform().start(() -> spawnWhenMounted(client, writer, directory));
        ToyFuse.serve(descriptor, mountPoint, () -> createFile(directory.resolve("fsync-arrived")));
    }

    private static void spawnWhenMounted(KeeperClient client, ProcessSpec writer, Path directory) {
        try {
            while (!Mounts.isFuseMount(directory.resolve("mnt"))) {
                Thread.onSpinWait();
            }
            Files.writeString(
                    directory.resolve("writer.pid"), Integer.toString(client.spawn(writer)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void createFile(Path file) {
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
