package io.leasehold.heartbeat.controller;

import java.util.Optional;

/**
 * Where this node is in {@link Phase}'s drawing, and whether it was asked to end. A transition that
 * the drawing does not have stops the process.
 *
 * <pre>
 *   from \ to     Idle        Promoting   Leading     Departing   Leaving   Ended
 *   Idle          -           record won  -           -           R16       yes
 *   Promoting     -           same epoch  promoted    deposed,    -         yes
 *                                                     split brain
 *   Leading       -           -           told peer   any reason  -         yes
 *   Departing     demoted     -           given up    next stage  -         yes
 *   Leaving       -           -           -           -           -         yes
 *   Ended         -           -           -           -           -         -
 * </pre>
 */
final class Lifecycle {
    private Phase phase = new Phase.Idle();
    private Optional<String> shutdownReason = Optional.empty();

    Phase phase() {
        return phase;
    }

    void become(Phase next) {
        if (!allows(phase, next)) {
            throw new IllegalStateException("forbidden transition from " + phase + " to " + next);
        }
        phase = next;
    }

    private static boolean allows(Phase from, Phase to) {
        return switch (from) {
            case Phase.Idle _ ->
                    to instanceof Phase.Promoting
                            || to instanceof Phase.Leaving
                            || to instanceof Phase.Ended;
            case Phase.Promoting promoting ->
                    to instanceof Phase.Leading
                            || to instanceof Phase.Ended
                            || (to instanceof Phase.Promoting again
                                    && again.epoch().equals(promoting.epoch()))
                            || (to instanceof Phase.Departing departing
                                    && (departing.purpose() == Phase.Purpose.DEPOSED
                                            || departing.purpose() == Phase.Purpose.SPLIT_BRAIN));
            case Phase.Leading _ ->
                    to instanceof Phase.Leading
                            || to instanceof Phase.Ended
                            || (to instanceof Phase.Departing departing
                                    && departing.stage() == Phase.Stage.STOPPING);
            case Phase.Departing departing ->
                    switch (to) {
                        case Phase.Departing next ->
                                next.purpose() == departing.purpose()
                                        && next.stage().compareTo(departing.stage()) > 0;
                        case Phase.Idle _ ->
                                departing.stage() == Phase.Stage.DEMOTING
                                        || departing.purpose() == Phase.Purpose.DISK_FAILED;
                        case Phase.Leading _ ->
                                departing.purpose() == Phase.Purpose.HAND_OVER
                                        && departing.stage() != Phase.Stage.DEMOTING;
                        case Phase.Ended _ -> true;
                        case Phase.Promoting _, Phase.Leaving _ -> false;
                    };
            case Phase.Leaving _ -> to instanceof Phase.Ended;
            case Phase.Ended _ -> false;
        };
    }

    boolean isIdle() {
        return phase instanceof Phase.Idle;
    }

    /** Holds the record as primary and has not begun to give it up. */
    boolean isWriter() {
        return phase instanceof Phase.Leading || phase instanceof Phase.Promoting;
    }

    boolean isEnded() {
        return phase instanceof Phase.Ended;
    }

    void requestShutdown(String reason) {
        shutdownReason = Optional.of(reason);
    }

    Optional<String> shutdownReason() {
        return shutdownReason;
    }

    boolean isShuttingDown() {
        return shutdownReason.isPresent();
    }
}
