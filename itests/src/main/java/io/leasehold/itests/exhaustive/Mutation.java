package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.record.Arbiter;
import java.util.List;

/**
 * Where a test breaks one rule on both boxes, to see whether the explorer notices. The production
 * machines stay as they are: what is falsified is what they are told, and what becomes of what they
 * order. By default nothing is.
 */
interface Mutation {
    Mutation NONE = new Mutation() {};

    /** Who rules on changes of the record. */
    default Arbiter arbiter(Arbiter honest) {
        return honest;
    }

    /** What is done for an effect of the controller. */
    default List<Effect> effects(Box box, Effect ordered) {
        return List.of(ordered);
    }

    /** What the replication machine is told. */
    default List<io.leasehold.blockrep.replication.Event> volumeEvents(
            Volume volume, io.leasehold.blockrep.replication.Event happened) {
        return List.of(happened);
    }
}
