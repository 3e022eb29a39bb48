package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.journal.FaultyDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.journal.JournalFile;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What was received and not yet synced when the session broke, and then the promotion: the power
 * may go at any moment of it. The explorer's volume once did otherwise than this one.
 */
class PromotedAloneTest {
    @TempDir Path directory;

    /** R26: a lineage that begins behind the end of its history could never be continued. */
    @Test
    void shouldMakeDurableWhatItsEpochBeginsBehindBeforeTheEpochIs() throws Exception {
        try (var pair = new VolumePair(directory)) {
            var disk = new PowerFailures();
            pair.a.segments = 4;
            pair.a.open(disk);
            var tail = receiveUnsynced(pair.a.volume().copy.journal);
            assertThat(disk.whole.unsynced()).as("what the power would take").isNotEmpty();
            disk.found.clear();

            assertThat(pair.a.promote(1, Set.of(VolumePair.A)))
                    .isEqualTo(new Promotion.Granted(1, tail.next()));

            assertThat(disk.found).as("losses of power during the promotion").isNotEmpty();
            int begun = 0;
            for (var found : disk.found) {
                try (var journal = reopen(found, pair.a.configuration().journal())) {
                    var lineage = journal.superblock().lineage();
                    begun += lineage.headEpoch() == 1 ? 1 : 0;
                    assertThat(lineage.entries())
                            .allSatisfy(epoch ->
                                    assertThat(epoch.start())
                                            .isLessThanOrEqualTo(journal.end().last().next()));
                }
            }
            assertThat(begun).as("of them with the epoch on the disk").isPositive();
        }
    }

    private static Seq receiveUnsynced(Journal journal) throws IOException {
        var operation = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
        OperationCodec.encode(new Operation.Barrier(), operation);
        return journal.append(1, RequestId.NONE, operation.flip()).last();
    }

    private static Journal reopen(FaultyDirectory disk, VolumeConfiguration.JournalSize size)
            throws IOException {
        return Journal.open(
                disk,
                size.segmentBytes(),
                size.segments(),
                () -> {
                    throw new IllegalStateException("there is no journal");
                });
    }

    /**
     * Notes how the disk is found if the power goes behind any sync, with nothing surviving but
     * what was synced.
     */
    private static final class PowerFailures implements JournalDirectory {
        private final FaultyDirectory whole = new FaultyDirectory();
        private final List<FaultyDirectory> found = new ArrayList<>();

        @Override
        public Path path() {
            return whole.path();
        }

        @Override
        public boolean exists(String name) {
            return whole.exists(name);
        }

        @Override
        public JournalFile create(String name, long sizeBytes) {
            return noting(whole.create(name, sizeBytes));
        }

        @Override
        public JournalFile open(String name) {
            return noting(whole.open(name));
        }

        private JournalFile noting(JournalFile file) {
            return new JournalFile() {
                @Override
                public Path path() {
                    return file.path();
                }

                @Override
                public long sizeBytes() {
                    return file.sizeBytes();
                }

                @Override
                public void read(ByteBuffer target, long offsetBytes) throws IOException {
                    file.read(target, offsetBytes);
                }

                @Override
                public void write(ByteBuffer source, long offsetBytes) throws IOException {
                    synchronized (whole) {
                        file.write(source, offsetBytes);
                    }
                }

                @Override
                public void sync() throws IOException {
                    synchronized (whole) {
                        file.sync();
                        found.add(whole.afterPowerLoss((_, _) -> 0));
                    }
                }

                @Override
                public void close() throws IOException {
                    file.close();
                }
            };
        }
    }
}
