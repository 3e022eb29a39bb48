package io.leasehold.heartbeat.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.threads.BusyTimedPauser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightRecorderTest {
    private static final Instant START = Instant.parse("2026-03-01T12:00:00.123456789Z");

    @TempDir Path directory = Path.of("/");

    private final AtomicReference<Instant> clock = new AtomicReference<>(START);

    @Test
    void shouldReadBackWhatWasRecordedInOrderAndWhole() throws IOException {
        try (var recorder = start()) {
            recorder.record(
                    new Observation(
                            "decision",
                            "R34",
                            List.of("all links silent for 400 ms", "crossover lost its carrier"),
                            "Fencing dhcp1, although its name is Dünkirchen.",
                            Map.of("detection", Duration.ofMillis(412))));
            recorder.record(observation(2));

            var items = recorder.last(10);

            assertThat(items).hasSize(2);
            var entry = ((HistoryItem.Recorded) items.getFirst()).entry();
            assertThat(entry.sequence()).isEqualTo(1);
            assertThat(entry.wallTime()).isEqualTo(START);
            assertThat(entry.monotonicNanos()).isEqualTo(77);
            assertThat(entry.node()).isEqualTo("dhcp2");
            assertThat(entry.observation().rule()).isEqualTo("R34");
            assertThat(entry.observation().causes())
                    .containsExactly("all links silent for 400 ms", "crossover lost its carrier");
            assertThat(entry.observation().text())
                    .isEqualTo("Fencing dhcp1, although its name is Dünkirchen.");
            assertThat(entry.observation().durations())
                    .containsExactly(Map.entry("detection", Duration.ofMillis(412)));
        }
    }

    /**
     * As after a power-off in the middle of a write, if the number of the writer is in use again.
     */
    @Test
    void shouldNotWaitForALockThatADeadWriterLeftToALivingNumber() throws IOException {
        try (var recorder = start()) {
            record(recorder, 1, 1);
        }
        try (var queue = SingleChronicleQueueBuilder.binary(directory).build()) {
            new TableStoreWriteLock(queue.metaStore(), BusyTimedPauser::new, 0L).lock();
        }
        try (var recorder = start()) {
            record(recorder, 2, 2);

            assertThat(sequences(recorder.last(100))).containsExactly(1L, 2L);
        }
    }

    @Test
    void shouldGoOnCountingAfterARestart() throws IOException {
        try (var recorder = start()) {
            record(recorder, 1, 3);
        }
        try (var recorder = start()) {
            record(recorder, 4, 5);

            assertThat(sequences(recorder.last(100))).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(sequences(recorder.last(2))).containsExactly(4L, 5L);
            assertThat(sequences(recorder.from(2, 2))).containsExactly(2L, 3L);
        }
    }

    @Test
    void shouldReadOverSeveralDays() throws IOException {
        try (var recorder = start()) {
            for (int day = 0; day < 3; day++) {
                record(recorder, 3 * day + 1, 3 * day + 3);
                assertThat(recorder.last(1)).hasSize(1);
                clock.set(clock.get().plus(Duration.ofDays(1)));
            }
            assertThat(new HistoryFiles(directory).oldestFirst()).hasSize(3);
            assertThat(sequences(recorder.from(2, 100)))
                    .containsExactly(2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        }
    }

    @Test
    void shouldNameTheEntriesThatDamageHitAndKeepAllOthers() throws IOException {
        try (var recorder = start()) {
            record(recorder, 1, 200);
            assertThat(recorder.last(200)).hasSize(200);
        }
        var file = new HistoryFiles(directory).oldestFirst().getFirst();
        damage(file, 4_096);

        try (var recorder = start()) {
            var items = recorder.from(1, 1_000);

            var missing =
                    items.stream()
                            .filter(HistoryItem.Missing.class::isInstance)
                            .map(HistoryItem.Missing.class::cast)
                            .toList();
            assertThat(missing).hasSize(1);
            long lost = missing.getFirst().lastSequence() - missing.getFirst().firstSequence() + 1;
            assertThat(lost).isBetween(2L, 60L);
            assertThat(sequences(items)).hasSize((int) (200 - lost)).contains(1L, 200L);
            record(recorder, 201, 201);
            assertThat(sequences(recorder.last(1))).containsExactly(201L);
        }
    }

    @Test
    void shouldPauseWhenTheDiskIsNearlyFullAndShowTheGap() throws IOException {
        try (var recorder = start()) {
            record(recorder, 1, 2);
        }
        try (var recorder =
                FlightRecorder.start(
                        new FlightRecorderOptions(
                                directory, "dhcp2", 1L << 30, Duration.ofDays(1), Long.MAX_VALUE),
                        clock(),
                        () -> 77)) {
            record(recorder, 3, 5);

            var items = recorder.from(1, 100);
            assertThat(sequences(items)).containsExactly(1L, 2L);
            assertThat(items.getLast())
                    .isInstanceOfSatisfying(
                            HistoryItem.Missing.class,
                            gap -> {
                                assertThat(gap.firstSequence()).isEqualTo(3);
                                assertThat(gap.lastSequence()).isEqualTo(5);
                            });
        }
    }

    @Test
    void shouldDeleteWhatIsTooOldAndNothingElse() throws IOException {
        try (var recorder = start()) {
            record(recorder, 1, 3);
            assertThat(recorder.last(1)).hasSize(1);
            clock.set(START.plus(Duration.ofDays(1)));
            record(recorder, 4, 6);
        }
        var oldest = new HistoryFiles(directory).oldestFirst().getFirst();
        Files.setLastModifiedTime(oldest, FileTime.from(START.minus(Duration.ofDays(100))));

        try (var recorder = start()) {
            assertThat(sequences(recorder.from(1, 100))).containsExactly(4L, 5L, 6L);
            assertThat(recorder.from(1, 100))
                    .doesNotHaveAnyElementsOfTypes(HistoryItem.Missing.class);
        }
    }

    @Test
    void shouldDropRatherThanBlockAndShowTheGap() throws IOException {
        int recorded = 4 * FlightRecorder.WAITING_MAX;
        try (var recorder = start()) {
            // The queue takes its time to open: these do not fit into the buffer meanwhile.
            long before = System.nanoTime();
            record(recorder, 1, recorded);
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .isLessThan(Duration.ofSeconds(5));
            recorder.last(1);
            record(recorder, recorded + 1, recorded + 1);

            var items = recorder.from(1, Integer.MAX_VALUE);
            assertThat(recorder.newest()).isEqualTo(recorded + 1);
            var last = ((HistoryItem.Recorded) items.getLast()).entry();
            assertThat(last.observation().text()).isEqualTo("entry " + (recorded + 1));
            assertThat(last.sequence()).isEqualTo(recorded + 1);
        }
    }

    @Test
    void shouldWakeTheFollowerOfTheHistory() throws Exception {
        try (var recorder = start()) {
            assertThat(recorder.awaitSequence(1, 1_000_000)).isFalse();
            Thread.ofVirtual().start(() -> record(recorder, 1, 1));
            assertThat(recorder.awaitSequence(1, Duration.ofSeconds(10).toNanos())).isTrue();
        }
    }

    private static void damage(Path file, int length) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int somewhere = indexOf(bytes, "entry 100");
        try (var writable = new RandomAccessFile(file.toFile(), "rw")) {
            writable.seek(somewhere);
            var noise = new byte[length];
            Arrays.fill(noise, (byte) 0x5a);
            writable.write(noise);
        }
    }

    private static int indexOf(byte[] bytes, String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length - wanted.length)
                .filter(i -> Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length))
                .findFirst()
                .orElseThrow();
    }

    private static void record(FlightRecorder recorder, int first, int last) {
        for (int i = first; i <= last; i++) {
            recorder.record(observation(i));
        }
    }

    private static Observation observation(int number) {
        return new Observation("test", "", List.of("a cause"), "entry " + number, Map.of());
    }

    private static List<Long> sequences(List<HistoryItem> items) {
        return items.stream()
                .filter(HistoryItem.Recorded.class::isInstance)
                .map(item -> ((HistoryItem.Recorded) item).entry().sequence())
                .toList();
    }

    private FlightRecorder start() {
        return FlightRecorder.start(
                new FlightRecorderOptions(
                        directory, "dhcp2", 1L << 30, Duration.ofDays(90), 1L << 20),
                clock(),
                () -> 77);
    }

    private InstantSource clock() {
        return clock::get;
    }
}
