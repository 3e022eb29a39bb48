package io.leasehold.ops.node;

import io.leasehold.blockrep.VolumeFacts;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.heartbeat.controller.Relation;
import io.leasehold.heartbeat.controller.VolumeStatus;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The words of {@code blockrep} in the words of {@code heartbeat}, which do not know each other,
 * and back. Pure.
 */
final class Translation {
    private Translation() {}

    static VolumeStatus volumeStatus(VolumeFacts facts) {
        return new VolumeStatus(
                facts.device().toString(),
                facts.last().value() == 0 && facts.lineage().entries().isEmpty(),
                new Epoch(facts.lineage().headEpoch()),
                new Position(facts.last().value(), facts.root().toString()),
                facts.committed().value(),
                new Epoch(facts.promisedEpoch()),
                facts.frozenForNanos().isPresent(),
                facts.resync()
                        .filter(progress -> progress.kind() != VolumeFacts.ResyncKind.VERIFY)
                        .map(progress ->
                                new VolumeStatus.Resync(
                                        progress.kind().name().toLowerCase(Locale.ROOT),
                                        isSource(facts.replication()),
                                        progress.done(),
                                        progress.total())),
                facts.refusal(),
                facts.splitBrain(),
                facts.foundDifferent().isPresent());
    }

    private static boolean isSource(ReplicationState state) {
        return switch (state) {
            case REPLAY_SOURCE, COMPARE_SOURCE -> true;
            case OFF, REFUSED, REPLAY_TARGET, COMPARE_TARGET, MIRRORING, ESTABLISHED -> false;
        };
    }

    static Relation relation(io.leasehold.blockrep.replication.Relation relation) {
        return switch (relation) {
            case EQUAL -> Relation.EQUAL;
            case PEER_BEHIND -> Relation.PEER_BEHIND;
            case PEER_AHEAD -> Relation.PEER_AHEAD;
            case DIVERGED -> Relation.DIVERGED;
            case UNRELATED -> Relation.UNRELATED;
        };
    }

    static Set<io.leasehold.blockrep.replication.NodeName> volumeNames(Set<NodeName> nodes) {
        return nodes.stream()
                .map(node -> new io.leasehold.blockrep.replication.NodeName(node.value()))
                .collect(Collectors.toUnmodifiableSet());
    }

    static Optional<String> nonEmpty(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
}
