package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.heartbeat.controller.ClusterMessage;
import java.util.List;

/**
 * What travels in a replication session, in order: the frames of {@code blockrep.wire}, as far as
 * their contents matter here.
 *
 * <p>{@code epoch} is that of the sender's writer, which the receiver judges (R2).
 */
sealed interface Packet {
    record StandingIs(Standing standing) implements Packet {}

    record Cluster(ClusterMessage message) implements Packet {}

    record ReplayBegins(long epoch, long after, Lineage lineage) implements Packet {}

    record OperationIs(long epoch, long seq, Operation operation) implements Packet {}

    record Live(long epoch) implements Packet {}

    record Flush(long epoch) implements Packet {}

    record InSync(long epoch, boolean receiver) implements Packet {}

    record Durable(long seq, Root root) implements Packet {}

    record Rejected(String reason) implements Packet {}

    record CompareBegins(long epoch) implements Packet {}

    /** The whole history of the source. */
    record CompareEnds(long epoch, List<Operation> log, Lineage lineage) implements Packet {
        public CompareEnds {
            log = List.copyOf(log);
        }
    }

    /** The sender's end is over. */
    record Closed(String reason) implements Packet {}
}
