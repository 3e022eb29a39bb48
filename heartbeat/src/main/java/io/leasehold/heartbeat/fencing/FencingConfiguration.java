package io.leasehold.heartbeat.fencing;

import io.leasehold.heartbeat.record.DurableState;
import java.util.List;

/**
 * How the peer is fenced.
 *
 * @param levels tried in order; the devices of a level are the shell's business, only its name and
 *     time matter here. Empty in mode operator
 * @param primaryDelayNanos waited before a node that serves shoots; 0 (R35)
 * @param secondaryDelayNanos waited before any other node shoots: at least twice the fence time
 * @param handicapNanos added while the own client network is down (R35): longer than {@code
 *     secondaryDelayNanos} by twice the fence time, or a primary without its clients and a sound
 *     secondary shoot at the same moment; 0 if such a primary is to be first all the same
 * @param attemptsMax passes through all levels before a person is told; from then on one pass in
 *     {@code backOffMaxNanos}
 * @param backOffMinNanos pause after the first failed pass; doubles up to {@code backOffMaxNanos}
 * @param powerOnAfter power the peer on again after it was fenced
 * @param loopMax so many fences within {@code loopWindowNanos} and the peer stays off (R36)
 */
public record FencingConfiguration(
        List<Level> levels,
        long primaryDelayNanos,
        long secondaryDelayNanos,
        long handicapNanos,
        int attemptsMax,
        long backOffMinNanos,
        long backOffMaxNanos,
        boolean powerOnAfter,
        int loopMax,
        long loopWindowNanos) {

    /** So many fences are remembered durably; a higher limit would never be reached. */
    public static final int LOOP_MAX = DurableState.FENCES_MAX;

    /**
     * One level: all its devices must be read back off.
     *
     * @param timeoutNanos for the whole level, agents and read-back included
     */
    public record Level(String name, long timeoutNanos) {
        public Level {
            if (timeoutNanos <= 0) {
                throw new IllegalArgumentException("fence level " + name + " needs a time-out");
            }
        }
    }

    public FencingConfiguration {
        levels = List.copyOf(levels);
        if (secondaryDelayNanos < primaryDelayNanos) {
            throw new IllegalArgumentException(
                    "the secondary must not shoot before the primary (R35)");
        }
        if (attemptsMax < 1 || backOffMinNanos <= 0 || backOffMaxNanos < backOffMinNanos) {
            throw new IllegalArgumentException(
                    "fencing needs at least one attempt and a back-off above 0");
        }
        if (loopMax < 1 || loopMax > LOOP_MAX || loopWindowNanos <= 0) {
            throw new IllegalArgumentException(
                    "the fence-loop counter needs a limit of 1 to " + LOOP_MAX + " and a window");
        }
    }
}
