package io.leasehold.itests.simulator;

import static io.leasehold.itests.simulator.World.MILLI;
import static io.leasehold.itests.simulator.World.SECOND;

import io.leasehold.heartbeat.membership.Timing;
import io.leasehold.heartbeat.record.ArbitrationMode;

/**
 * What does not change within a history.
 *
 * @param fenceDevice whether each box can switch the other one off; with an ensemble that only
 *     shortens the wait for the other one's serving lease (R12)
 * @param powerOnAfterFence whether whoever fenced switches on again
 * @param timing of beats and deadlines
 * @param thinkNanos how often a client asks for a lease, on average
 * @param bootNanos from power to the first process of ours
 */
record Setup(
        ArbitrationMode mode,
        boolean fenceDevice,
        boolean powerOnAfterFence,
        Timing timing,
        long thinkNanos,
        long bootNanos) {

    /** The profile {@code fast}. */
    private static final Timing FAST =
            new Timing(50 * MILLI, 150 * MILLI, 500 * MILLI, 3 * SECOND, 1500 * MILLI, 3);

    private static final Timing SLOW =
            new Timing(250 * MILLI, 500 * MILLI, SECOND, 3 * SECOND, 2 * SECOND, 3);

    /** By a seed. */
    static Setup drawn(Chance chance) {
        var mode = drawMode(chance);
        return new Setup(
                mode,
                switch (mode) {
                    case FENCING -> true;
                    case OPERATOR -> false;
                    case ZOOKEEPER -> chance.happens(0.3);
                },
                chance.happens(0.5),
                chance.happens(0.2) ? FAST : SLOW,
                chance.between(100, 400) * MILLI,
                1_500 * MILLI);
    }

    /** The first thing that a seed decides. */
    static ArbitrationMode drawMode(Chance chance) {
        int twentieths = chance.below(20);
        return twentieths < 9
                ? ArbitrationMode.FENCING
                : twentieths < 17 ? ArbitrationMode.ZOOKEEPER : ArbitrationMode.OPERATOR;
    }

    /** For a scenario that is read by a person: nothing takes longer than it must. */
    static Setup plain(ArbitrationMode mode, boolean fenceDevice, boolean powerOnAfterFence) {
        return new Setup(mode, fenceDevice, powerOnAfterFence, FAST, 50 * MILLI, 1);
    }
}
