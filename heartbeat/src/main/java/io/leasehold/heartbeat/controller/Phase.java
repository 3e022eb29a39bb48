package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Epoch;

/**
 * What this node does just now.
 *
 * <pre>
 *   Idle --record won (P1, P2, permit, promise)--> Promoting --volume promoted--> Leading
 *    ^                                                                              |
 *    +---volume demoted (handed over, deposed)--- Departing <--takeover, standby, --+
 *    |                                               |        shutdown, failure     |
 *    |                                               +--given up before demotion--->+
 *    +--secondary, shutdown--> Leaving --noted, or limit--> Ended <--shut down-- Departing
 * </pre>
 */
sealed interface Phase {

    /** As the drawing says it; of a departure also why and how far. */
    default String name() {
        return switch (this) {
            case Idle() -> "Idle";
            case Promoting _ -> "Promoting";
            case Leading _ -> "Leading";
            case Departing departing -> departing.purpose + "-" + departing.stage;
            case Leaving _ -> "Leaving";
            case Ended _ -> "Ended";
        };
    }

    /** Not a writer: follows the peer, or waits for it, for a proof or for a person. */
    record Idle() implements Phase {}

    /**
     * The record is won, the volume is becoming the writer.
     *
     * @param handedOver by the old primary, which waits to hear how it went
     */
    record Promoting(Epoch epoch, boolean handedOver) implements Phase {}

    /** The one writer; its resources run or are being started. */
    record Leading(boolean handedOver) implements Phase {}

    /** A writer on its way out. */
    record Departing(Stage stage, Purpose purpose, String why, long deadlineNanos)
            implements Phase {
        Departing at(Stage next) {
            return new Departing(next, purpose, why, deadlineNanos);
        }
    }

    /** A secondary that told the primary that it leaves, and waits for its word (R16). */
    record Leaving(long deadlineNanos) implements Phase {}

    record Ended(String reason) implements Phase {}

    /** The steps of a departure, in order; before {@code DEMOTING} it can be given up. */
    enum Stage {
        STOPPING,
        DRAINING,
        UNMOUNTING,
        DEMOTING
    }

    /** Where a departure leads. */
    enum Purpose {
        /** The peer takes the service (R17). */
        HAND_OVER,
        /** Nobody takes it: shutdown without a peer that could. */
        STOP,
        /** This disk is gone (R32). */
        DISK_FAILED,
        /** The peer has a higher epoch (R2). */
        DEPOSED,
        /** Clients were told by two histories: which of them goes on, a person decides (R29). */
        SPLIT_BRAIN
    }
}
