package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The daemon is killed with SIGKILL while programs write; another process holds the descriptor, a
 * successor resumes. Nobody may see an error, and nothing may be done twice or not at all.
 */
class ResumeIT {

    private static final int KILLS = 4;

    @TempDir Path base;

    private Optional<ServedMount> served = Optional.empty();

    private ServedMount mountAVolume(String mode) throws IOException {
        var mount = ServedMount.start(base, mode);
        served = Optional.of(mount);
        return mount;
    }

    @AfterEach
    void unmount() throws IOException {
        if (served.isPresent()) {
            served.get().close();
        }
    }

    /** A call that fails if it is carried out twice, and what it is in the log. */
    record Call(String operation, Step step) {
        interface Step {
            void in(Path directory) throws IOException;
        }

        @Override
        public String toString() {
            return operation;
        }
    }

    static List<Call> calls() {
        return List.of(
                new Call(
                        "Link",
                        directory ->
                                Files.createLink(
                                        directory.resolve("leases~"), directory.resolve("leases"))),
                new Call(
                        "Rename",
                        directory ->
                                Files.move(
                                        directory.resolve("leases"),
                                        directory.resolve("moved"),
                                        StandardCopyOption.ATOMIC_MOVE)),
                new Call("Unlink", directory -> Files.delete(directory.resolve("leases"))),
                new Call(
                        "MakeDirectory",
                        directory -> Files.createDirectory(directory.resolve("made"))));
    }

    /**
     * The daemon dies when the operation is in the journal and its caller has no answer. A second
     * link(2) would be EEXIST, after which dhcpd goes on writing into a file that has no name.
     */
    @ParameterizedTest
    @MethodSource("calls")
    void shouldAnswerFromTheJournalWhatWasDoneAndNotAnswered(Call call) throws Exception {
        var mount = mountAVolume(FuseDaemon.DIE_AT + call.operation());
        Files.writeString(mount.mountPoint.resolve("leases"), "lease");
        var outcome = new CompletableFuture<String>();
        Thread.ofPlatform()
                .name("caller")
                .daemon()
                .start(() -> {
                    try {
                        call.step().in(mount.mountPoint);
                        outcome.complete("no error");
                    } catch (IOException | RuntimeException e) {
                        outcome.complete(e.toString());
                    }
                });
        mount.awaitDeath();
        assertThat(outcome).isNotDone();

        mount.resume();

        assertThat(outcome.get(60, TimeUnit.SECONDS)).isEqualTo("no error");
        mount.shouldReplicateIdentically();
    }

    /**
     * What dhcpd does: append, fsync; and now and then rewrite: new file, fsync, link(2), rename.
     */
    @Test
    void shouldLetAWriterNoticeNothing() throws Exception {
        var mount = mountAVolume("start");
        var leases = mount.mountPoint.resolve("leases");
        var running = new CompletableFuture<Void>();
        var written = new AtomicInteger();
        var writer = new CompletableFuture<String>();
        Thread.ofPlatform()
                .name("writer")
                .daemon()
                .start(() -> {
                    try {
                        while (!running.isDone()) {
                            writeLikeDhcpd(leases, written);
                        }
                        writer.complete("no error");
                    } catch (IOException | RuntimeException e) {
                        writer.complete(e.toString());
                    }
                });
        for (int kill = 0; kill < KILLS; kill++) {
            int before = written.get();
            Awaitility.await()
                    .atMost(30, TimeUnit.SECONDS)
                    .until(() -> written.get() > before + 100 || writer.isDone());
            mount.kill();
            mount.resume();
        }
        int before = written.get();
        Awaitility.await()
                .atMost(30, TimeUnit.SECONDS)
                .until(() -> written.get() > before + 100 || writer.isDone());
        running.complete(null);

        assertThat(writer.get(60, TimeUnit.SECONDS)).isEqualTo("no error");
        // From the page cache first, then from the disk: they must agree.
        assertThat(Files.readAllLines(leases)).hasSize(written.get());
        assertThat(
                        ServedMount.run(
                                mount.mountPoint,
                                "dd if=leases iflag=direct bs=1M status=none | wc -l"))
                .isEqualTo(written.get() + "\n");
        assertThat(Files.readAllLines(leases).getLast()).isEqualTo("lease " + (written.get() - 1));
        mount.shouldReplicateIdentically();
    }

    private static void writeLikeDhcpd(Path leases, AtomicInteger written) throws IOException {
        var fresh = leases.resolveSibling("leases.new");
        var backup = leases.resolveSibling("leases~");
        if (Files.exists(leases)) {
            Files.copy(leases, fresh);
            try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.deleteIfExists(backup);
            Files.createLink(backup, leases);
            Files.move(fresh, leases, StandardCopyOption.ATOMIC_MOVE);
        }
        try (var channel =
                FileChannel.open(
                        leases,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND)) {
            for (int i = 0; i < 20; i++) {
                var record = StandardCharsets.US_ASCII.encode("lease " + written.get() + "\n");
                while (record.hasRemaining()) {
                    channel.write(record);
                }
                channel.force(true);
                written.incrementAndGet();
            }
        }
    }

    @Test
    void shouldKeepAnUnlinkedFileThatIsOpen() throws Exception {
        var mount = mountAVolume("start");
        var file = mount.mountPoint.resolve("open");
        Files.writeString(file, "still here");
        try (var channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mount.kill();
            mount.resume();
            // The successor cannot know that it is open.
            Files.delete(file);
            ServedMount.run(mount.mountPoint, "echo 3 > /proc/sys/vm/drop_caches; true");
            var buffer = ByteBuffer.allocate(10);
            channel.read(buffer, 0);
            assertThat(new String(buffer.array(), StandardCharsets.US_ASCII))
                    .isEqualTo("still here");
            Awaitility.await()
                    .atMost(10, TimeUnit.SECONDS)
                    .untilAsserted(() ->
                            assertThat(mount.directory.resolve("volume/live/orphans"))
                                    .isNotEmptyDirectory());
        }
        // Closed: the kernel forgets it, and then it goes.
        Awaitility.await()
                .atMost(10, TimeUnit.SECONDS)
                .untilAsserted(() ->
                        assertThat(mount.directory.resolve("volume/live/orphans"))
                                .isEmptyDirectory());
    }
}
