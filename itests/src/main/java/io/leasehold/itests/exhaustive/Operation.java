package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.wire.Frame;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** One operation of a client, and the epoch that wrote it. */
record Operation(long id, long epoch) {

    /** Stands for the rolling hash: the same for the same history, and for no other. */
    static Root rootOf(List<Operation> history) {
        var root = Root.EMPTY;
        for (var operation : history) {
            root = operation.rootAfter(root);
        }
        return root;
    }

    Root rootAfter(Root before) {
        return new Root(before.high() * 31 + id, before.low() * 31 + epoch);
    }

    // ---- as the frames carry it ----

    Frame.OperationIs framed(Root root) {
        return new Frame.OperationIs(
                new RequestId(1, id),
                root,
                epoch,
                ByteBuffer.allocate(Long.BYTES).putLong(id).array());
    }

    static Operation of(Frame.OperationIs frame) {
        return new Operation(ByteBuffer.wrap(frame.operation()).getLong(), frame.writerEpoch());
    }

    /** A tree that has been through this history, in the place of the encoded manifest. */
    static byte[] manifest(List<Operation> history) {
        var bytes = ByteBuffer.allocate(history.size() * 2 * Long.BYTES);
        history.forEach(operation -> bytes.putLong(operation.id).putLong(operation.epoch));
        return bytes.array();
    }

    static List<Operation> ofManifest(byte[] manifest) {
        var bytes = ByteBuffer.wrap(manifest);
        var history = new ArrayList<Operation>();
        while (bytes.hasRemaining()) {
            history.add(new Operation(bytes.getLong(), bytes.getLong()));
        }
        return history;
    }
}
