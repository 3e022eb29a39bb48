package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** What the operations touch that a journal still has. */
public final class JournalChanges {
    private JournalChanges() {}

    /**
     * What was touched behind {@code after}, up to {@code upTo} and with it.
     *
     * @throws RecordsGoneException the journal does not reach back so far
     */
    static Changes between(Journal journal, Seq after, Seq upTo, Changes.Limits limits)
            throws IOException, RecordsGoneException {
        var changes = new Changes(limits);
        try (var cursor = journal.read(after.next())) {
            for (var at = after; upTo.isAfter(at); at = at.next()) {
                var record =
                        cursor.next()
                                .orElseThrow(
                                        () -> new IOException("the journal ends before " + upTo));
                changes.add(OperationCodec.decode(ByteBuffer.wrap(record.operation())));
            }
            return changes;
        } catch (MalformedOperationException e) {
            throw new IOException(
                    "the journal has an operation that this build can't read: " + e.getMessage(),
                    e);
        }
    }

    /**
     * What this copy has touched since a place at which the source had that root; empty if this
     * journal cannot confirm that the copies were the same there.
     */
    public static Optional<Changes> since(Journal journal, Seq shared, Root root)
            throws IOException {
        var last = journal.end().last();
        if (shared.isAfter(last) || !journal.rootAt(shared).equals(Optional.of(root))) {
            return Optional.empty();
        }
        try {
            var changes = between(journal, shared, last, Changes.Limits.ONE_NODE);
            return changes.isEverything() ? Optional.empty() : Optional.of(changes);
        } catch (RecordsGoneException _) {
            return Optional.empty();
        }
    }
}
