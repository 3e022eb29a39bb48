package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.linux.LinuxException;
import io.leasehold.blockrep.volume.FileLog;
import io.leasehold.blockrep.volume.History;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Volume;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A mount that a process of its own serves, as in production; this process holds the descriptor, as
 * the keeper does. Closing it leaves neither a mount nor a process behind.
 */
final class ServedMount implements AutoCloseable {

    final Path directory;
    final Path mountPoint;
    private final int device;
    private Process daemon;

    private ServedMount(Path directory, Path mountPoint, int device, Process daemon) {
        this.directory = directory;
        this.mountPoint = mountPoint;
        this.device = device;
        this.daemon = daemon;
    }

    static ServedMount start(Path base) throws IOException {
        return start(base, "start");
    }

    /** By a daemon of another {@linkplain FuseDaemon mode}. */
    static ServedMount start(Path base, String mode) throws IOException {
        int device = FuseMount.openDevice();
        var directory = base.resolve("daemon");
        var mountPoint = base.resolve("mount");
        try {
            return new ServedMount(
                    directory, mountPoint, device, launch(directory, mountPoint, mode, device));
        } catch (IOException e) {
            unmount(mountPoint);
            Linux.close(device);
            throw e;
        }
    }

    /** Kills the daemon as kill -9 does, in the middle of whatever it does. */
    void kill() {
        try {
            // Not onExit(): it completes on the common pool, where a test's writer may be waiting
            // for this mount.
            daemon.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until the daemon has died by itself. */
    void awaitDeath() throws InterruptedException {
        assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).as("the daemon dies").isTrue();
    }

    /** Starts a successor. */
    void resume() throws IOException {
        daemon = launch(directory, mountPoint, "resume", device);
    }

    private static Process launch(Path directory, Path mountPoint, String mode, int device)
            throws IOException {
        Files.createDirectories(directory);
        var daemon =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-Xmx256m",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                FuseDaemon.class.getName(),
                                directory.toString(),
                                mountPoint.toString(),
                                mode,
                                Long.toString(ProcessHandle.current().pid()),
                                Integer.toString(device))
                        .redirectError(directory.resolve("daemon.log").toFile())
                        .start();
        // Not closed: the daemon would get EPIPE from its own output.
        var output = new BufferedReader(daemon.inputReader(StandardCharsets.UTF_8));
        for (var line = output.readLine(); line != null; line = output.readLine()) {
            if (line.equals("READY")) {
                return daemon;
            }
        }
        throw new IOException(
                "the daemon did not start: " + Files.readString(directory.resolve("daemon.log")));
    }

    /**
     * Runs a script with bash in a directory; answers everything that it printed. Fails with the
     * script.
     */
    static String run(Path workingDirectory, String script)
            throws IOException, InterruptedException {
        var process =
                new ProcessBuilder("timeout", "60", "bash", "-euo", "pipefail", "-c", script)
                        .directory(workingDirectory.toFile())
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("exit code; output: %s", output).isZero();
        return output;
    }

    /**
     * Unmounts, and checks that a replica that gets all operations becomes equal to the one that
     * was served.
     */
    void shouldReplicateIdentically() throws IOException, InterruptedException {
        run(mountPoint.resolveSibling("daemon"), "sync -f ../mount");
        // Forced: another program's mount namespace may have a copy of the mount, which would keep
        // it alive.
        Linux.umount2(mountPoint, Linux.MNT_FORCE);
        assertThat(daemon.waitFor(20, TimeUnit.SECONDS)).as("daemon ends with its mount").isTrue();
        try (var log = FileLog.open(directory.resolve("log"), 0);
                var served = Volume.open(directory.resolve("volume"), Seq.NONE, log.history());
                var replica = Volume.open(directory.resolve("replica"), Seq.NONE, History.NONE)) {
            log.history().forEach(replica::apply);
            assertThat(replica.digest()).isEqualTo(served.digest());
            assertThat(replica.manifest().files()).hasSameSizeAs(served.manifest().files());
        }
    }

    String daemonLog() throws IOException {
        return Files.readString(directory.resolve("daemon.log"));
    }

    @Override
    public void close() throws IOException {
        List<IOException> failures = new ArrayList<>();
        try {
            unmount(mountPoint);
        } catch (IOException e) {
            failures.add(e);
        }
        kill();
        Linux.close(device);
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }

    private static void unmount(Path mountPoint) throws IOException {
        try {
            Linux.umount2(mountPoint, Linux.MNT_FORCE | Linux.MNT_DETACH);
        } catch (LinuxException e) {
            // Not mounted, or not even made.
            if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }
}
