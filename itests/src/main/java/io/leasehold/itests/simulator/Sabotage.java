package io.leasehold.itests.simulator;

import io.leasehold.blockrep.volume.Changes;
import io.leasehold.heartbeat.controller.ClusterConfiguration;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import java.util.List;
import java.util.Optional;

/**
 * Where a test may break one rule on both boxes, to see whether the simulator notices. The
 * production cores stay as they are: what is falsified is what they are told, and what becomes of
 * what they order. By default nothing is.
 */
interface Sabotage {
    Sabotage NONE = new Sabotage() {};

    /** Who rules on changes of the record, in the modes without a witness. */
    default Arbiter arbiter(Arbiter honest) {
        return honest;
    }

    /** What a daemon's controller is told. */
    default List<Event> told(Daemon daemon, Event happened) {
        return List.of(happened);
    }

    /** What is asked of the ensemble; empty: nothing is. */
    default Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
        return Optional.of(request);
    }

    /** An effect is about to be performed: the last moment to do harm. */
    default void before(Daemon daemon, Effect effect) {}

    /** The power-on that a daemon believes to be in. */
    default BootId bootId(BootId honest) {
        return honest;
    }

    /** What a starting daemon finds on its disk. */
    default Optional<DurableState> rights(Optional<DurableState> honest) {
        return honest;
    }

    /** What is done for an effect of the controller. */
    default List<Effect> effects(Daemon daemon, Effect ordered) {
        return List.of(ordered);
    }

    /** What the replication machine is told. */
    default List<io.leasehold.blockrep.replication.Event> volumeEvents(
            Replica replica, io.leasehold.blockrep.replication.Event happened) {
        return List.of(happened);
    }

    default FenceOutcome fenced(FenceOutcome honest) {
        return honest;
    }

    /** Whether a sync of the disk makes anything durable. */
    default boolean diskSyncs() {
        return true;
    }

    /** Whether whoever writes to a failed disk is told; if not, it is as if all was well. */
    default boolean diskSaysThatItFails() {
        return true;
    }

    /** Whether what a secondary has made durable is brought to its tree at once. */
    default boolean applies(Replica replica) {
        return true;
    }

    /** Whether what a killed daemon had written is in the page cache, and outlives it. */
    default boolean killKeepsWhatWasWritten() {
        return true;
    }

    /** Whether the gate shuts when its time is over while nothing of ours runs (R9). */
    default boolean kernelShutsTheGate() {
        return true;
    }

    /** Whether the keeper looks at its daemon's progress, and stops what one without any left. */
    default boolean keeperWatches() {
        return true;
    }

    /** Whether the volume refuses to write an epoch that its copy has written in before. */
    default boolean writesAnEpochOnce() {
        return true;
    }

    /** Whether a target leaves its copy as it is until the new one is complete. */
    default boolean resyncsIntoAShadow() {
        return true;
    }

    /** What a source says that it has touched since both were the same. */
    default Changes touchedBySource(Changes honest) {
        return honest;
    }

    /** What a target says that it has. */
    default Changes touchedByTarget(Changes honest) {
        return honest;
    }

    /** What a daemon is configured for. */
    default ClusterConfiguration configuration(ClusterConfiguration honest) {
        return honest;
    }
}
