package io.leasehold.blockrep;

import static io.leasehold.blockrep.VolumePair.A;
import static io.leasehold.blockrep.VolumePair.B;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.link.PeerLink;
import io.leasehold.blockrep.replication.ConnectionState;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Caller;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.Refusal;
import io.leasehold.blockrep.volume.RefusedException;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two volumes over TLS on loopback, with real journals and trees. */
class ReplicatedVolumeIT {
    private static final int PIECE_BYTES = 128 << 10;

    @TempDir Path directory;
    private VolumePair pair;

    @BeforeEach
    void makePair() throws Exception {
        pair = new VolumePair(directory);
    }

    @AfterEach
    void closePair() {
        pair.close();
    }

    private void assertEqualTrees() throws IOException {
        assertThat(pair.b.volume().copy.volume().digest())
                .isEqualTo(pair.a.volume().copy.volume().digest());
        assertThat(pair.b.volume().facts().root()).isEqualTo(pair.a.volume().facts().root());
    }

    private Workload workload(VolumePair.Side side, long seed) {
        return new Workload(side.volume().fileSystem(), seed);
    }

    private static void write(VolumePair.Side side, String name, int bytes) throws Exception {
        var files = side.volume().fileSystem();
        var id =
                files.create(Workload.ROOT, FileId.ROOT, Workload.bytes(name), 0644, RequestId.NONE)
                        .id();
        var random = new Random(name.hashCode());
        var piece = new byte[PIECE_BYTES];
        for (int at = 0; at < bytes; at += PIECE_BYTES) {
            random.nextBytes(piece);
            files.write(Workload.ROOT, id, at, Bytes.copyOf(piece), false, RequestId.NONE);
            files.applyDurable();
        }
        files.flushLocally();
    }

    @Nested
    class WhileBothAreConnected {
        @Test
        void shouldEndIdenticalAfterTenThousandRandomOperations() throws Exception {
            pair.start();

            workload(pair.a, 1).run(10_000);

            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(pair.a.volume().facts().last().value()).isGreaterThan(5_000);
            assertThat(pair.a.volume().facts().lastRootCheck()).isPresent();
            assertThat(pair.a.shrinks).isEmpty();
        }

        @Test
        void shouldFindBothIdenticalInAVerificationUnderWrites() throws Exception {
            pair.start();
            var writer = workload(pair.a, 2);
            writer.run(2_000);
            var stop = new CountDownLatch(1);
            var writing =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    while (stop.getCount() > 0) {
                                        writer.run(50);
                                    }
                                } catch (Exception e) {
                                    throw new IllegalStateException(e);
                                }
                            });

            var report = pair.a.volume().verify(0, (_, _) -> {});

            stop.countDown();
            writing.join();
            assertThat(report.differences()).isEmpty();
            assertThat(report.itemsCompared()).isGreaterThan(5);
            assertThat(report.bytesCompared()).isPositive();
        }

        @Test
        void shouldFindADifferenceThatWasMadeBehindItsBack() throws Exception {
            pair.start();
            var files = pair.a.volume().fileSystem();
            var id =
                    files.create(
                                    Workload.ROOT,
                                    FileId.ROOT,
                                    Workload.bytes("leases"),
                                    0644,
                                    RequestId.NONE)
                            .id();
            files.write(
                    Workload.ROOT, id, 0, Workload.bytes("lease 10.0.0.1"), false, RequestId.NONE);
            workload(pair.a, 3).barrier();
            pair.awaitApplied(pair.a, pair.b);
            Files.writeString(pair.b.root().resolve("volume/tree/leases"), "lease 10.0.0.2");

            var report = pair.a.volume().verify(0, (_, _) -> {});

            assertThat(report.differences()).hasSize(1);
            assertThat(report.differences().getFirst()).contains("file " + id.value() + " ");
        }

        @Test
        void shouldCarryMessagesInOrder() throws Exception {
            pair.start();

            for (int i = 0; i < 100; i++) {
                assertThat(pair.a.volume().sendToPeer(new byte[] {(byte) i})).isTrue();
            }

            Awaitility.await().until(() -> pair.b.messages.size() == 100);
            assertThat(pair.b.messages).extracting(m -> (int) m[0]).isSorted();
        }

        @Test
        void shouldShareFlushesAmongWriters() throws Exception {
            pair.start();
            var files = pair.a.volume().fileSystem();
            long before = pair.a.volume().facts().counters().syncs();
            var completions = new AtomicInteger();
            int writers = 8;
            int each = 200;
            var threads = new ArrayList<Thread>();
            for (int w = 0; w < writers; w++) {
                var name = Workload.bytes("w" + w);
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        var id =
                                                files.create(
                                                                Workload.ROOT,
                                                                FileId.ROOT,
                                                                name,
                                                                0600,
                                                                RequestId.NONE)
                                                        .id();
                                        for (int i = 0; i < each; i++) {
                                            files.write(
                                                    Workload.ROOT,
                                                    id,
                                                    300L * i,
                                                    Workload.bytes("x".repeat(300)),
                                                    false,
                                                    RequestId.NONE);
                                            var done = new CountDownLatch(1);
                                            files.whenDurable(files.last(), done::countDown);
                                            done.await();
                                            completions.incrementAndGet();
                                        }
                                    } catch (Exception e) {
                                        throw new IllegalStateException(e);
                                    }
                                }));
            }
            for (var thread : threads) {
                thread.join();
            }

            assertThat(completions).hasValue(writers * each);
            assertThat(pair.a.volume().facts().counters().syncs() - before)
                    .isLessThan((long) writers * each);
        }
    }

    @Nested
    class WhenThePeerWasAway {
        @Test
        void shouldReplayWhatItMissed() throws Exception {
            pair.start();
            workload(pair.a, 4).run(500);
            pair.closeB();
            workload(pair.a, 5).run(500);

            pair.b.open();

            pair.awaitInSync(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(pair.b.relations).last().isEqualTo(Relation.PEER_AHEAD);
            assertThat(branches(pair.b)).isEmpty();
        }

        @Test
        void shouldBeComparedWhenTheJournalDoesNotReachBack() throws Exception {
            pair.a.segments = 4;
            pair.b.segments = 4;
            pair.start();
            workload(pair.a, 6).run(500);
            pair.closeB();
            long last = pair.a.volume().facts().last().value();
            while (pair.a.volume().copy.journal.oldest().value() <= last + 1) {
                bigWrites(pair.a, 4);
            }

            pair.b.open();

            pair.awaitInSync(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(branches(pair.b)).isEmpty();
        }

        @Test
        void shouldBeComparedUnderWritesAndEndIdentical() throws Exception {
            pair.a.segments = 4;
            pair.b.segments = 4;
            pair.start();
            var writer = workload(pair.a, 7);
            writer.run(1000);
            pair.closeB();
            long last = pair.a.volume().facts().last().value();
            while (pair.a.volume().copy.journal.oldest().value() <= last + 1) {
                bigWrites(pair.a, 4);
            }
            var stop = new CountDownLatch(1);
            var writing =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    while (stop.getCount() > 0) {
                                        writer.run(20);
                                    }
                                } catch (Exception e) {
                                    throw new IllegalStateException(e);
                                }
                            });

            pair.b.open();
            pair.awaitInSync(pair.a);
            stop.countDown();
            writing.join();

            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
        }

        private void bigWrites(VolumePair.Side side, int count) throws Exception {
            var files = side.volume().fileSystem();
            var name = Workload.bytes("big");
            FileId id;
            try {
                id = files.lookup(FileId.ROOT, name).id();
            } catch (io.leasehold.blockrep.volume.RefusedException e) {
                id = files.create(Workload.ROOT, FileId.ROOT, name, 0644, RequestId.NONE).id();
            }
            var data = new byte[1 << 20];
            new Random(8).nextBytes(data);
            for (int i = 0; i < count; i++) {
                files.write(
                        Workload.ROOT,
                        id,
                        (long) i << 20,
                        io.leasehold.blockrep.volume.Bytes.copyOf(data),
                        false,
                        RequestId.NONE);
                files.applyDurable();
            }
            workload(side, 9).barrier();
        }
    }

    @Nested
    class WhenAWriterReturnsWithATailThatNobodyHas {
        @Test
        void shouldTakeTheOthersHistoryAndKeepItsOwnAsABranch() throws Exception {
            pair.start();
            workload(pair.a, 10).run(300);
            pair.awaitApplied(pair.a, pair.b);
            // A writes on without being able to complete; then it is gone, and B takes over.
            pair.closeBWithoutShrink();
            var files = pair.a.volume().fileSystem();
            files.create(Workload.ROOT, FileId.ROOT, Workload.bytes("lost"), 0644, RequestId.NONE);
            var completed = new AtomicInteger();
            files.whenDurable(files.last(), completed::incrementAndGet);
            files.flushLocally();
            pair.a.close();
            pair.b.open();
            pair.promoteAlone(pair.b);
            workload(pair.b, 11).run(300);

            pair.a.open();

            pair.awaitInSync(pair.b);
            pair.awaitApplied(pair.b, pair.a);
            assertEqualTrees();
            assertThat(completed).hasValue(0);
            assertThat(pair.a.relations).last().isEqualTo(Relation.DIVERGED);
            assertThat(branches(pair.a)).hasSize(1);
            assertThat(
                            pair.a
                                    .root()
                                    .resolve("volume/branches")
                                    .resolve(branches(pair.a).getFirst())
                                    .resolve("tree/lost"))
                    .exists();
            assertThat(pair.a.root().resolve("volume/tree/lost")).doesNotExist();
        }
    }

    @Nested
    class WhenAPersonForcesTheOlderCopy {
        @Test
        void shouldKeepAsABranchWhatTheOtherHasAcknowledgedAlone() throws Exception {
            pair.start();
            workload(pair.a, 14).run(300);
            pair.awaitApplied(pair.a, pair.b);
            pair.b.close();
            var files = pair.a.volume().fileSystem();
            files.create(Workload.ROOT, FileId.ROOT, Workload.bytes("told"), 0644, RequestId.NONE);
            var completed = new AtomicInteger();
            files.whenDurable(files.last(), completed::incrementAndGet);
            files.flushLocally();
            Awaitility.await().until(() -> completed.get() == 1);
            pair.a.close();
            pair.b.open();
            assertThat(pair.b.promoteByForce(pair.nextEpoch()))
                    .isInstanceOf(Promotion.Granted.class);
            workload(pair.b, 15).run(300);

            pair.a.open();

            pair.awaitInSync(pair.b);
            pair.awaitApplied(pair.b, pair.a);
            assertEqualTrees();
            assertThat(pair.a.root().resolve("volume/tree/told")).doesNotExist();
            assertThat(
                            pair.a
                                    .root()
                                    .resolve("volume/branches")
                                    .resolve(branches(pair.a).getFirst())
                                    .resolve("tree/told"))
                    .exists();
        }
    }

    @Nested
    class WhenAPeerAnnouncesItselfWhileItIsCompared {
        /** It does when it learns of the record: one compare must not end another one. */
        @Test
        void shouldStillBeGivenEveryByte() throws Exception {
            pair.start();
            workload(pair.a, 50).run(100);
            pair.awaitApplied(pair.a, pair.b);
            pair.closeBWithoutShrink();
            var files = pair.a.volume().fileSystem();
            files.create(Workload.ROOT, FileId.ROOT, Workload.bytes("lost"), 0644, RequestId.NONE);
            files.flushLocally();
            pair.a.close();
            pair.b.open();
            long epoch = pair.nextEpoch();
            assertThat(pair.b.promote(epoch, Set.of(B))).isInstanceOf(Promotion.Granted.class);
            workload(pair.b, 51).run(2_000);

            pair.a.open();
            while (pair.b.volume().facts().replication() != ReplicationState.ESTABLISHED) {
                if (pair.b.volume().facts().replication() == ReplicationState.COMPARE_SOURCE) {
                    pair.a.volume().conversation.announceStanding();
                }
            }

            pair.awaitApplied(pair.b, pair.a);
            assertEqualTrees();
        }
    }

    /** What a resync after a crash sends is what changed, not what there is. */
    @Nested
    class WhenLittleOfMuchHasChanged {
        private static final int FILE_BYTES = 24 << 20;
        private static final int CHANGED_BYTES = 1 << 20;

        @BeforeEach
        void fill() throws Exception {
            pair.a.segments = 4;
            pair.b.segments = 4;
            pair.start();
            write(pair.a, "much", FILE_BYTES);
            pair.awaitApplied(pair.a, pair.b);
        }

        private Object inodeOfMuch(VolumePair.Side side) throws IOException {
            return Files.getAttribute(side.root().resolve("volume/live/tree/much"), "unix:ino");
        }

        @Test
        void shouldReplayOnlyWhatThePeerLacks() throws Exception {
            pair.b.crash();
            Awaitility.await().until(() -> !pair.a.shrinks.isEmpty());
            write(pair.a, "changed", CHANGED_BYTES);

            pair.b.open();

            pair.awaitInSync(pair.a);
            assertSentInProportion(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
        }

        /** The ring is overwritten several times, and the writer's process is another one then. */
        @Test
        void shouldCopyOnlyWhatWasTouchedIfTheJournalDoesNotReachBack() throws Exception {
            pair.b.crash();
            var before = inodeOfMuch(pair.b);
            Awaitility.await().until(() -> !pair.a.shrinks.isEmpty());
            long last = pair.a.volume().facts().last().value();
            rewriteUntil(last + 1);
            pair.a.close();
            pair.a.open();
            pair.promoteAlone(pair.a);
            rewriteUntil(pair.a.volume().facts().last().value());

            pair.b.open();

            pair.awaitInSync(pair.a);
            assertSentInProportion(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(inodeOfMuch(pair.b)).as("nobody copied it").isEqualTo(before);
            assertThat(branches(pair.b)).isEmpty();
        }

        private void rewriteUntil(long oldest) throws Exception {
            while (pair.a.volume().copy.journal.oldest().value() <= oldest) {
                var files = pair.a.volume().fileSystem();
                try {
                    files.unlink(
                            Workload.ROOT, FileId.ROOT, Workload.bytes("changed"), RequestId.NONE);
                } catch (RefusedException e) {
                    // The first time.
                    assertThat(e.refusal()).isEqualTo(Refusal.NO_ENTRY);
                }
                write(pair.a, "changed", CHANGED_BYTES);
                workload(pair.a, 62).barrier();
            }
        }

        @Test
        void shouldCopyOnlyWhatDiffersIfThePeerMustGiveUpATail() throws Exception {
            var before = inodeOfMuch(pair.a);
            pair.closeBWithoutShrink();
            write(pair.a, "tail", CHANGED_BYTES);
            pair.a.crash();
            pair.b.open();
            pair.promoteAlone(pair.b);
            write(pair.b, "changed", CHANGED_BYTES);

            pair.a.open();

            pair.awaitInSync(pair.b);
            assertThat(branches(pair.a)).hasSize(1);
            assertSentInProportion(pair.b);
            pair.awaitApplied(pair.b, pair.a);
            assertEqualTrees();
            assertThat(inodeOfMuch(pair.a)).as("nobody copied it").isEqualTo(before);
            var branch =
                    pair.a.root().resolve("volume/branches").resolve(branches(pair.a).getFirst());
            assertThat(branch.resolve("tree/tail")).hasSize(CHANGED_BYTES);
            assertThat(branch.resolve("tree/much")).doesNotExist();
        }

        private record Seen(VolumeFacts.ResyncKind kind, long doneBytes, long totalBytes) {}

        /** What both nodes show from now on until they are in sync. */
        private List<Seen> seenUntilInSync(VolumePair.Side writer, VolumePair.Side target) {
            var seen = new ArrayList<Seen>();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofNanos(200_000))
                    .until(() -> {
                        for (var side : List.of(writer, target)) {
                            side.volume()
                                    .facts()
                                    .resync()
                                    .map(now -> new Seen(now.kind(), now.done(), now.total()))
                                    .ifPresent(seen::add);
                        }
                        return writer.volume().facts().replication()
                                == ReplicationState.ESTABLISHED;
                    });
            return seen;
        }

        /** At a half, what is shown as the whole is about the whole. */
        private void assertTrue(List<Seen> seen, VolumeFacts.ResyncKind kind, long bytes) {
            var halfway =
                    seen.stream()
                            .filter(now -> now.kind == kind)
                            .filter(now -> now.doneBytes > bytes / 2)
                            .toList();
            assertThat(halfway).isNotEmpty();
            assertThat(halfway)
                    .allSatisfy(now -> {
                        assertThat(now.doneBytes).isLessThanOrEqualTo(now.totalBytes);
                        assertThat(now.totalBytes).isBetween(bytes - bytes / 8, bytes + bytes / 8);
                    });
        }

        @Test
        void shouldShowHowFarAReplayIs() throws Exception {
            pair.closeB();
            write(pair.a, "changed", 8 * CHANGED_BYTES);

            pair.b.open();

            assertTrue(
                    seenUntilInSync(pair.a, pair.b),
                    VolumeFacts.ResyncKind.REPLAY,
                    8 * CHANGED_BYTES);
        }

        @Test
        void shouldShowHowFarACopyOfWhatWasTouchedIs() throws Exception {
            pair.closeBWithoutShrink();
            write(pair.a, "tail", CHANGED_BYTES);
            pair.a.crash();
            pair.b.open();
            pair.promoteAlone(pair.b);
            write(pair.b, "changed", 8 * CHANGED_BYTES);

            pair.a.open();

            assertTrue(
                    seenUntilInSync(pair.b, pair.a),
                    VolumeFacts.ResyncKind.CHANGES,
                    8 * CHANGED_BYTES);
        }

        @Test
        void shouldShowHowFarAVerificationIs() throws Exception {
            var seen = new ArrayList<Seen>();

            var report =
                    pair.a
                            .volume()
                            .verify(
                                    0,
                                    (doneBytes, totalBytes) -> {
                                        var now = pair.a.volume().facts().resync().orElseThrow();
                                        seen.add(new Seen(now.kind(), now.done(), now.total()));
                                        assertThat(now.done()).isEqualTo(doneBytes);
                                        assertThat(now.total()).isEqualTo(totalBytes);
                                    });

            assertThat(report.identical()).isTrue();
            assertTrue(seen, VolumeFacts.ResyncKind.VERIFY, FILE_BYTES);
            assertThat(pair.a.volume().facts().resync()).isEqualTo(Optional.empty());
        }

        private void assertSentInProportion(VolumePair.Side source) {
            assertThat(source.volume().facts().counters().bytesSent())
                    .as("what changed, and frames")
                    .isBetween((long) CHANGED_BYTES, CHANGED_BYTES + FILE_BYTES / 64L);
        }
    }

    @Nested
    class WhenTheTargetCannotTakeACompare {
        /** It is b that dials: only what it is told keeps it from beginning again at once. */
        @Test
        void shouldTellTheSourceWhyAndTakeALaterOne() throws Exception {
            pair.start();
            workload(pair.a, 80).run(100);
            pair.awaitApplied(pair.a, pair.b);
            pair.closeBWithoutShrink();
            var files = pair.a.volume().fileSystem();
            files.create(Workload.ROOT, FileId.ROOT, Workload.bytes("tail"), 0644, RequestId.NONE);
            files.flushLocally();
            pair.a.close();
            pair.b.open();
            pair.promoteAlone(pair.b);
            var inTheWay = Files.createDirectories(pair.a.root().resolve("volume/catch-up"));

            pair.a.open();

            Awaitility.await()
                    .until(() ->
                            pair.b.endReasons.stream()
                                    .anyMatch(reason ->
                                            reason.contains("it cannot go on: ")
                                                    && reason.contains("catch-up")));
            assertThat(pair.a.diskFailures).isEmpty();
            pair.a.volume().copy.differs(new Divergence(new Seq(1), "found by the target"));
            Files.delete(inTheWay);
            pair.awaitInSync(pair.b);
            pair.awaitApplied(pair.b, pair.a);
            assertEqualTrees();
            assertThat(pair.a.volume().facts().divergence())
                    .as("of a copy that is no more")
                    .isEmpty();
        }
    }

    @Nested
    class WhenTheDiskOfTheTargetRefusesAChange {
        /** As a full disk does; the journal, which is preallocated, goes on. */
        @Test
        void shouldCarryItOutFromTheJournalOnceTheDiskTakesIt() throws Exception {
            pair.start();
            var writer = workload(pair.a, 90);
            writer.run(100);
            pair.awaitApplied(pair.a, pair.b);
            var tree = pair.b.root().resolve("volume/live/tree");
            immutable(tree, true);
            try {
                create("refused");
                Awaitility.await().until(() -> !pair.a.shrinks.isEmpty());
                create("behind it");
                writer.run(100);
                Awaitility.await()
                        .until(() ->
                                pair.a.endReasons.stream()
                                        .anyMatch(
                                                reason -> reason.contains("what the journal has")));
            } finally {
                immutable(tree, false);
            }

            pair.awaitInSync(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(pair.b.diskFailures).isEmpty();
        }

        /** R32: what it has acknowledged may be lost, and it would be counted in again. */
        @Test
        void shouldTakeNothingMoreOnceAFlushHasFailed() throws Exception {
            pair.start();
            workload(pair.a, 91).run(100);
            pair.awaitApplied(pair.a, pair.b);
            var last = pair.b.volume().facts().last();

            pair.b.volume().copy.replicator.diskFailed("fdatasync: EIO");
            pair.a.volume().endSession("begun anew by the test");

            Awaitility.await()
                    .until(() ->
                            pair.a.endReasons.stream()
                                    .anyMatch(reason ->
                                            reason.contains(
                                                    "the disk of b has failed: fdatasync: EIO: when it works again")));
            assertThat(pair.b.volume().facts().last()).isEqualTo(last);
        }

        private void create(String name) throws Exception {
            var files = pair.a.volume().fileSystem();
            files.create(Workload.ROOT, FileId.ROOT, Workload.bytes(name), 0644, RequestId.NONE);
            files.flushLocally();
        }

        private static void immutable(Path directory, boolean on)
                throws IOException, InterruptedException {
            var chattr =
                    new ProcessBuilder("chattr", on ? "+i" : "-i", directory.toString())
                            .inheritIO()
                            .start();
            assertThat(chattr.waitFor()).isZero();
        }
    }

    @Nested
    class WhenTheCopiesDiffer {
        /** R10, R23: lineage and place are equal, the content is not: a bug, or a damaged disk. */
        @Test
        void shouldSayItKeepWhatItReplacesAndGrowOnlyWhenEqual() throws Exception {
            pair.start();
            workload(pair.a, 70).run(100);
            pair.awaitApplied(pair.a, pair.b);
            pair.closeB();
            var last = pair.b.appendOfItsOwn();
            workload(pair.a, 71).run(100);

            pair.b.open();

            pair.awaitInSync(pair.a);
            assertThat(pair.a.divergences).extracting(Divergence::at).containsExactly(last);
            assertThat(pair.a.volume().facts().divergence()).isPresent();
            assertThat(branches(pair.b)).hasSize(1);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();

            assertThat(verified().differences()).isEmpty();
            assertThat(pair.a.volume().facts().divergence()).isEmpty();
            assertThat(pair.a.volume().facts().foundDifferent()).isEmpty();
        }

        private VerifyReport verified() throws Exception {
            return pair.a.volume().verify(0, (done, total) -> {});
        }

        /** Somebody, or a disk, has changed a file of b behind our back: no operation says so. */
        private void damage() throws Exception {
            pair.start();
            write(pair.a, "leases", PIECE_BYTES);
            pair.awaitApplied(pair.a, pair.b);
            try (var file =
                    FileChannel.open(
                            pair.b.root().resolve("volume/tree/leases"),
                            StandardOpenOption.WRITE)) {
                assertThat(file.write(ByteBuffer.wrap(new byte[100]), 10)).isEqualTo(100);
            }
        }

        private void assertMended() throws Exception {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> pair.a.volume().facts().foundDifferent().isEmpty());
            pair.awaitInSync(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(pair.b.volume().facts().foundDifferent()).isEmpty();
            assertThat(branches(pair.b)).hasSize(1);
            assertThat(pair.a.volume().facts().lastResync().orElseThrow().kind())
                    .isEqualTo(VolumeFacts.ResyncKind.COMPARE);
            assertThat(verified().differences()).isEmpty();
        }

        @Test
        void shouldCompareEverythingInTheNextSessionAlsoAfterARestart() throws Exception {
            damage();
            assertThat(verified().differences()).hasSize(1);
            assertThat(pair.b.volume().facts().foundDifferent())
                    .as("b takes over, perhaps, and is the one that compares")
                    .isPresent();
            pair.closeB();
            pair.a.close();
            pair.a.open();
            assertThat(pair.a.volume().facts().foundDifferent()).isPresent();
            pair.promoteAlone(pair.a);
            write(pair.a, "behind", PIECE_BYTES);

            pair.b.open();

            assertMended();
        }

        @Test
        void shouldNotEndASessionAgainThatAPersonHasEndedForACompare() throws Exception {
            damage();
            assertThat(verified().differences()).hasSize(1);
            pair.closeB();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> pair.a.volume().facts().connection() != ConnectionState.CONNECTED);

            assertThat(pair.a.volume().compareNow()).isEqualTo(CompareNow.NO_SESSION);
            assertThat(pair.a.volume().compareNow()).isEqualTo(CompareNow.ORDERED);

            pair.b.open();
            assertMended();
        }

        @Test
        void shouldCompareEverythingAtOnceIfAPersonAsks() throws Exception {
            damage();
            assertThat(pair.a.volume().compareNow()).isEqualTo(CompareNow.NOTHING_FOUND);
            assertThat(verified().differences()).hasSize(1);
            assertThat(pair.b.volume().compareNow()).isEqualTo(CompareNow.NOT_PRIMARY);

            assertThat(pair.a.volume().compareNow()).isEqualTo(CompareNow.BEGUN);
            assertThat(pair.a.volume().compareNow())
                    .as("while the first is carried out")
                    .isNotIn(CompareNow.BEGUN, CompareNow.NO_SESSION);

            assertMended();
            assertThat(pair.a.volume().compareNow()).isEqualTo(CompareNow.NOTHING_FOUND);
        }
    }

    @Nested
    class WhenAPeerAnnouncesItselfWhileItIsReplayed {
        /** The plan is made anew: what the replaced one still had to send must not come as well. */
        @Test
        void shouldGetEachOperationOnceInOneSession() throws Exception {
            pair.start();
            workload(pair.a, 60).run(100);
            pair.awaitApplied(pair.a, pair.b);
            pair.closeB();
            // More than a session's buffers hold, so that a replay is not over before it is seen.
            write(pair.a, "much", 24 << 20);
            long sessions = pair.a.volume().facts().counters().sessions();

            pair.b.open();
            int announced = 0;
            while (pair.a.volume().facts().replication() != ReplicationState.ESTABLISHED) {
                if (announced < 50
                        && pair.a.volume().facts().replication()
                                == ReplicationState.REPLAY_SOURCE) {
                    announced++;
                    pair.b.volume().conversation.announceStanding();
                }
            }

            assertThat(announced).isPositive();
            assertThat(pair.a.volume().facts().counters().sessions()).isEqualTo(sessions + 1);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
        }
    }

    @Nested
    class WhenTheWriterChanges {
        @Test
        void shouldHandOverAndBack() throws Exception {
            pair.start();
            workload(pair.a, 12).run(200);
            for (int round = 0; round < 3; round++) {
                var from = round % 2 == 0 ? pair.a : pair.b;
                var to = round % 2 == 0 ? pair.b : pair.a;
                assertThat(from.volume().park(Duration.ofSeconds(5)))
                        .isInstanceOf(Drained.AllDurable.class);
                from.volume().demote();
                assertThat(to.promote(pair.nextEpoch(), Set.of(to.name)))
                        .isInstanceOf(Promotion.Granted.class);
                pair.awaitInSync(to);
                workload(to, 13 + round).run(200);
                pair.awaitApplied(to, from);
                assertEqualTrees();
            }
            assertThat(branches(pair.a)).isEmpty();
            assertThat(branches(pair.b)).isEmpty();
        }

        @Test
        void shouldRestartAsWriterOfTheNextEpochWithTheTailOnBoth() throws Exception {
            pair.start();
            workload(pair.a, 20).run(200);
            pair.a.close();
            pair.a.open();
            Awaitility.await().until(() -> pair.a.volume().facts().peer().isPresent());
            long epoch = pair.nextEpoch();
            assertThat(pair.b.volume().promise(epoch)).isTrue();

            assertThat(pair.a.promote(epoch, Set.of(A, B))).isInstanceOf(Promotion.Granted.class);

            pair.awaitInSync(pair.a);
            workload(pair.a, 21).run(200);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
            assertThat(pair.b.volume().promise(epoch - 1)).isFalse();
        }

        @Test
        void shouldRejectTheWriterOfAnOlderEpoch() throws Exception {
            pair.start();
            workload(pair.a, 22).run(100);
            pair.a.winsShrinks = false;
            assertThat(pair.b.volume().promise(100)).isTrue();
            var files = pair.a.volume().fileSystem();
            files.create(
                    Workload.ROOT, FileId.ROOT, Workload.bytes("zombie"), 0644, RequestId.NONE);
            var completed = new AtomicInteger();
            files.whenDurable(files.last(), completed::incrementAndGet);

            Awaitility.await().until(() -> !pair.a.shrinks.isEmpty());

            assertThat(completed).hasValue(0);
            assertThat(pair.a.volume().facts().frozenReason()).isPresent();
            assertThat(pair.b.root().resolve("volume/tree/zombie")).doesNotExist();
        }
    }

    @Nested
    class WhenThePeerDoesNotAcknowledge {
        @Test
        void shouldFreezeUntilTheRecordSaysThatItIsAlone() throws Exception {
            pair.start();
            workload(pair.a, 30).run(50);
            pair.a.winsShrinks = false;
            // Not closed: it goes on answering signs of life, but takes no frame.
            var completed = new CountDownLatch(1);
            var receiving = pair.b.volume().copy.receiving;
            receiving.lock();
            try {
                var files = pair.a.volume().fileSystem();
                files.create(Workload.ROOT, FileId.ROOT, Workload.bytes("x"), 0644, RequestId.NONE);
                files.whenDurable(files.last(), completed::countDown);
                Awaitility.await()
                        .atMost(Duration.ofSeconds(20))
                        .until(() -> !pair.a.shrinks.isEmpty());
                assertThat(pair.a.shrinks.getFirst()).contains("no acknowledgement");
                assertThat(completed.getCount()).isEqualTo(1);

                pair.a.recordChanged(Set.of(A));

                assertThat(completed.await(5, TimeUnit.SECONDS)).isTrue();
                assertThat(pair.a.volume().facts().frozenForNanos()).isEmpty();
            } finally {
                receiving.unlock();
            }
            pair.awaitInSync(pair.a);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
        }
    }

    /** It loses its power, or its disk hangs, between the handshake and its first frame. */
    @Nested
    class WhenThePeerDoesNotSayWhoItIs {
        @Test
        void shouldDialAnew() throws Exception {
            var connected = new CountDownLatch(2);
            try (var mute =
                    new PeerLink(
                            "mute",
                            pair.a.network().listen(),
                            pair.a.network().peer(),
                            false,
                            pair.a.network().identity(),
                            pair.a.network().versions(),
                            session -> {
                                connected.countDown();
                                while (session.endReason().isEmpty()) {
                                    var _ = session.read();
                                }
                            })) {
                mute.start();
                pair.b.open();

                assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
            }

            pair.a.open();
            pair.a.promote(pair.nextEpoch(), Set.of(A));
            pair.awaitInSync(pair.a);
        }
    }

    @Nested
    class WhenAGrowIsOverBeforeItIsSaid {
        /** R29: what it then acknowledges alone would be taken for a mere tail (R25). */
        @Test
        void shouldGoOnCountingWhatItAcknowledgesAlone() throws Exception {
            pair.a.winsGrows = false;
            pair.a.winsShrinks = false;
            pair.a.open();
            pair.b.open();
            pair.a.promote(pair.nextEpoch(), Set.of(A));
            Awaitility.await().until(() -> pair.a.grows.size() == 1);
            var replicator = pair.a.volume().copy.replicator;
            var allIsSaid = new CountDownLatch(1);
            // The next wish waits behind a message until there is nobody any more to let in.
            pair.a.onMessage =
                    () -> {
                        pair.a.recordChanged(Set.of(A));
                        Awaitility.await().until(() -> replicator.ask(Replication::isGrowPending));
                        pair.b.close();
                        Awaitility.await()
                                .until(() -> replicator.ask(Replication::session).isEmpty());
                        pair.a.recordChanged(Set.of(A));
                        pair.a.volume().copy.events.add(allIsSaid::countDown);
                    };
            assertThat(pair.b.volume().sendToPeer(new byte[] {1})).isTrue();
            assertThat(allIsSaid.await(60, TimeUnit.SECONDS)).isTrue();

            assertThat(pair.a.grows).hasSize(1);
            assertThat(pair.a.volume().copy.journal.superblock().acknowledgedAlone()).isPresent();
        }
    }

    @Nested
    class WhenOnlyTheReserveIsLeftOfTheDisk {
        /** Or nobody could start the server for which it is kept. */
        @Test
        void shouldTakeWhatThisProcessWritesBesideTheServers() throws Exception {
            pair.a.reserveBytes = Long.MAX_VALUE / 2;
            pair.a.open();
            pair.a.promote(pair.nextEpoch(), Set.of(A));
            var server = Workload.ROOT;
            // The kernel names the thread that calls.
            var thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName();
            var self = new Caller(0, 0, Integer.parseInt(thread.toString()));

            assertThatThrownBy(() -> create(server, "leases")).isInstanceOf(RefusedException.class);
            create(self, "marker");
            pair.a.volume().reserveSpaceFor(server.pid());
            create(server, "leases");
        }

        private void create(Caller caller, String name) throws Exception {
            pair.a
                    .volume()
                    .fileSystem()
                    .create(caller, FileId.ROOT, Workload.bytes(name), 0600, RequestId.NONE);
        }
    }

    @Nested
    class WhenStrangersConnect {
        @Test
        void shouldNotBeReachableAtAnotherAddress() throws Exception {
            pair.start();
            int port = pair.a.configuration().network().listen().getPort();
            try (var socket = new Socket()) {
                assertThatThrownBy(() -> socket.connect(new InetSocketAddress("127.0.0.2", port)))
                        .isInstanceOf(ConnectException.class);
            }
        }

        /** Not even the peer itself, with its certificate. */
        @Test
        void shouldTurnAwayWhoeverIsNotAtThePeersAddress() throws Exception {
            pair.a.open();
            var own = pair.b.configuration();
            Files.createDirectories(pair.b.root());
            try (var elsewhere =
                    ReplicatedVolume.open(
                            new VolumeConfiguration(
                                    own.cluster(),
                                    own.self(),
                                    own.peer(),
                                    own.directory(),
                                    own.journal(),
                                    new VolumeConfiguration.Network(
                                            new InetSocketAddress(
                                                    "127.0.0.3", own.network().listen().getPort()),
                                            own.network().peer(),
                                            own.network().identity()),
                                    own.timing(),
                                    own.bootId(),
                                    own.runDirectory(),
                                    own.reserveBytes()),
                            pair.b)) {
                Awaitility.await()
                        .until(() -> pair.a.volume().facts().counters().refusedConnections() >= 2);
                assertThat(elsewhere.facts().peer()).isEmpty();
            }
            assertThat(pair.a.relations).isEmpty();
        }

        @Test
        void shouldChangeNothingOnGarbageAndCountIt() throws Exception {
            pair.start();
            var random = new Random(40);
            for (int i = 0; i < 20; i++) {
                try (var socket = new Socket()) {
                    socket.connect(pair.a.configuration().network().listen());
                    var garbage = new byte[1 + random.nextInt(2000)];
                    random.nextBytes(garbage);
                    socket.getOutputStream().write(garbage);
                } catch (IOException e) {
                    // Closed while we wrote: refused.
                }
            }

            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> pair.a.volume().facts().counters().refusedConnections() >= 20);
            assertThat(pair.a.volume().facts().replication())
                    .isEqualTo(ReplicationState.ESTABLISHED);
            workload(pair.a, 41).run(100);
            pair.awaitApplied(pair.a, pair.b);
            assertEqualTrees();
        }

        @Test
        void shouldRefuseAnotherCertificate() throws Exception {
            pair.a.open();
            var stranger =
                    io.leasehold.blockrep.link.TestIdentities.keyStore(
                            directory.resolve("stranger.p12"));
            var own = pair.b.configuration();
            var wrong =
                    new VolumeConfiguration(
                            own.cluster(),
                            own.self(),
                            own.peer(),
                            own.directory(),
                            own.journal(),
                            new VolumeConfiguration.Network(
                                    own.network().listen(),
                                    own.network().peer(),
                                    io.leasehold.blockrep.link.TestIdentities.identity(
                                            stranger, directory.resolve("a.p12"))),
                            own.timing(),
                            own.bootId(),
                            own.runDirectory(),
                            own.reserveBytes());
            Files.createDirectories(pair.b.root());
            try (var volume = ReplicatedVolume.open(wrong, pair.b)) {
                Awaitility.await()
                        .until(() -> pair.a.volume().facts().counters().refusedConnections() >= 2);
                assertThat(volume.facts().peer()).isEmpty();
            }
            assertThat(pair.a.relations).isEmpty();
        }
    }

    private static java.util.List<String> branches(VolumePair.Side side) throws IOException {
        var path = side.root().resolve("volume/branches");
        if (!Files.exists(path)) {
            return java.util.List.of();
        }
        try (var list = Files.list(path)) {
            return list.map(p -> p.getFileName().toString()).toList();
        }
    }
}
