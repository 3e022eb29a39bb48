package io.leasehold.blockrep.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A resync: a fuzzy copy of a volume that goes on changing, made exact by redo, switched in at one
 * instant. Needs root.
 */
class ShadowTest {

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldBecomeEqualToASourceThatGoesOnChanging(long seed) throws Exception {
        var random = new Random(seed);
        var log = new MemoryLog();
        try (var source = Volume.open(directory.resolve("source"), Seq.NONE, History.NONE);
                var target = Volume.open(directory.resolve("target"), Seq.NONE, History.NONE)) {
            var clock = new AtomicLong(1_700_000_000_000_000_000L);
            var files =
                    new FileSystem(
                            source,
                            log,
                            () -> clock.addAndGet(1_000_003),
                            new SpaceReserve(0, _ -> false),
                            reason -> {
                                throw new AssertionError(reason);
                            });
            var calls = new RandomCalls(files, random);
            assertThat(calls.make(200)).isLessThan(200);
            files.flushLocally();
            // The target has a history of its own, which goes away.
            target.apply(
                    new Seq(1),
                    new Operation.Create(
                            1,
                            FileId.ROOT,
                            Name.of("lost"),
                            new FileId(2),
                            new Operation.Access(0600, 0, 0)));

            var manifest = source.manifest();
            var shadow = target.beginShadow();
            for (var file : manifest.files()) {
                shadow.install(file);
                copy(source, file, shadow);
                assertThat(calls.make(5)).isLessThanOrEqualTo(5);
                files.flushLocally();
            }
            int now = log.operations.size();
            shadow.finish(
                    manifest.applied(),
                    manifest.nextId(),
                    log.between(manifest.applied().value(), now));
            target.exchangeWith(shadow, Optional.of("replaced"));

            assertThat(target.last()).isEqualTo(new Seq(now));
            assertThat(target.digest()).as("seed %d", seed).isEqualTo(source.digest());
            assertThat(directory.resolve("target/branches/replaced/tree/lost")).exists();
            assertThat(directory.resolve("target/shadow")).doesNotExist();

            // It is a replica like any other from now on.
            assertThat(calls.make(100)).isLessThan(100);
            files.flushLocally();
            log.between(now, log.operations.size()).forEach(target::apply);
            assertThat(target.digest()).as("seed %d", seed).isEqualTo(source.digest());
        }
    }

    @Test
    void shouldRemoveWhatACrashLeftOfAReplacedTree() throws IOException {
        var left = Files.createDirectories(directory.resolve("target/discarded/tree"));
        Files.writeString(left.resolve("half"), "x");

        Volume.open(directory.resolve("target"), Seq.NONE, History.NONE).close();

        assertThat(directory.resolve("target/discarded")).doesNotExist();
    }

    private static void copy(Volume source, FileImage file, Shadow shadow) throws IOException {
        if (file.kind() != FileKind.FILE) {
            return;
        }
        try (var arena = Arena.ofConfined()) {
            var chunk = arena.allocate(4_096);
            for (long offset = 0; offset < file.sizeBytes(); offset += chunk.byteSize()) {
                var count = source.readContent(file.id(), chunk, offset);
                if (count.isEmpty() || count.get() == 0) {
                    return;
                }
                var data = chunk.asSlice(0, count.get()).toArray(ValueLayout.JAVA_BYTE);
                shadow.write(file.id(), offset, Bytes.copyOf(data));
            }
        }
    }
}
