package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.linux.Processes;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * The program: {@code Keeper --socket PATH -- COMMAND...}, where the command is the daemon's.
 *
 * <p>It runs until it gets SIGTERM, which it passes on as a request to hand over; it then waits for
 * the daemon's end, takes everything away and ends with 0. It ends at once with 70 if it cannot go
 * on: its processes die with it.
 *
 * <p>No logging framework here, and as few classes as possible: it must be there in a fraction of a
 * second and stay small. What it has to say goes to standard error, a line each.
 */
public final class Keeper {
    private static final int EXIT_USAGE = 64;
    private static final int EXIT_SOFTWARE = 70;

    /** Above everything ordinary, below the kernel's own threads (which have 50 and 99). */
    private static final int REAL_TIME_PRIORITY = 10;

    /**
     * So long its real-time threads may run without sleeping. They sleep thousands of times a
     * second; a second of work in one piece is none of theirs.
     */
    private static final Duration REAL_TIME_LIMIT = Duration.ofSeconds(2);

    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private Keeper() {}

    public static void main(String[] arguments) {
        int separator = Arrays.asList(arguments).indexOf("--");
        if (separator != 2 || !arguments[0].equals("--socket") || arguments.length == 3) {
            say("usage: keeper --socket PATH -- COMMAND...");
            System.exit(EXIT_USAGE);
        }
        var socket = Path.of(arguments[1]).toAbsolutePath();
        var command = List.of(arguments).subList(separator + 1, arguments.length);
        Thread.currentThread().setName("keeper");
        int exitCode;
        try {
            exitCode = keep(socket, command);
        } catch (IOException | RuntimeException | Error e) {
            say("cannot go on: " + e);
            e.printStackTrace();
            exitCode = EXIT_SOFTWARE;
        }
        // Not exit: the hook below may be waiting for this very thread.
        Runtime.getRuntime().halt(exitCode);
    }

    private static int keep(Path socket, List<String> command) throws IOException {
        var bootId = UUID.fromString(Files.readString(BOOT_ID).strip());
        boolean realTime = becomePunctual();
        try (var loop = KeeperLoop.open(socket, command, bootId, realTime)) {
            var main = Thread.currentThread();
            Runtime.getRuntime()
                    .addShutdownHook(
                            new Thread(
                                    () -> {
                                        loop.requestEnd();
                                        join(main);
                                    },
                                    "keeper-sigterm"));
            say("ready at " + socket + ", process " + ProcessHandle.current().pid());
            loop.run();
            return 0;
        }
    }

    private static boolean becomePunctual() {
        try {
            Processes.lockMemory();
        } catch (IOException e) {
            say("memory is not locked: " + e.getMessage());
        }
        try {
            Processes.becomeRealTime(REAL_TIME_PRIORITY, REAL_TIME_LIMIT.toMillis() * 1_000);
            return true;
        } catch (IOException e) {
            say("no real-time priority, beats may be late: " + e.getMessage());
            return false;
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            // Nobody interrupts a shutdown hook. If somebody did, the JVM would end now.
            Thread.currentThread().interrupt();
        }
    }

    /** One line for whoever reads the log. */
    static void say(String text) {
        PrintStream out = System.err;
        out.println("keeper: " + text);
    }
}
