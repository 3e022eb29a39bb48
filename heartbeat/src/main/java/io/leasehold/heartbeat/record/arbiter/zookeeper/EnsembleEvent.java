package io.leasehold.heartbeat.record.arbiter.zookeeper;

import io.leasehold.heartbeat.record.ClusterRecord;
import java.util.Optional;

/** What is heard from the ensemble. */
public sealed interface EnsembleEvent {

    /** Requests can be sent. */
    record Connected() implements EnsembleEvent {}

    /**
     * The connection broke; what was asked is unknown. Whether the session lives does not matter.
     */
    record Suspended(String reason) implements EnsembleEvent {}

    /** Answer to a look; no record and {@link ZnodeVersion#ABSENT} if there is no znode. */
    record Found(long number, Optional<ClusterRecord> record, ZnodeVersion version)
            implements EnsembleEvent {}

    /** Answer to a write: taken, the znode has this version now. */
    record Written(long number, ZnodeVersion version) implements EnsembleEvent {}

    /** Answer to a write: not taken, another one came first. */
    record VersionMismatch(long number) implements EnsembleEvent {}

    /** It may have been executed, may be executed later, or never (R11). */
    record Unknown(long number, String reason) implements EnsembleEvent {}

    /** It was not executed, and will not be until a person has done something. */
    record Refused(long number, String reason) implements EnsembleEvent {}
}
