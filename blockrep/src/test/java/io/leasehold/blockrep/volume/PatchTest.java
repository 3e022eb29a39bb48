package io.leasehold.blockrep.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two copies were the same at some place in the order; then each went on alone, with the same new
 * ids for other files. What either has touched is copied from the source, which goes on meanwhile,
 * and the copies must be the same again. Needs root.
 */
class PatchTest {

    @TempDir Path directory;

    private static final class Crash extends IOException {
        private static final long serialVersionUID = 1;
    }

    private record Piece(FileId id, long offsetBytes, MemorySegment content) {}

    /** What the source sends; a visitor may be interrupted after some pieces. */
    private record Sent(
            Set<FileId> files, Set<FileId> discarded, Manifest manifest, List<Piece> pieces) {

        Patch whole() {
            return new Patch(files, discarded, manifest, visitor -> show(pieces, visitor));
        }

        Patch crashingAfter(int count) {
            return new Patch(
                    files,
                    discarded,
                    manifest,
                    visitor -> {
                        show(pieces.subList(0, count), visitor);
                        throw new Crash();
                    });
        }

        private static void show(List<Piece> pieces, Patch.PieceVisitor visitor)
                throws IOException {
            for (var piece : pieces) {
                visitor.visit(piece.id, piece.offsetBytes, piece.content);
            }
        }
    }

    /** Both copies, the source's log, and what has to be sent. */
    private final class Pair implements AutoCloseable {
        private final Random random;
        private final AtomicLong clock = new AtomicLong(1_700_000_000_000_000_000L);
        private final MemoryLog log = new MemoryLog();
        private final Path targetDirectory = directory.resolve("target");
        final Volume source;
        Volume target;
        private final RandomCalls calls;
        private final FileSystem files;

        Pair(long seed) throws Exception {
            random = new Random(seed);
            source = Volume.open(directory.resolve("source"), Seq.NONE, History.NONE);
            target = Volume.open(targetDirectory, Seq.NONE, History.NONE);
            files = files(source, log);
            calls = new RandomCalls(files, random);
            assertThat(calls.make(250)).isLessThan(250);
            files.flushLocally();
            log.between(0, log.operations.size()).forEach(target::apply);
        }

        private FileSystem files(Volume volume, OperationLog to) {
            return new FileSystem(
                    volume,
                    to,
                    () -> clock.addAndGet(1_000_003),
                    new SpaceReserve(0, _ -> false),
                    reason -> {
                        throw new AssertionError(reason);
                    });
        }

        private void goOn(int count) throws VolumeFailedException {
            assertThat(calls.make(count)).isLessThanOrEqualTo(count);
            files.flushLocally();
        }

        /** The target's own tail, which the source never gets. */
        private Changes divergeAtTheTarget(int count) throws Exception {
            int shared = log.operations.size();
            var tail = new MemoryLog();
            tail.operations.addAll(log.operations);
            // The kernel does not ask for attributes of other kinds of files.
            var known =
                    target.manifest().files().stream()
                            .filter(file ->
                                    file.kind() == FileKind.FILE
                                            || file.kind() == FileKind.DIRECTORY)
                            .map(FileImage::id)
                            .toList();
            var own = files(target, tail);
            assertThat(new RandomCalls(own, random, known).make(count)).isLessThanOrEqualTo(count);
            own.flushLocally();
            var touched = touched(tail, shared);
            for (var id : touched.files()) {
                if (!target.has(id)) {
                    touched.addWhole(id);
                }
            }
            return touched;
        }

        private Changes touched(MemoryLog from, int shared) throws IOException {
            var touched = new Changes();
            from.between(shared, from.operations.size())
                    .forEach((_, operation) -> touched.add(operation));
            return touched;
        }

        /** Goes on between any two steps of the copy. */
        private Sent send(Changes own, int shared) throws Exception {
            var set = Changes.union(touched(log, shared), own);
            goOn(20);
            var manifest = source.manifest(set.files());
            var pieces = new ArrayList<Piece>();
            for (var file : manifest.files()) {
                for (var extent : set.extents(file.id(), file.sizeBytes())) {
                    goOn(2);
                    if (file.kind() == FileKind.FILE) {
                        pieces.add(piece(file.id(), extent));
                    }
                }
            }
            return new Sent(set.files(), own.created(), manifest, pieces);
        }

        private Piece piece(FileId id, Changes.Extent extent) throws IOException {
            var memory = Arena.ofAuto().allocate(extent.lengthBytes());
            long count = source.readContent(id, memory, extent.offsetBytes()).orElse(0L);
            return new Piece(id, extent.offsetBytes(), memory.asSlice(0, count));
        }

        private void assertEqual(long seed) throws IOException {
            assertThat(target.digest()).as("seed %d", seed).isEqualTo(source.digest());
            assertThat(target.manifest().nextId()).isEqualTo(source.manifest().nextId());
        }

        @Override
        public void close() {
            source.close();
            target.close();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void shouldMakeATailAndAnAbsenceUndone(long seed) throws Exception {
        try (var pair = new Pair(seed)) {
            int shared = pair.log.operations.size();
            var own = pair.divergeAtTheTarget(1 + pair.random.nextInt(60));
            pair.goOn(pair.random.nextInt(80));
            var base = pair.source.applied();
            var sent = pair.send(own, shared);
            int now = pair.log.operations.size();

            pair.target.patch(sent.whole(), base, pair.log.between(base.value(), now));

            assertThat(pair.target.last()).isEqualTo(new Seq(now));
            pair.assertEqual(seed);
            // It is a replica like any other from now on.
            pair.goOn(100);
            pair.log.between(now, pair.log.operations.size()).forEach(pair.target::apply);
            pair.assertEqual(seed);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28})
    void shouldBeFinishedAfterACrashAnywhereInIt(long seed) throws Exception {
        try (var pair = new Pair(seed)) {
            int shared = pair.log.operations.size();
            var own = pair.divergeAtTheTarget(1 + pair.random.nextInt(60));
            pair.goOn(40);
            var base = pair.source.applied();
            var sent = pair.send(own, shared);
            while (pair.source.applied().equals(base)) {
                pair.goOn(20);
            }
            int now = pair.log.operations.size();
            var since = pair.log.between(base.value(), now);
            // As whoever is about to patch does: from then on the journal's tail is not redone.
            var _ = pair.target.checkpoint();

            for (int crash = 0; crash < 4; crash++) {
                var patch =
                        crash < 2
                                ? sent.crashingAfter(pair.random.nextInt(sent.pieces().size() + 1))
                                : sent.whole();
                var history = crash < 2 ? since : crashingInTheSecondPass(since, base, now, pair);
                assertThatThrownBy(() -> pair.target.patch(patch, base, history))
                        .isInstanceOf(Crash.class);
                pair.target.close();
                Volume.finishPatch(pair.targetDirectory, sent.whole(), base, since);
                // Once more: the process died before it noted that it was done.
                Volume.finishPatch(pair.targetDirectory, sent.whole(), base, since);
                pair.target = Volume.open(pair.targetDirectory, new Seq(now), History.NONE);
                pair.assertEqual(seed);
            }
        }
    }

    /** The first pass only folds; in the second the contents are changed. */
    private static History crashingInTheSecondPass(History since, Seq base, int now, Pair pair) {
        long at = base.value() + 1 + pair.random.nextInt((int) (now - base.value()));
        var passes = new AtomicLong();
        return visitor -> {
            long pass = passes.incrementAndGet();
            since.forEach((seq, operation) -> {
                if (pass == 2 && seq.value() == at) {
                    throw new Crash();
                }
                visitor.visit(seq, operation);
            });
        };
    }
}
