package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.journal.DiskJournalDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A ring of three small segments, which is overwritten while the peer is away. */
class KnownChangesTest {
    private static final FileId LEASES = new FileId(3);
    private static final FileId BEFORE = new FileId(2);

    @TempDir Path directory;
    private Journal journal;
    private KnownChanges known;

    @BeforeEach
    void open() throws IOException {
        journal =
                Journal.open(
                        new DiskJournalDirectory(directory),
                        1 << 21,
                        3,
                        () ->
                                Superblock.fresh(
                                        new DeviceId(1, 1), new ClusterName("test"), "boot"));
        known = KnownChanges.open(directory, journal);
    }

    @AfterEach
    void close() throws IOException {
        journal.close();
    }

    private Seq write(FileId id, int bytes) throws IOException {
        var operation = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
        OperationCodec.encode(
                new Operation.Write(1, id, 0, Bytes.copyOf(new byte[bytes])), operation);
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
            write(LEASES, 1 << 19);
            checkpoint(Seq.NONE, false);
        }
    }

    private Seq absence() throws IOException {
        write(BEFORE, 100);
        var shared = checkpoint(new Seq(1), true);
        overwrite(shared);
        return shared;
    }

    @Test
    void shouldAskTheJournalAsLongAsItReachesBack() throws Exception {
        write(BEFORE, 100);
        var shared = new Seq(1);
        write(LEASES, 100);

        assertThat(known.sharedPoint(shared).orElseThrow().root())
                .isEqualTo(journal.rootAt(shared).orElseThrow());
        assertThat(known.touched(shared, new Seq(2)).files()).containsExactly(LEASES);
    }

    @Test
    void shouldStillKnowWhatTheJournalHasOverwritten() throws Exception {
        var shared = absence();

        assertThat(known.sharedPoint(shared).orElseThrow().seq()).isEqualTo(shared);
        assertThat(known.touched(shared, journal.end().last()).files()).containsExactly(LEASES);
    }

    @Test
    void shouldKnowItAfterARestart() throws Exception {
        var shared = absence();
        journal.close();

        open();

        assertThat(known.sharedPoint(shared).orElseThrow().seq()).isEqualTo(shared);
        var behind = write(new FileId(9), 10);
        assertThat(known.touched(shared, behind).files()).containsExactly(LEASES, new FileId(9));
    }

    /** A peer that lacks more than is known is compared completely. */
    @Test
    void shouldKnowNothingOfWhatIsOlder() throws Exception {
        absence();

        assertThat(known.sharedPoint(Seq.NONE)).isEmpty();
    }

    @Test
    void shouldForgetOnlyWhatThePeerHas() throws Exception {
        absence();
        var caughtUp = journal.end().last();
        write(new FileId(9), 10);
        checkpoint(caughtUp, true);

        overwrite(caughtUp);

        assertThat(known.sharedPoint(caughtUp).orElseThrow().seq()).isEqualTo(caughtUp);
        assertThat(known.touched(caughtUp, journal.end().last()).files())
                .containsExactly(LEASES, new FileId(9));
    }

    @Test
    void shouldKnowLessAfterDamageAndNothingWrong() throws Exception {
        var shared = absence();
        journal.close();
        var file = directory.resolve("dirty-map");
        var bytes = Files.readAllBytes(file);
        bytes[70] ^= 1;
        Files.write(file, bytes);

        open();

        assertThat(known.sharedPoint(shared)).isEmpty();
    }

    /** The map was written, the checkpoint was not: it says more than it must. */
    @Test
    void shouldBeBelievedIfItIsAheadOfTheCheckpoint() throws Exception {
        var shared = absence();
        write(new FileId(9), 10);
        var reached = journal.sync().durable();
        known.checkpoint(reached, Seq.NONE, false);
        journal.close();

        open();

        assertThat(known.touched(shared, reached).files()).containsExactly(LEASES, new FileId(9));
    }

    /** An older map than the checkpoint lacks what was overwritten since. */
    @Test
    void shouldNotBeBelievedIfItIsBehindTheCheckpoint() throws Exception {
        var shared = absence();
        write(new FileId(9), 10);
        var reached = journal.sync().durable();
        journal.checkpointed(reached, reached);
        journal.close();

        open();

        assertThat(known.sharedPoint(shared)).isEmpty();
        assertThat(known.sharedPoint(reached).orElseThrow().seq()).isEqualTo(reached);
    }
}
