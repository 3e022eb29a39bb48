package io.leasehold.itests.lab.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * One run of a program: its arguments, what it reads, and how long it may take.
 *
 * @param input given to its standard input
 */
public record Command(List<String> arguments, String input, Duration limit) {
    /** Enough for every tool of the lab, and a bound for one that hangs. */
    public static final Duration LIMIT_DEFAULT = Duration.ofSeconds(30);

    private static final int OUTPUT_BYTES_MAX = 16 << 20;

    /** What a program answered. */
    public record Result(int exitStatus, String output, String errors) {
        public boolean succeeded() {
            return exitStatus == 0;
        }
    }

    public Command {
        arguments = List.copyOf(arguments);
    }

    public static Command of(String... arguments) {
        return new Command(List.of(arguments), "", LIMIT_DEFAULT);
    }

    public static Command of(List<String> arguments) {
        return new Command(arguments, "", LIMIT_DEFAULT);
    }

    public Command withInput(String text) {
        return new Command(arguments, text, limit);
    }

    public Command withLimit(Duration duration) {
        return new Command(arguments, input, duration);
    }

    /** The same command behind a prefix such as {@code ip netns exec NAME}. */
    public Command behind(List<String> prefix) {
        var all = new ArrayList<>(prefix);
        all.addAll(arguments);
        return new Command(all, input, limit);
    }

    /** Runs the program to its end; a status other than 0 is an answer like any other. */
    public Result run() throws IOException, InterruptedException {
        var process = new ProcessBuilder(arguments).start();
        try {
            var output = inBackground(process.getInputStream());
            var errors = inBackground(process.getErrorStream());
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException _) {
                // It ended without reading everything; its status says what that means.
            }
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new CommandException(this + " did not end within " + limit);
            }
            return new Result(process.exitValue(), textOf(output), textOf(errors));
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * Runs the program and returns what it printed.
     *
     * @throws CommandException if its status is not 0
     */
    public String check() throws IOException, InterruptedException {
        var result = run();
        if (!result.succeeded()) {
            throw new CommandException(
                    "%s failed with status %d: %s"
                            .formatted(
                                    this,
                                    result.exitStatus,
                                    (result.errors + result.output).strip()));
        }
        return result.output;
    }

    private String textOf(FutureTask<String> reader) throws IOException, InterruptedException {
        try {
            // A grandchild may keep the pipe open; what it prints later is not ours.
            return reader.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("reading the output of " + this, e.getCause());
        } catch (java.util.concurrent.TimeoutException _) {
            throw new CommandException("somebody keeps the output of " + this + " open");
        }
    }

    private static FutureTask<String> inBackground(InputStream stream) {
        var task =
                new FutureTask<>(() -> {
                    try (stream) {
                        return new String(
                                stream.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
        Thread.ofVirtual().name("command-output").start(task);
        return task;
    }

    @Override
    public String toString() {
        return "`" + String.join(" ", arguments) + "`";
    }
}
