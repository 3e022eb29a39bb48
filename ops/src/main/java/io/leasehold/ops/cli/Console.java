package io.leasehold.ops.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a command sees of the world.
 *
 * @param out results
 * @param err what a person should see although the results go elsewhere
 * @param in a person's answers
 * @param interactive a person can be asked
 * @param colour {@code out} is a terminal
 * @param socket of the daemon, unless the command line names another
 * @param pause between two frames of {@code --watch}
 */
record Console(
        PrintWriter out,
        PrintWriter err,
        BufferedReader in,
        boolean interactive,
        boolean colour,
        Path socket,
        Pause pause) {

    static final int WIDTH_COLUMNS = 80;

    /** A wait that may be told to be the last. */
    @FunctionalInterface
    interface Pause {
        /** Returns false if there is to be no further frame. */
        boolean await(Duration duration);
    }

    /**
     * This process's. {@code ops/bin/clusterctl} says what is a terminal: the shell knows for
     * nothing what costs a virtual machine milliseconds.
     */
    static Console ofProcess() {
        return new Console(
                writer(System.out),
                writer(System.err),
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
                Boolean.getBoolean("leasehold.interactive"),
                Boolean.getBoolean("leasehold.terminal") && System.getenv("NO_COLOR") == null,
                Path.of(
                        Optional.ofNullable(System.getenv("LEASEHOLD_SOCKET"))
                                .orElse("/run/leasehold/control.sock")),
                Console::sleep);
    }

    /** Asks for a line; empty at the end of input. */
    String ask(String question) throws IOException {
        err.print(question);
        err.flush();
        return Optional.ofNullable(in.readLine()).orElse("");
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
    }

    private static boolean sleep(Duration duration) {
        try {
            Thread.sleep(duration);
            return true;
        } catch (InterruptedException _) {
            return false;
        }
    }
}
