package io.leasehold.heartbeat.keeper;

/**
 * A process of the service has ended and is reaped.
 *
 * @param name its name in the {@link ProcessSpec}
 * @param pid the process id that it had
 * @param status how it ended
 * @param atNanos when the keeper reaped it, in the time of {@link System#nanoTime} of both
 *     processes
 */
public record ProcessExit(String name, int pid, Status status, long atNanos) {

    /** How a process ended. */
    public sealed interface Status {
        /** By itself, with this code (127: the program was not found, see its log file). */
        record Exited(int code) implements Status {}

        /** By this signal. */
        record Killed(int signal) implements Status {}
    }
}
