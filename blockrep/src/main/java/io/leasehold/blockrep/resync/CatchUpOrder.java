package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.RollingHash;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame.CatchUp;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.ProtocolException;
import java.nio.ByteBuffer;

/**
 * Checks that operations which are sent behind a compare are the source's history, without a gap.
 */
final class CatchUpOrder {
    private final RollingHash hash = new RollingHash();
    private Seq last;
    private Root root;

    CatchUpOrder(Seq base, Root root) {
        this.last = base;
        this.root = root;
    }

    void next(Seq seq, CatchUp operation) throws ProtocolException {
        var next =
                hash.next(
                        root, seq, operation.writerEpoch(), ByteBuffer.wrap(operation.operation()));
        if (!seq.equals(last.next()) || !next.equals(operation.root())) {
            throw new ProtocolException("operation " + seq + " does not follow " + last);
        }
        last = seq;
        root = next;
    }

    void end(Seq seq, CompareEnds ends) throws ProtocolException {
        if (!seq.equals(last) || !ends.root().equals(root)) {
            throw new ProtocolException(
                    "compare ends at " + seq + ", but this node got up to " + last);
        }
    }
}
