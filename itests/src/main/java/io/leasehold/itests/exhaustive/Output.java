package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import java.util.List;

/** What a box does to the world outside of it, in order. */
sealed interface Output {
    /** Arrives together, if at all. */
    record Send(List<Packet> packets) implements Output {
        public Send {
            packets = List.copyOf(packets);
        }
    }

    /** Its end of the connection is gone without a word: the power went. */
    record Vanish() implements Output {}

    record Fence(FenceRequestId request, FenceAction action) implements Output {}

    record Ask(EnsembleRequest request) implements Output {}

    /** R3: it has completed {@code history} up to {@code upTo}. */
    record Acknowledge(List<Operation> history, int upTo) implements Output {
        public Acknowledge {
            history = List.copyOf(history);
        }
    }
}
