package io.leasehold.dhcp.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Where the server's process lives: the keeper in production, so that the server survives a restart
 * of the daemon. Door: {@code ops} joins it to the keeper, tests to {@link ProcessBuilder}.
 */
public interface ProcessHost {

    /**
     * What to start.
     *
     * @param name one running process per name
     * @param command program with arguments, absolute path first
     * @param environment the whole environment: nothing is inherited
     * @param log standard output and standard error are appended to this file
     */
    record ProcessOrder(
            String name, List<String> command, Map<String, String> environment, Path log) {
        public ProcessOrder {
            command = List.copyOf(command);
            environment = Map.copyOf(environment);
        }
    }

    /** How a process ended. */
    sealed interface Exit {
        record Code(int code) implements Exit {}

        record Signal(int number) implements Exit {}
    }

    /**
     * A process that was started here.
     *
     * @param exit completes once, when the process has ended; its callbacks must not block
     */
    record HostedProcess(String name, int pid, CompletionStage<Exit> exit) {}

    enum Signal {
        TERM(15),
        KILL(9);

        private final int number;

        Signal(int number) {
            this.number = number;
        }

        public int number() {
            return number;
        }
    }

    /**
     * Starts a process and returns without waiting for it to do anything.
     *
     * @throws IOException if it could not be started, also when one of that name is running
     */
    HostedProcess start(ProcessOrder order) throws IOException;

    /** The running process of that name, also one that a predecessor of this daemon started. */
    Optional<HostedProcess> running(String name);

    /** Sends a signal; nothing happens if no such process runs. */
    void signal(String name, Signal signal) throws IOException;
}
