package io.leasehold.heartbeat.resource;

/**
 * One resource.
 *
 * @param needsOpenGate starts only after the gate was opened: the probe, the gratuitous ARP
 * @param monitorIntervalNanos 0: never monitored
 * @param migrationThreshold failures on this node after which it is not restarted here any more
 * @param failureTimeoutNanos a failure is forgotten after this time; 0: never
 * @param mayFail a failing start is recorded and shown, but does not stop the service: a gratuitous
 *     ARP that nobody answered
 */
public record ResourceConfiguration(
        ResourceName name,
        boolean needsOpenGate,
        long startTimeoutNanos,
        long stopTimeoutNanos,
        long monitorIntervalNanos,
        long monitorTimeoutNanos,
        int migrationThreshold,
        long failureTimeoutNanos,
        boolean mayFail) {
    public ResourceConfiguration {
        if (startTimeoutNanos <= 0 || stopTimeoutNanos <= 0) {
            throw new IllegalArgumentException(
                    "resource " + name + ": start and stop need a time-out");
        }
        if (monitorIntervalNanos < 0 || (monitorIntervalNanos > 0 && monitorTimeoutNanos <= 0)) {
            throw new IllegalArgumentException("resource " + name + ": a monitor needs a time-out");
        }
        if (migrationThreshold < 1 || failureTimeoutNanos < 0) {
            throw new IllegalArgumentException(
                    "resource " + name + ": migration-threshold must be at least 1");
        }
    }
}
