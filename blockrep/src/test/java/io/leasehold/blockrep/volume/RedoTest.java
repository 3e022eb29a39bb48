package io.leasehold.blockrep.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.Operation.Create;
import io.leasehold.blockrep.volume.Operation.Rename;
import io.leasehold.blockrep.volume.Operation.Write;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Needs root: a volume marks its files with trusted attributes. */
class RedoTest {

    private static final Access ACCESS = new Access(0644, 0, 0);

    @TempDir Path directory;

    @Nested
    class WriteAThenRenameItThenCreateAnother {

        private final MemoryLog log = new MemoryLog();

        WriteAThenRenameItThenCreateAnother() {
            var a = new FileId(2);
            log.operations.add(new Create(1, FileId.ROOT, Name.of("a"), a, ACCESS));
            log.operations.add(new Write(2, a, 0, bytes("first")));
            log.operations.add(
                    new Rename(
                            3,
                            FileId.ROOT,
                            Name.of("a"),
                            FileId.ROOT,
                            Name.of("b"),
                            a,
                            Optional.empty()));
            log.operations.add(new Create(4, FileId.ROOT, Name.of("a"), new FileId(3), ACCESS));
            log.operations.add(new Write(5, new FileId(3), 0, bytes("second file")));
        }

        @Test
        void shouldNotDamageBWhenEverythingWasDoneAlready() throws IOException {
            open(directory, 0, log.between(0, 5)).close();
            open(directory, 0, log.between(0, 5)).close();

            assertThat(directory.resolve("tree/b")).hasContent("first");
            assertThat(directory.resolve("tree/a")).hasContent("second file");
        }

        @Test
        void shouldGoOnFromEveryMoment() throws IOException {
            for (int done = 0; done <= 5; done++) {
                var path = directory.resolve("done-" + done);
                open(path, 0, log.between(0, done)).close();
                open(path, 0, log.between(0, 5)).close();

                assertThat(path.resolve("tree/b")).hasContent("first");
                assertThat(path.resolve("tree/a")).hasContent("second file");
            }
        }
    }

    /**
     * A random history; a checkpoint somewhere in it; then a crash that leaves the names of some
     * later moment, an arbitrary part of contents and attributes, and wrong times. Redo from the
     * checkpoint must give what doing it once gives.
     */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3, 4, 5, 6, 7})
    void shouldEndLikeDoingItOnce(long seedBase) throws Exception {
        for (long seed = seedBase * 10; seed < seedBase * 10 + 10; seed++) {
            var random = new Random(seed);
            var log = new MemoryLog();
            var straight = directory.resolve("straight-" + seed);
            var expected = history(straight, log, random);
            int count = log.operations.size();
            int checkpoint = random.nextInt(count);
            int reached = checkpoint + random.nextInt(count - checkpoint + 1);

            var crashed = directory.resolve("crashed-" + seed);
            try (var volume = open(crashed, 0, log.between(0, checkpoint))) {
                assertThat(volume.checkpoint()).isEqualTo(new Seq(checkpoint));
            }
            crash(crashed, log, checkpoint, reached, random);
            if (random.nextBoolean()) {
                // A redo that was killed: what it did is one more half-finished state.
                int length = count - checkpoint;
                var killed = killedAt(random.nextInt(2 * length), log.between(checkpoint, count));
                assertThatThrownBy(() -> open(crashed, checkpoint, killed))
                        .as("seed %d", seed)
                        .isInstanceOf(KilledException.class);
            }
            try (var volume = open(crashed, checkpoint, log.between(checkpoint, count))) {
                assertThat(volume.manifest())
                        .as("seed %d", seed)
                        .satisfies(manifest ->
                                assertThat(describe(manifest))
                                        .isEqualTo(describe(expected.manifest())));
                assertThat(volume.digest()).as("seed %d", seed).isEqualTo(expected.digest());
                assertThat(crashed.resolve("live/limbo")).isEmptyDirectory();
            }
            expected.close();
        }
    }

    @Test
    void shouldRefuseADirectoryThatLostAFile() throws IOException {
        var log = new MemoryLog();
        log.operations.add(new Create(1, FileId.ROOT, Name.of("a"), new FileId(2), ACCESS));
        log.operations.add(
                new Rename(
                        2,
                        FileId.ROOT,
                        Name.of("a"),
                        FileId.ROOT,
                        Name.of("b"),
                        new FileId(2),
                        Optional.empty()));
        open(directory, 0, log.between(0, 1)).close();
        Files.delete(directory.resolve("live/tree/a"));

        assertThatThrownBy(() -> open(directory, 1, log.between(1, 2)))
                .isInstanceOf(DamagedVolumeException.class)
                .hasMessageContaining("file #2 (\"b\") is missing");
    }

    @Test
    void shouldSetAsideWhatSomebodyPutIntoTheBackingDirectory() throws IOException {
        var log = new MemoryLog();
        log.operations.add(new Create(1, FileId.ROOT, Name.of("a"), new FileId(2), ACCESS));
        open(directory, 0, History.NONE).close();
        Files.writeString(directory.resolve("tree/a"), "edited on the wrong side");

        try (var volume = open(directory, 0, log.between(0, 1))) {
            assertThat(volume.manifest().files()).hasSize(2);
        }
        assertThat(directory.resolve("tree/a")).isEmptyFile();
        assertThat(directory.resolve("live/foreign/1-0")).hasContent("edited on the wrong side");
    }

    /** Makes a random history by calls on the volume in {@code path}, and leaves it open. */
    private static Volume history(Path path, MemoryLog log, Random random) throws Exception {
        var volume = open(path, 0, History.NONE);
        var clock = new AtomicLong(1_700_000_000_000_000_000L);
        var files =
                new FileSystem(
                        volume,
                        log,
                        () -> clock.addAndGet(1_000_003),
                        new SpaceReserve(0, _ -> false),
                        reason -> {
                            throw new AssertionError(reason);
                        });
        files.beginMount(false);
        var calls = new RandomCalls(files, random);
        for (int i = 0; i < 6; i++) {
            assertThat(calls.make(40)).isLessThan(40);
            files.flushLocally();
        }
        return volume;
    }

    private static void crash(Path path, MemoryLog log, int checkpoint, int reached, Random random)
            throws IOException {
        try (var backing = Backing.open(path.resolve("live"))) {
            for (int seq = checkpoint + 1; seq <= reached; seq++) {
                var operation = log.operations.get(seq - 1);
                boolean concernsContent =
                        switch (operation) {
                            case Operation.Write _,
                                    Operation.SetAttributes _,
                                    Operation.SetXattr _,
                                    Operation.RemoveXattr _,
                                    Operation.Fallocate _ ->
                                    true;
                            case Operation.Create _,
                                    Operation.MakeDirectory _,
                                    Operation.SymbolicLink _,
                                    Operation.MakeNode _,
                                    Operation.Link _,
                                    Operation.Unlink _,
                                    Operation.RemoveDirectory _,
                                    Operation.Rename _,
                                    Operation.Exchange _,
                                    Operation.Reap _,
                                    Operation.Barrier _ ->
                                    false;
                        };
                if (!concernsContent || (random.nextBoolean() && fitsWithout(operation))) {
                    backing.apply(operation);
                }
            }
            // The times are put off until a checkpoint that never came: close without them.
        }
    }

    /** Attributes share limited room: what was removed must go if what came after is there. */
    private static boolean fitsWithout(Operation operation) {
        return !(operation instanceof Operation.SetXattr);
    }

    private static final class KilledException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /** A history of which reading stops for good after some operations; redo reads it twice. */
    private static History killedAt(int read, History history) {
        var left = new int[] {read};
        return visitor ->
                history.forEach((seq, operation) -> {
                    if (left[0]-- == 0) {
                        throw new KilledException();
                    }
                    visitor.visit(seq, operation);
                });
    }

    private static String describe(Manifest manifest) {
        var text = new StringBuilder();
        for (var file : manifest.files()) {
            text.append(file.id())
                    .append(' ')
                    .append(file.kind())
                    .append(' ')
                    .append(file.access())
                    .append(' ')
                    .append(file.sizeBytes())
                    .append(' ')
                    .append(file.modifyTimeNanos())
                    .append(' ')
                    .append(file.names())
                    .append(' ')
                    .append(file.xattrs())
                    .append('\n');
        }
        return text.toString();
    }

    private static Volume open(Path path, long checkpoint, History history) throws IOException {
        return Volume.open(path, new Seq(checkpoint), history);
    }

    private static Bytes bytes(String text) {
        return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
    }
}
