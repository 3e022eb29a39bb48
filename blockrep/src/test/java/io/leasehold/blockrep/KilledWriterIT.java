package io.leasehold.blockrep;

import static io.leasehold.blockrep.VolumePair.A;
import static io.leasehold.blockrep.VolumePair.B;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileSystem;
import io.leasehold.blockrep.volume.RefusedException;
import io.leasehold.blockrep.volume.RequestId;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The writer's process is killed with SIGKILL at random moments: what it had acknowledged is on
 * both nodes.
 */
class KilledWriterIT {
    private static final int ROUNDS = 4;
    private static final int RECORD_BYTES = 40;

    @TempDir Path directory;

    @Test
    void shouldHaveEveryAcknowledgedRecordOnBothNodesAfterEachKill() throws Exception {
        var random = new Random(5);
        var addressA = VolumePair.freeAddress();
        var addressB = VolumePair.freeAddress();
        var acknowledged = new ArrayList<Integer>();
        try (var pair = new VolumePair(directory, Duration.ofSeconds(10), addressA, addressB)) {
            pair.b.open();
            for (int round = 0; round < ROUNDS; round++) {
                long epoch = 2L * round + 1;
                assertThat(pair.b.volume().promise(epoch)).isTrue();
                acknowledged.addAll(
                        writeUntilKilled(
                                addressA, addressB, epoch, round, 50 + random.nextInt(400)));

                // R27: its successor brings the tail to both.
                pair.a.open();
                Awaitility.await().until(() -> pair.a.volume().facts().peer().isPresent());
                assertThat(pair.b.volume().promise(epoch + 1)).isTrue();
                assertThat(pair.a.promote(epoch + 1, Set.of(A, B)))
                        .isInstanceOf(Promotion.Granted.class);
                pair.awaitApplied(pair.a, pair.b);
                for (var side : List.of(pair.a, pair.b)) {
                    assertThat(recordsIn(side)).as("on %s", side.name).containsAll(acknowledged);
                }
                assertThat(pair.b.volume().copy.volume().digest())
                        .isEqualTo(pair.a.volume().copy.volume().digest());
                pair.a.close();
            }
        }
        assertThat(acknowledged).hasSizeGreaterThan(ROUNDS * 50);
    }

    private List<Integer> writeUntilKilled(
            InetSocketAddress addressA,
            InetSocketAddress addressB,
            long epoch,
            int round,
            int acknowledgements)
            throws Exception {
        var process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-Xmx256m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Writer.class.getName(),
                                directory.toString(),
                                "" + addressA.getPort(),
                                "" + addressB.getPort(),
                                "" + epoch,
                                "" + round * 100_000)
                        .redirectError(directory.resolve("writer-%d.log".formatted(round)).toFile())
                        .start();
        var acknowledged = new ArrayList<Integer>();
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("ack ")) {
                    acknowledged.add(Integer.parseInt(line.substring(4)));
                }
                if (acknowledged.size() == acknowledgements) {
                    // SIGKILL, by the handle: Process would close the pipe, and what is in it was
                    // acknowledged.
                    process.toHandle().destroyForcibly();
                }
            }
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(acknowledged.size())
                .as(
                        "acknowledged; the writer said: %s",
                        Files.readString(directory.resolve("writer-%d.log".formatted(round))))
                .isGreaterThanOrEqualTo(acknowledgements);
        return acknowledged;
    }

    private static List<Integer> recordsIn(VolumePair.Side side) throws Exception {
        var content = Files.readString(side.root().resolve("volume/tree/leases"));
        return content.lines().map(line -> Integer.parseInt(line.strip())).toList();
    }

    /** The process that is killed: appends numbered records and says when each is acknowledged. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws Exception {
            var loopback = java.net.InetAddress.getLoopbackAddress();
            var pair =
                    new VolumePair(
                            Path.of(arguments[0]),
                            Duration.ofSeconds(10),
                            new InetSocketAddress(loopback, Integer.parseInt(arguments[1])),
                            new InetSocketAddress(loopback, Integer.parseInt(arguments[2])));
            pair.a.open();
            Awaitility.await().until(() -> pair.a.volume().facts().peer().isPresent());
            var promotion = pair.a.promote(Long.parseLong(arguments[3]), Set.of(A, B));
            if (!(promotion instanceof Promotion.Granted)) {
                throw new IllegalStateException(promotion.toString());
            }
            var files = pair.a.volume().fileSystem();
            var id = leases(files);
            long offset = files.attributes(id).sizeBytes();
            for (int i = Integer.parseInt(arguments[4]); ; i++) {
                var record = "%-39d%n".formatted(i);
                files.write(
                        Workload.ROOT, id, offset, Workload.bytes(record), false, RequestId.NONE);
                offset += RECORD_BYTES;
                // Some more that nobody waits for, so that there is a tail.
                if (i % 3 == 0) {
                    var done = new CountDownLatch(1);
                    files.whenDurable(files.last(), done::countDown);
                    done.await();
                    System.out.println("ack " + i);
                    System.out.flush();
                }
                files.applyDurable();
            }
        }

        private static FileId leases(FileSystem files) throws Exception {
            try {
                return files.lookup(FileId.ROOT, Workload.bytes("leases")).id();
            } catch (RefusedException e) {
                return files.create(
                                Workload.ROOT,
                                FileId.ROOT,
                                Workload.bytes("leases"),
                                0644,
                                RequestId.NONE)
                        .id();
            }
        }
    }
}
