package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.journal.FaultyDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.journal.JournalFile;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.resync.KnownChanges.Since;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A ring of three small segments, which is overwritten while the peer is away. */
class KnownChangesTest {
    private static final int SEGMENT_BYTES = 16 << 10;
    private static final FileId LEASES = new FileId(3);
    private static final FileId BEFORE = new FileId(2);
    private static final FileId OTHER = new FileId(9);

    /** Few, so that random runs reach them. */
    private static final Changes.Limits LIMITS = new Changes.Limits(8, 12);

    private FaultyDirectory disk = new FaultyDirectory();
    private Journal journal;
    private KnownChanges known;

    @BeforeEach
    void open() throws IOException {
        journal = journal(disk);
        known = KnownChanges.open(disk, journal, LIMITS);
    }

    private static Journal journal(JournalDirectory directory) throws IOException {
        return Journal.open(
                directory,
                SEGMENT_BYTES,
                3,
                () -> Superblock.fresh(new DeviceId(1, 1), new ClusterName("test"), "boot"));
    }

    private Seq write(FileId id, int bytes) throws IOException {
        return write(id, 0, bytes);
    }

    private Seq write(FileId id, long offsetBytes, int bytes) throws IOException {
        var operation = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
        OperationCodec.encode(
                new Operation.Write(1, id, offsetBytes, Bytes.copyOf(new byte[bytes])), operation);
        return journal.append(1, RequestId.NONE, operation.flip()).last();
    }

    private Seq checkpoint(Seq peerHas, boolean follows) throws IOException {
        var reached = journal.sync().durable();
        known.checkpoint(reached, peerHas, follows);
        journal.checkpointed(reached, reached);
        return reached;
    }

    /** Until the ring does not reach back any more. */
    private void overwrite(Seq wanted) throws IOException {
        while (!journal.oldest().isAfter(wanted.next())) {
            write(LEASES, 4 << 10);
            checkpoint(Seq.NONE, false);
        }
    }

    private Seq absence() throws IOException {
        write(BEFORE, 100);
        var shared = checkpoint(new Seq(1), true);
        overwrite(shared);
        return shared;
    }

    private Optional<Since> since(Seq common) throws IOException {
        return known.since(common, journal.end().last());
    }

    private void assertKnows(Seq since, FileId... touched) throws IOException {
        var found = since(since).orElseThrow();
        assertThat(found.place().seq()).isEqualTo(since);
        assertThat(found.touched().files()).containsExactly(touched);
    }

    @Test
    void shouldAskTheJournalAsLongAsItReachesBack() throws Exception {
        var shared = write(BEFORE, 100);
        write(LEASES, 100);

        assertKnows(shared, LEASES);
        assertThat(since(shared).orElseThrow().place().root())
                .isEqualTo(journal.rootAt(shared).orElseThrow());
    }

    @Test
    void shouldStillKnowWhatTheJournalHasOverwritten() throws Exception {
        assertKnows(absence(), LEASES);
    }

    @Test
    void shouldKnowItAfterARestart() throws Exception {
        var shared = absence();

        open();

        assertKnows(shared, LEASES);
        write(OTHER, 10);
        assertKnows(shared, LEASES, OTHER);
    }

    /** The same writer, alone, for three tenures: what it touched in all of them counts. */
    @Test
    void shouldGoOnThroughManyRestarts() throws Exception {
        var shared = absence();
        for (int tenure = 0; tenure < 3; tenure++) {
            disk = disk.afterPowerLoss((_, _) -> 0);
            open();
            write(new FileId(20 + tenure), 10);
            overwrite(journal.end().last());
        }

        assertKnows(shared, LEASES, new FileId(20), new FileId(21), new FileId(22));
    }

    /** A peer that lacks more than is known is compared completely. */
    @Test
    void shouldKnowNothingOfWhatIsOlder() throws Exception {
        absence();

        assertThat(since(Seq.NONE)).isEmpty();
    }

    @Test
    void shouldForgetOnlyWhatThePeerHas() throws Exception {
        absence();
        var caughtUp = journal.end().last();
        write(OTHER, 10);
        checkpoint(caughtUp, true);

        overwrite(caughtUp);

        assertKnows(caughtUp, LEASES, OTHER);
    }

    /** Neither offers what could not be told apart: the peer would have to refuse it. */
    @Test
    void shouldSayNothingOfTooMuch() throws Exception {
        var shared = absence();
        for (int file = 0; file <= LIMITS.files(); file++) {
            write(new FileId(100 + file), 10);
        }
        checkpoint(Seq.NONE, false);
        assertThat(since(shared)).as("more files than the map tells apart").isEmpty();

        open();

        assertThat(since(shared)).as("after a restart").isEmpty();
    }

    @Nested
    class TheFile {
        private FaultyDirectory damaged(int slot) {
            int slotBytes = (int) disk.open("dirty-map").sizeBytes() / 2;
            return disk.withFlippedBit("dirty-map", slot * slotBytes + 90, 0);
        }

        @Test
        void shouldCostACompareIfItIsDamaged() throws Exception {
            var shared = absence();
            disk = damaged(0);
            disk = damaged(1);

            open();

            assertThat(since(shared)).isEmpty();
            // It is used again.
            var last = checkpoint(journal.end().last(), true);
            overwrite(last);
            open();
            assertKnows(last, LEASES);
        }

        /** The map was written, the checkpoint was not: it says more than it must. */
        @Test
        void shouldBeBelievedIfItIsAheadOfTheCheckpoint() throws Exception {
            var shared = absence();
            write(OTHER, 10);
            known.checkpoint(journal.sync().durable(), Seq.NONE, false);

            open();

            assertKnows(shared, LEASES, OTHER);
        }

        /** An older map than the checkpoint lacks what was overwritten since. */
        @Test
        void shouldNotBeBelievedIfItIsBehindTheCheckpoint() throws Exception {
            var shared = absence();
            write(OTHER, 10);
            var reached = journal.sync().durable();
            journal.checkpointed(reached, reached);

            open();

            assertThat(since(shared)).isEmpty();
            assertKnows(reached);
        }

        /** The newer slot is torn: the older map still reaches as far as the checkpoint. */
        @Test
        void shouldHaveTheMapBeforeATornWrite() throws Exception {
            var shared = absence();
            write(OTHER, 10);
            var reached = journal.sync().durable();
            disk.loseAfterWrites(1);
            assertThatThrownBy(() -> known.checkpoint(reached, Seq.NONE, false))
                    .isInstanceOf(IOException.class);
            disk = disk.afterPowerLoss((_, write) -> write.bytes().length / 2);

            open();

            assertKnows(shared, LEASES, OTHER);
        }

        /** A copy that was replaced as a whole: its old map is about files that are gone. */
        @Test
        void shouldNotBeBelievedOfAnotherHistory() throws Exception {
            var shared = absence();
            var to = journal.end().last();
            switchTo(to, new Root(5, 6));

            open();

            assertThat(since(shared)).isEmpty();
            assertThat(since(to).orElseThrow().place().root()).isEqualTo(new Root(5, 6));
        }

        @Test
        void shouldNotBeBelievedOfAnotherCopy() throws Exception {
            var shared = absence();
            var other = new FaultyDirectory();
            var theirs = disk.open("dirty-map");
            var bytes = ByteBuffer.allocate((int) theirs.sizeBytes());
            theirs.read(bytes, 0);
            other.create("dirty-map", theirs.sizeBytes()).write(bytes.flip(), 0);
            disk = other;
            var device = new DeviceId(2, 2);
            journal =
                    Journal.open(
                            disk,
                            SEGMENT_BYTES,
                            3,
                            () -> Superblock.fresh(device, new ClusterName("test"), "boot"));
            while (shared.isAfter(journal.end().last())) {
                write(BEFORE, 10);
            }
            known = KnownChanges.open(disk, journal, LIMITS);
            overwrite(shared);

            assertThat(since(shared).orElseThrow().place().seq())
                    .as("a map of its own, which begins with it")
                    .isEqualTo(Seq.NONE);
        }

        /** It is allocated once: what comes later needs no room. */
        @Test
        void shouldCostACompareAfterARestartIfThereIsNoRoomForIt() throws Exception {
            disk = new FaultyDirectory();
            journal = journal(disk);
            known = KnownChanges.open(new Full(disk), journal, LIMITS);

            var shared = absence();
            assertKnows(shared, LEASES);

            known = KnownChanges.open(new Full(disk), journal, LIMITS);
            assertThat(since(shared)).isEmpty();
        }
    }

    /** No file can be made here any more. */
    private record Full(FaultyDirectory directory) implements JournalDirectory {
        @Override
        public Path path() {
            return directory.path();
        }

        @Override
        public boolean exists(String name) {
            return directory.exists(name);
        }

        @Override
        public JournalFile create(String name, long sizeBytes) throws IOException {
            throw new IOException("No space left on device");
        }

        @Override
        public JournalFile open(String name) {
            return directory.open(name);
        }
    }

    private void switchTo(Seq last, Root root) throws IOException {
        journal.switchTo(
                new PendingSwitch(PendingSwitch.Way.EXCHANGE, 7, last, root, Lineage.EMPTY),
                () -> {});
    }

    /** What really happened to a copy, beside what it knows. */
    private final class Life {
        private final Random random;
        private final TreeMap<Seq, FileId> written = new TreeMap<>();
        private final Map<Seq, Root> roots = new TreeMap<>();
        private Seq peerHas = Seq.NONE;
        private int answeredByTheMap;
        private final List<String> steps = new ArrayList<>();

        Life(long seed) throws IOException {
            random = new Random(seed);
            disk = new FaultyDirectory();
            open();
            begins();
        }

        private void begins() {
            written.clear();
            roots.clear();
            roots.put(journal.end().last(), journal.end().root());
        }

        void step() throws IOException {
            int what = random.nextInt(30);
            steps.add(String.valueOf(what));
            switch (what) {
                case 0 -> reopen();
                case 1 -> {
                    disk = disk.afterPowerLoss((_, write) -> surviving(write.bytes().length));
                    reopen();
                }
                case 2 -> {
                    disk.loseAfterWrites(random.nextInt(6));
                    assertThatThrownBy(
                                    () -> {
                                        while (true) {
                                            write();
                                            checkpoint(peerHas, false);
                                        }
                                    })
                            .isInstanceOf(IOException.class);
                    disk = disk.afterPowerLoss((_, write) -> surviving(write.bytes().length));
                    reopen();
                }
                case 3 -> {
                    long last = Math.max(1, journal.end().last().value() - 2 + random.nextInt(5));
                    switchTo(new Seq(last), new Root(random.nextLong(), random.nextLong()));
                    if (random.nextBoolean()) {
                        known.restart();
                    } else {
                        open();
                    }
                    begins();
                    peerHas = new Seq(last);
                }
                case 4 -> peerHas = checkpoint(peerHas, true);
                case 5, 6, 7, 8, 9, 10 -> checkpoint(peerHas, random.nextInt(4) == 0);
                default -> write();
            }
            look();
        }

        private int surviving(int bytes) {
            return random.nextBoolean() ? random.nextInt(bytes + 1) : 0;
        }

        private void write() throws IOException {
            if (journal.roomBytes() < SEGMENT_BYTES / 2) {
                checkpoint(peerHas, false);
            }
            var id = new FileId(2 + Math.min(random.nextInt(10), random.nextInt(10)));
            var seq = KnownChangesTest.this.write(id, random.nextInt(100), 3_000);
            written.put(seq, id);
            roots.put(seq, journal.end().root());
        }

        private void reopen() throws IOException {
            open();
            var last = journal.end().last();
            written.tailMap(last, false).clear();
            roots.keySet().removeIf(seq -> seq.isAfter(last));
            peerHas = peerHas.isAfter(last) ? last : peerHas;
        }

        private void look() throws IOException {
            var last = journal.end().last();
            var common = new Seq(1 + random.nextLong(last.value() + 1));
            var found = known.since(common, last);
            if (found.isEmpty()) {
                return;
            }
            var place = found.get().place();
            assertThat(place.seq()).isLessThanOrEqualTo(common);
            assertThat(place.root()).isEqualTo(roots.get(place.seq()));
            assertThat(found.get().touched().files())
                    .containsAll(new TreeSet<>(written.tailMap(place.seq(), false).values()));
            if (journal.oldest().isAfter(place.seq().next())) {
                answeredByTheMap++;
            }
        }
    }

    /** Whatever is lost, what it says is true: a change that it lacks would never be copied. */
    @Test
    void shouldNeverLackAChangeWhateverIsLost() throws Exception {
        int answeredByTheMap = 0;
        for (long seed = 1; seed <= 25; seed++) {
            var life = new Life(seed);
            try {
                for (int step = 0; step < 150; step++) {
                    life.step();
                }
            } catch (IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + " after " + life.steps, e);
            }
            answeredByTheMap += life.answeredByTheMap;
        }
        assertThat(answeredByTheMap).as("answers that needed the map").isGreaterThan(50);
    }
}
