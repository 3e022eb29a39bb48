package io.leasehold.heartbeat.keeper;

import java.time.Duration;

/**
 * What the keeper does about a daemon that is dead or stands still.
 *
 * @param daemonDeadTime how long the daemon may be away, or without proven progress, before the
 *     keeper stands down
 * @param daemonHungTime how long it may be without progress before the keeper kills and replaces it
 * @param daemonStartLimit how long a daemon may take from its start until it takes part, before the
 *     keeper kills and replaces it; what its predecessor left is still bounded by {@code
 *     daemonDeadTime}
 * @param restartsMax so many restarts within {@code restartWindow} are made at once; after that the
 *     keeper stands down and tries once per {@code restartPause}
 * @param handOverTime how long the daemon may take to hand over and end when the keeper is told to
 *     stop
 */
public record SupervisionPolicy(
        Duration daemonDeadTime,
        Duration daemonHungTime,
        Duration daemonStartLimit,
        int restartsMax,
        Duration restartWindow,
        Duration restartPause,
        Duration handOverTime) {

    public static final SupervisionPolicy DEFAULT =
            new SupervisionPolicy(
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(30),
                    Duration.ofMinutes(1),
                    5,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30));

    public SupervisionPolicy {
        requirePositive("daemonDeadTime", daemonDeadTime);
        requirePositive("restartWindow", restartWindow);
        requirePositive("restartPause", restartPause);
        requirePositive("handOverTime", handOverTime);
        if (daemonHungTime.compareTo(daemonDeadTime) < 0) {
            throw new IllegalArgumentException(
                    "daemonHungTime " + daemonHungTime + " < daemonDeadTime " + daemonDeadTime);
        }
        if (daemonStartLimit.compareTo(daemonDeadTime) < 0) {
            throw new IllegalArgumentException(
                    "daemonStartLimit " + daemonStartLimit + " < daemonDeadTime " + daemonDeadTime);
        }
        if (restartsMax < 1 || restartsMax > 100) {
            throw new IllegalArgumentException("restartsMax not in 1..100: " + restartsMax);
        }
    }

    private static void requirePositive(String name, Duration duration) {
        if (!duration.isPositive()) {
            throw new IllegalArgumentException(name + " must be positive: " + duration);
        }
    }
}
