package io.leasehold.blockrep.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.linux.SpaceStatus;
import io.leasehold.blockrep.volume.FileSystem.XattrCondition;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: a volume marks its files with trusted attributes. */
class FileSystemTest {

    private static final Caller ROOT_USER = new Caller(0, 0, 1);

    @TempDir Path directory;

    private final SlowDiskLog log = new SlowDiskLog();
    private final List<String> failures = new ArrayList<>();
    private Volume volume;
    private FileSystem files;
    private long unique;

    @BeforeEach
    void open() throws IOException {
        volume = Volume.open(directory, Seq.NONE, History.NONE);
        files = fileSystem();
        files.beginMount(false);
    }

    private FileSystem fileSystem() {
        return new FileSystem(
                volume, log, () -> 1_000_000_000L, new SpaceReserve(0, _ -> false), failures::add);
    }

    @AfterEach
    void close() {
        volume.close();
        assertThat(failures).isEmpty();
    }

    /** A journal whose disk has nothing before somebody waits for it. */
    private static final class SlowDiskLog implements OperationLog {
        private final MemoryLog memory = new MemoryLog();
        private volatile Seq durable = Seq.NONE;

        /** Called when an operation has its place, and the tree does not know of it. */
        private Runnable placed = () -> {};

        @Override
        public void awaitRoom(int payloadBytes) {}

        @Override
        public Seq append(Operation operation, RequestId request) {
            var seq = memory.append(operation, request);
            placed.run();
            return seq;
        }

        @Override
        public void whenDurable(Seq upTo, Runnable completion) {
            syncLocally();
            completion.run();
        }

        @Override
        public void commitAhead(Seq upTo) {
            syncLocally();
        }

        @Override
        public Seq locallyDurable() {
            return durable;
        }

        @Override
        public void syncLocally() {
            durable = memory.locallyDurable();
        }

        @Override
        public Optional<Operation> resolved(RequestId request) {
            return memory.resolved(request);
        }

        Operation last() {
            return memory.operations.getLast();
        }
    }

    @Nested
    class WhileAWriterIsOnItsWay {
        private final CountDownLatch placed = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);
        private FileId file;
        private CompletableFuture<String> writer;

        @BeforeEach
        void begin() throws Exception {
            file = create("leases");
            log.placed =
                    () -> {
                        placed.countDown();
                        awaitQuietly(goOn);
                    };
            writer =
                    inBackground(() -> {
                        write(file, "lease 192.0.2.1");
                        return "written";
                    });
            placed.await();
        }

        @Test
        void shouldStandStillOnlyWhenItsOperationIsInTheTree() throws Exception {
            var seen =
                    inBackground(() ->
                            volume.standingStill(() -> {
                                settle();
                                return volume.applied();
                            }));
            awaitAnotherInTheQueue();
            goOn.countDown();

            assertThat(seen.get()).isEqualTo(log.memory.locallyDurable());
            writer.get();
        }

        /** A writer without its role waits for good, and a demotion closes the volume. */
        @Test
        void shouldLetTheVolumeBeClosedMeanwhile() throws Exception {
            var seen = inBackground(() -> volume.standingStill(() -> "stood still"));
            awaitAnotherInTheQueue();

            volume.close();

            assertThatThrownBy(seen::get)
                    .hasRootCauseMessage("the volume in " + directory + " is closed");
            goOn.countDown();
            writer.get();
        }

        private void settle() throws IOException {
            try {
                files.flushLocally();
            } catch (VolumeFailedException e) {
                throw new IOException(e);
            }
        }

        private void awaitAnotherInTheQueue() {
            while (!volume.lock().hasQueuedThreads()) {
                Thread.onSpinWait();
            }
        }

        private <T> CompletableFuture<T> inBackground(Callable<T> action) {
            var done = new CompletableFuture<T>();
            Thread.ofPlatform()
                    .daemon()
                    .start(() -> {
                        try {
                            done.complete(action.call());
                        } catch (Exception e) {
                            done.completeExceptionally(e);
                        }
                    });
            return done;
        }

        private static void awaitQuietly(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Nested
    class WhenTheVolumeIsClosed {

        /** Its descriptors' numbers are those of its successor's files by now. */
        @Test
        void shouldLeaveTheDirectoryToItsSuccessor() throws Exception {
            var file = create("leases");
            write(file, "first");
            files.flushLocally();
            // The time of the directory is put off, and an operation waits.
            write(file, "other");
            volume.close();
            try (var successor =
                    Volume.open(
                            directory,
                            Seq.NONE,
                            log.memory.between(0, log.memory.operations.size() - 1))) {
                volume.settleTimes();
                files.flushLocally();
                volume.close();

                assertThat(directory.resolve("tree/leases")).hasContent("first");
                assertThat(successor.manifest().files()).hasSize(2);
                assertThatThrownBy(() -> volume.manifest()).hasMessageContaining("is closed");
            }
        }
    }

    @Nested
    class WhenTheJournalIsNotOnTheDiskYet {

        @Test
        void shouldKeepTheBackingDirectoryAsItWas() throws Exception {
            var file = create("leases");
            write(file, "lease");
            files.applyDurable();

            assertThat(files.attributes(file).sizeBytes()).isEqualTo(5);
            assertThat(files.attributes(file).exact()).isFalse();
            assertThat(directory.resolve("tree/leases")).doesNotExist();
            assertThat(volume.applied()).isEqualTo(Seq.NONE);
        }

        @Test
        void shouldReadWhatWasJustWritten() throws Exception {
            var file = create("leases");
            write(file, "lease");

            assertThat(read(file)).isEqualTo("lease");
            assertThat(directory.resolve("tree/leases")).hasContent("lease");
        }

        @Test
        void shouldFollowASync() throws Exception {
            write(create("leases"), "lease");
            files.whenDurable(files.last(), () -> {});
            files.applyDurable();

            assertThat(directory.resolve("tree/leases")).hasContent("lease");
        }
    }

    /** {@code st_blocks} of a file whose last changes the disk does not have: an estimate. */
    @Nested
    class WhenItsBlocksAreAskedForBeforeItIsOnTheDisk {
        private static final long GIBIBYTE = 1 << 30;
        private static final long BLOCK = 4_096 / 512;

        @Test
        void shouldCountTheContentOfASparseFileOnly() throws Exception {
            var file = create("sparse");
            truncate(file, GIBIBYTE);
            assertThat(files.attributes(file).blocks()).isZero();
            writeAt(file, GIBIBYTE / 2, "content");

            assertThat(files.attributes(file).blocks()).isEqualTo(BLOCK);
            assertThat(files.attributes(file).exact()).isFalse();
            shouldBeExactAfterAFlush(file);
        }

        @Test
        void shouldAddToWhatIsOnTheDisk() throws Exception {
            var file = create("grown");
            truncate(file, GIBIBYTE);
            writeAt(file, 0, "content");
            files.flushLocally();
            long onDisk = files.attributes(file).blocks();
            writeAt(file, GIBIBYTE / 2, "more");

            assertThat(onDisk).isPositive();
            assertThat(files.attributes(file).blocks()).isEqualTo(onDisk + BLOCK);
            shouldBeExactAfterAFlush(file);
        }

        @Test
        void shouldNeverBeMoreThanAFileWithoutHoles() throws Exception {
            var file = create("rewritten");
            for (int i = 0; i < 10; i++) {
                writeAt(file, 0, "the same place");
            }

            assertThat(files.attributes(file).blocks()).isEqualTo(BLOCK);
        }

        @Test
        void shouldShrinkWithTheFile() throws Exception {
            var file = create("truncated");
            writeAt(file, 100 * 4_096, "behind a hole");
            files.flushLocally();
            truncate(file, 0);

            assertThat(files.attributes(file).blocks()).isZero();
            shouldBeExactAfterAFlush(file);
        }

        @Test
        void shouldNotCountAHoleThatIsPunched() throws Exception {
            var file = create("punched");
            write(file, "content");
            files.flushLocally();
            long onDisk = files.attributes(file).blocks();
            files.allocate(
                    ROOT_USER, file, Operation.AllocationMode.PUNCH_HOLE, 0, 4_096, request());

            assertThat(files.attributes(file).blocks()).isEqualTo(onDisk);
            shouldBeExactAfterAFlush(file);
        }

        /** The tree is another one, and knows nothing of what was asked before. */
        @Test
        void shouldAddToWhatIsOnTheDiskAfterARestart() throws Exception {
            var file = create("older");
            truncate(file, GIBIBYTE);
            writeAt(file, 0, "content");
            files.flushLocally();
            long onDisk = files.attributes(file).blocks();
            long operations = log.memory.operations.size();
            volume.close();
            volume = Volume.open(directory, Seq.NONE, log.memory.between(0, operations));
            files = fileSystem();
            writeAt(file, GIBIBYTE / 2, "more");

            assertThat(files.attributes(file).blocks()).isEqualTo(onDisk + BLOCK);
        }

        private void shouldBeExactAfterAFlush(FileId file) throws Exception {
            files.flushLocally();
            var attributes = files.attributes(file);
            assertThat(attributes.exact()).isTrue();
            assertThat(volume.blocks(file)).hasValue(attributes.blocks());
        }

        private void truncate(FileId file, long sizeBytes) throws Exception {
            var keep = new AttributeChange.Time.Keep();
            files.change(
                    ROOT_USER,
                    file,
                    new AttributeChange(
                            OptionalInt.empty(),
                            OptionalInt.empty(),
                            OptionalInt.empty(),
                            OptionalLong.of(sizeBytes),
                            keep,
                            keep,
                            false),
                    request());
        }

        private void writeAt(FileId file, long offsetBytes, String text) throws Exception {
            files.write(ROOT_USER, file, offsetBytes, bytes(text), false, request());
        }
    }

    @Nested
    class WhenAFileIsUnlinkedWhileItIsOpen {

        private FileId file = FileId.ROOT;

        @BeforeEach
        void unlinkIt() throws Exception {
            file = create("open");
            files.open(file);
            write(file, "still here");
            files.unlink(ROOT_USER, FileId.ROOT, bytes("open"), request());
        }

        @Test
        void shouldKeepItAsAnOrphan() throws Exception {
            assertThat(read(file)).isEqualTo("still here");
            write(file, "STILL");
            assertThat(read(file)).isEqualTo("STILL here");
            assertThat(directory.resolve("live/orphans/" + file.value())).hasContent("STILL here");
        }

        @Test
        void shouldReapItWithTheLastClose() throws Exception {
            files.release(file);
            files.flushLocally();

            assertThat(log.last()).isEqualTo(new Operation.Reap(file));
            assertThat(directory.resolve("live/orphans")).isEmptyDirectory();
        }

        @Test
        void shouldReapItWhenTheVolumeIsMountedAgain() throws Exception {
            files.flushLocally();
            files.beginMount(false);
            files.flushLocally();

            assertThat(directory.resolve("live/orphans")).isEmptyDirectory();
        }

        @Test
        void shouldRefuseToNameItAgain() {
            assertThatThrownBy(() ->
                            files.link(ROOT_USER, file, FileId.ROOT, bytes("again"), request()))
                    .hasMessage(Refusal.NO_ENTRY.name());
        }
    }

    @Nested
    class AfterARestartOfTheDaemon {

        @Test
        void shouldTakeEveryFileForOpenUntilTheKernelForgetsIt() throws Exception {
            var file = create("maybe-open");
            files.flushLocally();
            files.beginMount(true);
            files.unlink(ROOT_USER, FileId.ROOT, bytes("maybe-open"), request());

            assertThat(log.last())
                    .isEqualTo(
                            new Operation.Unlink(
                                    1_000_000_000L,
                                    FileId.ROOT,
                                    new Name(bytes("maybe-open")),
                                    file,
                                    true));
            files.forget(file, 1);
            assertThat(log.last()).isEqualTo(new Operation.Reap(file));
        }

        @Test
        void shouldNotBeMisledByLookUpsOfItsOwn() throws Exception {
            var file = create("maybe-open");
            files.beginMount(true);
            files.lookup(FileId.ROOT, bytes("maybe-open"));
            files.forget(file, 1);
            files.unlink(ROOT_USER, FileId.ROOT, bytes("maybe-open"), request());

            assertThat(log.last())
                    .isInstanceOfSatisfying(
                            Operation.Unlink.class,
                            unlink -> assertThat(unlink.becomesOrphan()).isTrue());
        }
    }

    @Test
    void shouldLimitAttributesToWhatADiskCanKeep() throws Exception {
        var file = create("f");
        var half = Bytes.copyOf(new byte[FileSystem.XATTRS_BYTES_MAX / 2]);
        files.setXattr(ROOT_USER, file, bytes("user.a"), half, XattrCondition.NONE, request());

        assertThatThrownBy(() ->
                        files.setXattr(
                                ROOT_USER,
                                file,
                                bytes("trusted.b"),
                                half,
                                XattrCondition.NONE,
                                request()))
                .hasMessage(Refusal.NO_SPACE.name());
        files.removeXattr(ROOT_USER, file, bytes("user.a"), request());
        files.setXattr(ROOT_USER, file, bytes("trusted.b"), half, XattrCondition.CREATE, request());
        files.flushLocally();
        assertThat(files.xattrs(new Caller(5, 5, 1), file)).isEmpty();
        assertThat(files.xattrs(ROOT_USER, file)).containsExactly(bytes("trusted.b"));
    }

    @Test
    void shouldKeepAReserveForTheDhcpServer() throws IOException {
        long reserve = 50 << 20;
        var free = new long[] {reserve + (1 << 20)};
        var guard =
                new SpaceGuard(
                        () -> new SpaceStatus(1, 1, 1L << 40, free[0], free[0], 1, 1), reserve);

        assertThat(guard.ask(1 << 19, 0, false)).isEqualTo(SpaceGuard.Verdict.FITS);
        assertThat(guard.ask(1 << 21, 0, false)).isEqualTo(SpaceGuard.Verdict.REFUSED);
        assertThat(guard.ask(1 << 21, 0, true)).isEqualTo(SpaceGuard.Verdict.FITS);
        free[0] = SpaceGuard.FLOOR_BYTES;
        assertThat(guard.ask(300, 0, true)).isEqualTo(SpaceGuard.Verdict.EXHAUSTED);
    }

    /** What was granted before somebody else filled the disk must not be the reserve. */
    @Test
    void shouldGrantNoMoreAtOnceThanNobodyMayHave() throws Exception {
        var free = new long[] {1L << 30};
        long reserveBytes = 64L << 20;
        var guard =
                new SpaceGuard(
                        () -> new SpaceStatus(4096, 1, 1L << 31, free[0], free[0], 9, 9),
                        reserveBytes);
        assertThat(guard.ask(300, 0, false)).isEqualTo(SpaceGuard.Verdict.FITS);

        free[0] = reserveBytes;

        long grantedBytes = 0;
        while (guard.ask(1 << 16, 0, false) == SpaceGuard.Verdict.FITS) {
            grantedBytes += 1 << 16;
        }
        assertThat(grantedBytes).isLessThanOrEqualTo(SpaceGuard.FLOOR_BYTES);
    }

    @Test
    void shouldListFromAPositionWhateverHappenedMeanwhile() throws Exception {
        for (int i = 0; i < 50; i++) {
            create("f" + i);
        }
        var first = list(0, 20);
        var position = first.getLast().position();
        for (var listed : first) {
            if (!listed.name().toString().startsWith(".")) {
                files.unlink(ROOT_USER, FileId.ROOT, listed.name(), request());
            }
        }
        var second = list(position, 100);

        assertThat(first).hasSize(20);
        assertThat(second).hasSize(32).doesNotContainAnyElementsOf(first);
    }

    private record Listed(long position, Bytes name) {}

    private List<Listed> list(long position, int room) throws RefusedException {
        var listed = new ArrayList<Listed>();
        files.list(
                FileId.ROOT,
                position,
                (next, name, _, _) -> listed.size() < room && listed.add(new Listed(next, name)));
        return listed;
    }

    private FileId create(String name) throws RefusedException, VolumeFailedException {
        return files.create(ROOT_USER, FileId.ROOT, bytes(name), 0644, request()).id();
    }

    private void write(FileId file, String text) throws RefusedException, VolumeFailedException {
        files.write(ROOT_USER, file, 0, bytes(text), false, request());
    }

    private String read(FileId file) throws RefusedException, VolumeFailedException {
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(100);
            int count = files.read(file, memory, 100, 0);
            return Bytes.copyOf(memory, 0, count).toString();
        }
    }

    private RequestId request() {
        return new RequestId(1, ++unique);
    }

    private static Bytes bytes(String text) {
        return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
    }
}
