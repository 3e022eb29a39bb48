package io.leasehold.heartbeat.membership;

import java.util.ArrayList;
import java.util.List;

/**
 * How long silence lasts before it means something. All in nanoseconds of monotonic time.
 *
 * @param keepaliveNanos distance of two beats on a link
 * @param warnNanos silence of a link that is a warning; silence of all links makes the peer suspect
 * @param deadNanos silence of all links that makes the peer lost
 * @param initDeadNanos the same after power-on, when the peer may still be booting and switches are
 *     still learning
 * @param daemonDeadNanos age of the daemon's last proven progress at which a node whose beats go on
 *     counts as lost
 * @param earlyMissedBeats beats that must be missing on every other link when a point-to-point link
 *     lost its carrier, for the peer to be lost at once
 */
public record Timing(
        long keepaliveNanos,
        long warnNanos,
        long deadNanos,
        long initDeadNanos,
        long daemonDeadNanos,
        int earlyMissedBeats) {

    private static final long MILLI = 1_000_000L;

    public Timing {
        var violations =
                violations(
                        keepaliveNanos,
                        warnNanos,
                        deadNanos,
                        initDeadNanos,
                        daemonDeadNanos,
                        earlyMissedBeats);
        if (!violations.isEmpty()) {
            throw new IllegalArgumentException(violations.getFirst().sentence());
        }
    }

    /** For a pair on good links: a dead peer is lost after 1 s, after 200 ms with a crossover. */
    public static Timing defaults() {
        return new Timing(50 * MILLI, 300 * MILLI, 1_000 * MILLI, 15_000 * MILLI, 3_000 * MILLI, 3);
    }

    /**
     * A relation that does not hold.
     *
     * @param key the setting that is wrong, as in the configuration file: {@code dead-time}
     * @param sentence what is wrong and what would be right
     */
    public record Violation(String key, String sentence) {}

    /** Every relation that these values break; empty if {@code new Timing(...)} accepts them. */
    public static List<Violation> violations(
            long keepaliveNanos,
            long warnNanos,
            long deadNanos,
            long initDeadNanos,
            long daemonDeadNanos,
            int earlyMissedBeats) {
        var found = new ArrayList<Violation>();
        if (keepaliveNanos < 5 * MILLI) {
            found.add(
                    new Violation(
                            "keepalive",
                            "keepalive must be at least 5 ms: faster beats measure the scheduler,"
                                    + " not the peer"));
        }
        if (warnNanos < 2 * keepaliveNanos) {
            found.add(
                    new Violation(
                            "warn-time",
                            "warn-time must be at least 2 x keepalive, or one late beat warns"));
        }
        if (deadNanos < warnNanos) {
            found.add(new Violation("dead-time", "dead-time must not be below warn-time"));
        }
        if (deadNanos < 4 * keepaliveNanos) {
            found.add(
                    new Violation(
                            "dead-time",
                            "dead-time must be at least 4 x keepalive, or three lost packets are a"
                                    + " failover"));
        }
        if (initDeadNanos < 2 * deadNanos) {
            found.add(
                    new Violation(
                            "init-dead",
                            "init-dead must be at least 2 x dead-time: a peer that boots beside us"
                                    + " is not dead"));
        }
        if (daemonDeadNanos < deadNanos) {
            found.add(
                    new Violation(
                            "daemon-dead-time",
                            "daemon-dead-time must not be below dead-time: a restart of the daemon"
                                    + " must fit into it"));
        }
        if (earlyMissedBeats < 2) {
            found.add(
                    new Violation(
                            "early-missed-beats",
                            "early-missed-beats must be at least 2: one lost packet is ordinary"));
        }
        return List.copyOf(found);
    }
}
