package io.leasehold.heartbeat.record;

/**
 * What this node's copy of the data is worth (DRBD's disk states, R18, R31).
 *
 * <pre>
 *   INCONSISTENT | OUTDATED --equal, and grown (R10)--> UP_TO_DATE
 *   UP_TO_DATE --boot (R18)--> CONSISTENT --met the peer, or permit (R20)--> UP_TO_DATE
 *   UP_TO_DATE | CONSISTENT --P1 given, or told that the peer went on alone--> OUTDATED
 *   any --disk failed, other device--> INCONSISTENT
 * </pre>
 */
public enum Standing {
    /** A copy that no one can use: a resync in place, a failed or replaced disk. */
    INCONSISTENT,
    /** A whole copy of some past moment: the peer may have acknowledged writes since. */
    OUTDATED,
    /** A whole copy, but nobody asked the peer since power-on whether it is the newest. */
    CONSISTENT,
    /** Holds every acknowledged write. */
    UP_TO_DATE;

    /** Whether nobody counts on this copy: outdated, or worse. */
    public boolean isOutdated() {
        return switch (this) {
            case OUTDATED, INCONSISTENT -> true;
            case CONSISTENT, UP_TO_DATE -> false;
        };
    }
}
