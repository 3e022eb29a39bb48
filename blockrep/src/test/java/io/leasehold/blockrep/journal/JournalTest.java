package io.leasehold.blockrep.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class JournalTest {
    private static final int SEGMENT_BYTES = 8 << 10;
    private static final int SEGMENTS = 4;
    private static final DeviceId DEVICE = new DeviceId(1, 2);

    private FaultyDirectory disk = new FaultyDirectory();

    private Journal open() throws IOException {
        return open(disk);
    }

    private static Journal open(FaultyDirectory disk) throws IOException {
        return Journal.open(
                disk,
                SEGMENT_BYTES,
                SEGMENTS,
                () -> Superblock.fresh(DEVICE, new ClusterName("test"), "boot"));
    }

    private static ByteBuffer operation(int number) {
        return operation(number, 100 + number % 50);
    }

    private static ByteBuffer operation(int number, int bytes) {
        var content = new byte[bytes];
        new Random(number).nextBytes(content);
        return ByteBuffer.wrap(content);
    }

    private static void append(Journal journal, int from, int to) throws IOException {
        for (int i = from; i <= to; i++) {
            var end = journal.append(1, new RequestId(7, i), operation(i));
            assertThat(end.last()).isEqualTo(new Seq(i));
        }
    }

    private static List<JournalRecord> records(Journal journal, long from) throws Exception {
        var records = new ArrayList<JournalRecord>();
        try (var cursor = journal.read(new Seq(from))) {
            for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
                records.add(next.get());
            }
        }
        return records;
    }

    private static void assertHolds(Journal journal, int last) throws Exception {
        assertThat(journal.end().last()).isEqualTo(new Seq(last));
        assertThat(journal.end().durable()).isEqualTo(new Seq(last));
        var hash = new RollingHash();
        var root = Root.EMPTY;
        var records = records(journal, 1);
        assertThat(records).hasSize(last);
        for (int i = 1; i <= last; i++) {
            root = hash.next(root, new Seq(i), 1, operation(i));
            var record = records.get(i - 1);
            assertThat(record.seq()).isEqualTo(new Seq(i));
            assertThat(record.operation()).isEqualTo(operation(i).array());
            assertThat(record.root()).isEqualTo(root);
        }
        assertThat(journal.end().root()).isEqualTo(root);
    }

    /** A history that begins behind the tenth operation. */
    private static PendingSwitch another(PendingSwitch.Way way) {
        return new PendingSwitch(way, 7, new Seq(10), new Root(5, 6), Lineage.EMPTY);
    }

    @Nested
    class InOrder {
        @Test
        void shouldReadWhatWasAppended() throws Exception {
            var journal = open();
            append(journal, 1, 70);
            assertThat(journal.end().durable()).isEqualTo(Seq.NONE);

            journal.sync();

            assertHolds(journal, 70);
            assertThat(records(journal, 69)).hasSize(2);
        }

        @Test
        void shouldDeliverToAnOpenCursorWhatComesLater() throws Exception {
            var journal = open();
            append(journal, 1, 3);
            try (var cursor = journal.read(new Seq(3))) {
                assertThat(cursor.next()).isPresent();
                assertThat(cursor.next()).isEmpty();
                append(journal, 4, 60);
                for (int i = 4; i <= 60; i++) {
                    assertThat(cursor.next().orElseThrow().seq()).isEqualTo(new Seq(i));
                }
                assertThat(cursor.next()).isEmpty();
            }
        }

        @Test
        void shouldGoOnAfterAKillOfTheProcess() throws Exception {
            append(open(), 1, 70);

            // Not synced, but the page cache outlives the process.
            assertHolds(open(), 70);
            assertThat(disk.unsynced()).isEmpty();
        }

        @Test
        void shouldFindARequestAgain() throws Exception {
            append(open(), 1, 40);

            var journal = open();

            assertThat(journal.resolved(new RequestId(7, 33)).orElseThrow().seq())
                    .isEqualTo(new Seq(33));
            assertThat(journal.resolved(new RequestId(8, 33))).isEmpty();
        }

        @Test
        void shouldRefuseAReplicaThatLeadsToAnotherRoot() throws Exception {
            var journal = open();
            append(journal, 1, 2);

            boolean taken = journal.appendReplica(1, RequestId.NONE, operation(3), new Root(1, 1));

            assertThat(taken).isFalse();
            assertThat(journal.end().last()).isEqualTo(new Seq(2));
        }

        @Test
        void shouldRefuseAnOperationOfAnOlderEpoch() throws Exception {
            var journal = open();
            journal.append(5, RequestId.NONE, operation(1));

            assertThatThrownBy(() -> journal.append(4, RequestId.NONE, operation(2)))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Nested
    class AroundTheRing {
        @Test
        void shouldNotOverwriteWhatNoCheckpointCovers() throws Exception {
            var journal = open();

            assertThatThrownBy(() -> append(journal, 1, 10_000))
                    .isInstanceOf(JournalFullException.class);
        }

        @Test
        void shouldGoRoundManyTimesAndSurviveEveryPowerLossBetween() throws Exception {
            var journal = open();
            for (int i = 1; i <= 600; i++) {
                append(journal, i, i);
                if (i % 10 == 0) {
                    journal.sync();
                    journal.checkpointed(new Seq(i), new Seq(i));
                    // Nothing of the unsynced survives: the stale records of earlier rounds show.
                    disk = disk.afterPowerLoss((index, write) -> 0);
                    journal = open();
                    assertThat(journal.end().last()).isEqualTo(new Seq(i));
                }
            }
            assertThat(journal.oldest().value()).isBetween(400L, 600L);
        }

        /**
         * A segment is begun over the oldest one, and the power goes before any sync: of what was
         * written the disk has taken a record, and not the header.
         */
        @Test
        void shouldNotReplayWhatALostSegmentHasOverwritten() throws Exception {
            var journal = open();
            int last = 0;
            while (journal.oldest().equals(new Seq(1))) {
                append(journal, last + 1, last + 1);
                last++;
                journal.sync();
                journal.checkpointed(new Seq(last), new Seq(last));
            }
            var oldest = journal.oldest();
            while (journal.oldest().equals(oldest)) {
                journal.sync();
                append(journal, last + 1, last + 1);
                last++;
            }
            assertThat(disk.unsynced()).hasSize(2);
            disk = disk.afterPowerLoss((index, write) -> index == 0 ? 0 : write.bytes().length);

            var after = open();

            assertThat(after.end().last()).isEqualTo(new Seq(last - 1));
            assertThatThrownBy(() -> records(after, oldest.value()))
                    .isInstanceOf(RecordsGoneException.class);
            assertThat(after.rootAt(oldest)).isEmpty();
            assertThat(after.oldest().isAfter(oldest)).isTrue();
            assertThat(records(after, after.oldest().value()))
                    .hasSize((int) (last - after.oldest().value()));
            // The ring goes on.
            for (int i = last; i < last + 100; i++) {
                append(after, i, i);
                after.sync();
                after.checkpointed(new Seq(i), new Seq(i));
            }
            assertThat(open().end().last()).isEqualTo(new Seq(last + 99));
        }

        @Test
        void shouldSayThatOldRecordsAreGone() throws Exception {
            var journal = open();
            append(journal, 1, 20);
            journal.sync();
            journal.checkpointed(new Seq(20), new Seq(20));
            var cursor = journal.read(new Seq(1));
            for (int i = 21; i <= 200; i += 10) {
                append(journal, i, i + 9);
                journal.sync();
                journal.checkpointed(new Seq(i + 9), new Seq(i + 9));
            }

            assertThatThrownBy(cursor::next).isInstanceOf(RecordsGoneException.class);
            assertThatThrownBy(() -> journal.read(new Seq(1)))
                    .isInstanceOf(RecordsGoneException.class);
        }

        @Test
        void shouldBeginAnotherHistoryWithoutRecordsOfTheOld() throws Exception {
            var journal = open();
            append(journal, 1, 30);
            journal.sync();
            var root = new Root(5, 6);

            journal.restart(
                    new PendingSwitch(
                            PendingSwitch.Way.EXCHANGE,
                            7,
                            new Seq(10),
                            root,
                            Lineage.EMPTY.begin(9, new Seq(1), new DeviceId(3, 4))));

            assertThat(journal.end()).isEqualTo(new Journal.End(new Seq(10), root, new Seq(10)));
            disk = disk.afterPowerLoss((index, write) -> 0);
            var after = open();
            assertThat(after.end().last()).isEqualTo(new Seq(10));
            assertThat(after.end().root()).isEqualTo(root);
            assertThat(after.superblock().lineage().headEpoch()).isEqualTo(9);
            assertThat(after.append(9, RequestId.NONE, operation(11)).last())
                    .isEqualTo(new Seq(11));
        }
    }

    /**
     * The trees have changed places when a restart begins: whenever the power goes, the journal
     * must be opened again, and must follow.
     */
    @Nested
    class AfterAPowerLossWithinARestart {
        private final Root root = new Root(5, 6);
        private final Lineage theirs = Lineage.EMPTY.begin(9, new Seq(1), new DeviceId(3, 4));

        @ParameterizedTest
        @CsvSource({
            // A tail is rolled back; as far as before; further.
            "30, 10", "30, 30", "30, 50",
            // The ring is full: the first segment of the new history lies where the oldest was.
            "260, 250", "260, 261", "260, 600",
        })
        void shouldFollowTheTreeFromWhicheverWriteItWas(int operations, int to) throws Exception {
            var pending =
                    new PendingSwitch(PendingSwitch.Way.EXCHANGE, 7, new Seq(to), root, theirs);
            int writes = 0;
            boolean over = false;
            while (!over) {
                disk = new FaultyDirectory();
                var journal = open();
                for (int from = 1; from < operations; from += 10) {
                    append(journal, from, from + 9);
                    journal.sync();
                    int covered = Math.max(0, from - 40);
                    journal.checkpointed(new Seq(covered), new Seq(covered));
                }
                journal.update(editor -> editor.pendingSwitch(Optional.of(pending)));
                disk.loseAfterWrites(writes++);
                over = restarts(journal, pending);

                for (int kept : new int[] {0, 20, 1 << 20}) {
                    var after =
                            open(
                                    disk.afterPowerLoss((index, write) ->
                                            Math.min(kept, write.bytes().length)));
                    after.finishSwitch(7);
                    assertThat(after.end())
                            .isEqualTo(new Journal.End(new Seq(to), root, new Seq(to)));
                    assertThat(after.superblock().pendingSwitch()).isEmpty();
                    assertThat(after.superblock().lineage()).isEqualTo(theirs);
                    assertThat(after.append(9, RequestId.NONE, operation(1)).last())
                            .isEqualTo(new Seq(to + 1));
                }
            }
            assertThat(writes).as("writes of a restart").isGreaterThan(4);
        }

        /** What was touched is not what differs: only a copy of everything is known to be equal. */
        @ParameterizedTest
        @EnumSource(PendingSwitch.Way.class)
        void shouldForgetADifferenceOnlyWhenEverythingIsReplaced(PendingSwitch.Way way)
                throws Exception {
            var journal = open();
            append(journal, 1, 30);
            journal.sync();
            journal.update(editor -> editor.foundDifferent(Optional.of(new Seq(12))));

            journal.restart(another(way));

            assertThat(open().superblock().foundDifferent().isPresent())
                    .isEqualTo(way == PendingSwitch.Way.PATCH);
        }

        /** R29: what was complete of the old one would pass as complete of the new one. */
        @ParameterizedTest
        @CsvSource({"30, 10", "5, 5"})
        void shouldNotTakeOverWhatWasCompleteBehindItsBeginning(long before, long after)
                throws Exception {
            var journal = open();
            append(journal, 1, 30);
            journal.sync();
            journal.update(editor -> editor.committed(new Seq(before)));

            journal.restart(another(PendingSwitch.Way.EXCHANGE));

            assertThat(open().superblock().committed()).isEqualTo(new Seq(after));
        }

        private boolean restarts(Journal journal, PendingSwitch to) {
            try {
                journal.restart(to);
                return true;
            } catch (IOException _) {
                return false;
            }
        }

        @Test
        void shouldGoOnWithTheOldHistoryIfTheTreesDidNotChangePlaces() throws Exception {
            var journal = open();
            append(journal, 1, 30);
            journal.sync();
            journal.update(editor ->
                    editor.pendingSwitch(
                            Optional.of(
                                    new PendingSwitch(
                                            PendingSwitch.Way.EXCHANGE,
                                            7,
                                            new Seq(10),
                                            root,
                                            theirs))));

            var after = open(disk.afterPowerLoss((index, write) -> 0));

            assertThat(after.finishSwitch(8)).isFalse();
            assertThat(after.end().last()).isEqualTo(new Seq(30));
            assertThat(after.superblock().pendingSwitch()).isEmpty();
        }

        @Test
        void shouldNotTakeALostJournalForOneThatWasRestarted() throws Exception {
            var journal = open();
            append(journal, 1, 10);
            journal.sync();
            journal.update(editor ->
                    editor.durable(new Seq(10))
                            .pendingSwitch(
                                    Optional.of(
                                            new PendingSwitch(
                                                    PendingSwitch.Way.EXCHANGE,
                                                    7,
                                                    new Seq(10),
                                                    root,
                                                    theirs))));
            var lost = disk.afterPowerLoss((index, write) -> 0);
            for (int segment = 0; segment < SEGMENTS; segment++) {
                lost.create("segment-%02d".formatted(segment), SEGMENT_BYTES);
            }

            assertThatThrownBy(() -> open(lost)).isInstanceOf(CorruptJournalException.class);
        }
    }

    @Nested
    class InGroups {
        /** The leader would sync for ever what the copy has given up. */
        @Test
        void shouldNotWaitForAWishOfAnotherHistory() throws Exception {
            var journal = open();
            var durable = new ArrayList<Seq>();
            var commits =
                    new GroupCommit(
                            journal,
                            durable::add,
                            failure -> {
                                throw new AssertionError(failure);
                            });
            append(journal, 1, 30);
            commits.sync(new Seq(30));
            journal.restart(another(PendingSwitch.Way.EXCHANGE));
            journal.append(1, RequestId.NONE, operation(11));

            commits.sync(new Seq(11));

            assertThat(durable).endsWith(new Seq(11));
        }
    }

    @Nested
    class AfterAPowerLoss {
        @Test
        void shouldCutTheTailAtEveryByteOfATornWrite() throws Exception {
            var journal = open();
            append(journal, 1, 5);
            journal.sync();
            append(journal, 6, 6);
            int size = disk.unsynced().getFirst().bytes().length;
            for (int torn = 0; torn <= size; torn++) {
                int bytes = torn;
                var after = disk.afterPowerLoss((index, write) -> bytes);

                // The padding behind the operation is zeros on the disk already.
                int least = 5;
                var recovered = open(after);
                assertThat(recovered.end().last().value()).isBetween((long) least, 6L);
                if (bytes < size - 8) {
                    assertHolds(recovered, 5);
                }
                append(recovered, (int) recovered.end().last().value() + 1, 9);
                recovered.sync();
                assertHolds(open(after), 9);
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 4})
        void shouldKeepEverythingSyncedWhateverSubsetOfTheRestSurvives(int seed) throws Exception {
            var random = new Random(seed);
            for (int round = 0; round < 150; round++) {
                disk = new FaultyDirectory();
                var journal = open();
                int last = 0;
                int synced = 0;
                int steps = 1 + random.nextInt(12);
                for (int step = 0; step < steps; step++) {
                    int more = 1 + random.nextInt(12);
                    if (last + more > 75) {
                        break;
                    }
                    append(journal, last + 1, last + more);
                    last += more;
                    if (random.nextInt(3) > 0) {
                        journal.sync();
                        synced = last;
                    }
                }
                var after =
                        disk.afterPowerLoss((index, write) ->
                                switch (random.nextInt(3)) {
                                    case 0 -> 0;
                                    case 1 -> random.nextInt(write.bytes().length + 1);
                                    default -> write.bytes().length;
                                });
                var recovered = open(after);
                int found = (int) recovered.end().last().value();
                assertThat(found).as("seed %d round %d", seed, round).isBetween(synced, last);
                assertHolds(recovered, found);
                // The journal that was cut is a journal like any other.
                append(recovered, found + 1, found + 3);
                recovered.sync();
                assertHolds(open(after.afterPowerLoss((index, write) -> 0)), found + 3);
            }
        }
    }

    @Nested
    class WithDamage {
        @Test
        void shouldNeverDropADurableRecordSilentlyForAnyFlippedBit() throws Exception {
            var journal = open();
            for (int i = 1; i <= 30; i++) {
                append(journal, i, i);
                journal.sync();
            }
            int begin = Segment.HEADER_BYTES;
            int errors = 0;
            // Record 30 says that 29 was durable: damage to anything before it is noticed.
            for (int offset = begin; offset < begin + 3_000; offset += 7) {
                var damaged = disk.withFlippedBit("segment-01", offset, offset % 8);
                try {
                    assertHolds(open(damaged), 30);
                    throw new AssertionError("damage at " + offset + " was not noticed");
                } catch (CorruptJournalException e) {
                    assertThat(e.file().getFileName()).hasToString("segment-01");
                    assertThat(e.offset()).isBetween((long) begin, (long) offset);
                    assertThat(e.expected()).contains("durable");
                    errors++;
                }
            }
            assertThat(errors).isGreaterThan(400);
        }

        @Test
        void shouldNoticeThatTheEndIsMissingAfterACleanClose() throws Exception {
            var journal = open();
            append(journal, 1, 5);
            var end = journal.sync();
            journal.update(editor -> editor.clean(true).durable(end.durable()));
            // Within the last record, behind which nothing says that it had been durable.
            int offset = Segment.HEADER_BYTES;
            for (int i = 1; i < 5; i++) {
                offset += Segment.recordBytes(operation(i).remaining());
            }
            disk = disk.withFlippedBit("segment-01", offset + 70, 3);

            assertThatThrownBy(JournalTest.this::open)
                    .isInstanceOfSatisfying(
                            CorruptJournalException.class,
                            e -> assertThat(e.expected()).contains("operation 5"));
        }

        @Test
        void shouldSurviveDamageToEitherSlotOfTheSuperblock() throws Exception {
            var journal = open();
            journal.update(editor -> editor.promisedEpoch(42));
            for (int slot = 0; slot < 2; slot++) {
                var damaged =
                        disk.withFlippedBit("superblock", slot * Superblock.SLOT_BYTES + 41, 1);

                assertThat(open(damaged).superblock().promisedEpoch()).isEqualTo(42);
            }
            disk =
                    disk.withFlippedBit("superblock", 41, 1)
                            .withFlippedBit("superblock", Superblock.SLOT_BYTES + 41, 1);
            assertThatThrownBy(JournalTest.this::open)
                    .isInstanceOf(CorruptJournalException.class)
                    .hasMessageContaining("superblock");
        }

        /** Nobody can have used it, so there is nothing to lose; found by the simulator. */
        @Test
        void shouldBeginAgainIfThePowerWentWhileTheFirstSuperblockWasWritten() throws Exception {
            for (int survives : List.of(0, 1, 100)) {
                disk = new FaultyDirectory();
                for (int index = 0; index < SEGMENTS; index++) {
                    disk.create("segment-%02d".formatted(index), SEGMENT_BYTES);
                }
                var superblock = disk.create("superblock", Superblock.FILE_BYTES);
                superblock.write(
                        Superblock.fresh(DEVICE, new ClusterName("test"), "boot")
                                .encode(ByteBuffer.allocateDirect(Superblock.SLOT_BYTES)),
                        0);
                disk = disk.afterPowerLoss((index, write) -> survives);

                var journal = open();

                assertThat(journal.created()).isTrue();
                append(journal, 1, 3);
                assertThat(records(open(), 1)).hasSize(3);
            }
        }

        /** Also an empty one, which looks like a journal that was never begun. */
        @ParameterizedTest
        @ValueSource(ints = {0, 20})
        void shouldRefuseAJournalOfANewerBuildAndLeaveItAsItIs(int operations) throws Exception {
            var journal = open();
            append(journal, 1, operations);
            journal.close();
            // "LSHPSB01" becomes "LSHPSB03" and "LSHPSB05": one slot suffices.
            for (var newer : List.of("03", "05")) {
                var bit = newer.equals("03") ? new int[] {1} : new int[] {2};
                var changed = disk;
                for (int each : bit) {
                    changed = changed.withFlippedBit("superblock", 7, each);
                }
                var theirs = changed;

                assertThatThrownBy(() -> open(theirs))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("superblock has format " + newer)
                        .hasMessageContaining("reads 01 and 02")
                        .hasMessageContaining("Nothing was changed");
                var back = theirs;
                for (int each : bit) {
                    back = back.withFlippedBit("superblock", 7, each);
                }
                assertHolds(open(back), operations);
            }
        }

        @Test
        void shouldRefuseAJournalWhoseSuperblockIsLost() throws Exception {
            append(open(), 1, 3);
            disk.remove("superblock");

            assertThatThrownBy(JournalTest.this::open)
                    .isInstanceOf(CorruptJournalException.class)
                    .hasMessageContaining("superblock");
        }

        @Test
        void shouldRefuseAJournalWhoseSegmentIsLost() throws Exception {
            append(open(), 1, 3);
            disk.remove("segment-02");

            assertThatThrownBy(JournalTest.this::open)
                    .isInstanceOf(CorruptJournalException.class)
                    .hasMessageContaining("segment-02");
        }

        @Test
        void shouldHaveAPromiseOrNotButNeverAHalfOne() throws Exception {
            var journal = open();
            journal.update(editor -> editor.promisedEpoch(7));
            disk.failSyncs("EIO");
            assertThatThrownBy(() -> journal.update(editor -> editor.promisedEpoch(8)))
                    .isInstanceOf(IOException.class);
            disk.work();
            for (int torn = 0; torn < Superblock.SLOT_BYTES; torn += 211) {
                int bytes = torn;
                var after = open(disk.afterPowerLoss((index, write) -> bytes));

                assertThat(after.superblock().promisedEpoch()).isIn(7L, 8L);
            }
        }
    }

    @Nested
    class WhenTheDiskFails {
        @Test
        void shouldNeverSyncAgainAfterAFailedSync() throws Exception {
            var journal = open();
            append(journal, 1, 3);
            disk.failSyncs("EIO");
            assertThatThrownBy(journal::sync).hasMessage("EIO");
            disk.work();

            // R32: the kernel has dropped the dirty pages; a second fsync would lie.
            assertThatThrownBy(journal::sync)
                    .hasMessageContaining("R32")
                    .hasMessageContaining("EIO");
            assertThatThrownBy(() -> append(journal, 4, 4)).hasMessageContaining("R32");
            assertThatThrownBy(() -> journal.update(editor -> editor.promisedEpoch(1)))
                    .hasMessageContaining("R32");
        }

        @Test
        void shouldTellTheLeaderOnceAndNobodyThatItIsDurable() throws Exception {
            var journal = open();
            var failures = new ArrayList<String>();
            var durable = new ArrayList<Seq>();
            var commits =
                    new GroupCommit(
                            journal,
                            durable::add,
                            e -> failures.add(String.valueOf(e.getMessage())));
            append(journal, 1, 1);
            commits.sync(new Seq(1));
            append(journal, 2, 2);
            disk.failSyncs("EIO");

            commits.sync(new Seq(2));
            disk.work();
            commits.sync(new Seq(2));

            assertThat(durable).containsExactly(new Seq(1));
            assertThat(failures).containsExactly("EIO");
        }

        @Test
        void shouldNotAcceptAnAppendAfterAFailedWrite() throws Exception {
            var journal = open();
            append(journal, 1, 1);
            disk.failWrites("ENOSPC");
            assertThatThrownBy(() -> append(journal, 2, 2)).hasMessage("ENOSPC");
            disk.work();

            assertThatThrownBy(() -> append(journal, 2, 2)).hasMessageContaining("R32");
            assertThat(journal.end().last()).isEqualTo(new Seq(1));
        }
    }

    @Test
    void shouldKeepEverythingInTheSuperblock() throws Exception {
        var lineage =
                Lineage.EMPTY
                        .begin(3, new Seq(1), DEVICE)
                        .begin(5, new Seq(90), new DeviceId(8, 9));
        open().update(editor ->
                editor.promisedEpoch(6)
                        .lineage(lineage)
                        .writer(true)
                        .clean(false)
                        .bootId("b".repeat(64))
                        .committed(new Seq(0))
                        .foundDifferent(Optional.of(new Seq(88)))
                        .acknowledgedAlone(Optional.of(new Seq(91)))
                        .pendingSwitch(
                                Optional.of(
                                        new PendingSwitch(
                                                PendingSwitch.Way.PATCH,
                                                77,
                                                new Seq(12),
                                                new Root(1, 2),
                                                lineage))));

        var superblock = open().superblock();

        assertThat(superblock.lineage()).isEqualTo(lineage);
        assertThat(superblock.foundDifferent()).contains(new Seq(88));
        assertThat(superblock.acknowledgedAlone()).contains(new Seq(91));
        assertThat(superblock.bootId()).isEqualTo("b".repeat(64));
        assertThat(superblock.writer()).isTrue();
        assertThat(superblock.clean()).isFalse();
        assertThat(superblock.pendingSwitch().orElseThrow().lineage()).isEqualTo(lineage);
        assertThat(superblock.pendingSwitch().orElseThrow().directoryInode()).isEqualTo(77);
        assertThat(superblock.pendingSwitch().orElseThrow().way())
                .isEqualTo(PendingSwitch.Way.PATCH);
    }

    /** Both copies of a build before must say that they are not for it, and only so long. */
    @Test
    void shouldBeOfTheNewerFormatOnlyWhileAPatchIsPending() throws Exception {
        var journal = open();
        for (var way : PendingSwitch.Way.values()) {
            var to = new PendingSwitch(way, 77, new Seq(12), new Root(1, 2), Lineage.EMPTY);
            assertThat(formats()).containsExactly("01", "01");

            journal.update(editor -> editor.pendingSwitch(Optional.of(to)));

            var format = way == PendingSwitch.Way.PATCH ? "02" : "01";
            assertThat(formats()).containsExactly(format, format);
            journal.update(editor -> editor.pendingSwitch(Optional.empty()));
        }
    }

    private List<String> formats() throws Exception {
        var formats = new ArrayList<String>();
        var file = disk.open("superblock");
        for (int at = 0; at < Superblock.FILE_BYTES; at += Superblock.SLOT_BYTES) {
            var magic = ByteBuffer.allocate(8);
            file.read(magic, at);
            formats.add(new String(magic.array(), 6, 2, StandardCharsets.US_ASCII));
        }
        return formats;
    }
}
