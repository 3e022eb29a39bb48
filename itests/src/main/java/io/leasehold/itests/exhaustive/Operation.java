package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.replication.Root;
import java.util.List;

/** One operation of a client, and the epoch that wrote it. */
record Operation(long id, long epoch) {

    /** Stands for the rolling hash: the same for the same history, and for no other. */
    static Root rootOf(List<Operation> history) {
        var root = Root.EMPTY;
        for (var operation : history) {
            root = new Root(root.high() * 31 + operation.id, root.low() * 31 + operation.epoch);
        }
        return root;
    }
}
