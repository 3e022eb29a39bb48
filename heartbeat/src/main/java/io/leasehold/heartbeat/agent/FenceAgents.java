package io.leasehold.heartbeat.agent;

import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Runs one fence level: all of its devices at the same time (a node with two power supplies is off
 * when both are), each asked to switch and then to read its power state back.
 */
public final class FenceAgents {
    /** What an agent says is kept for a person up to here. */
    private static final int OUTPUT_BYTES_MAX = 4_096;

    /** Exit codes of {@code action=status} (ClusterLabs FenceAgentAPI.md). */
    private static final int STATUS_ON = 0;

    private static final int STATUS_OFF = 2;

    private FenceAgents() {}

    /**
     * Runs a level and blocks until it has an outcome.
     *
     * @param limit for all devices together; each has its own time-out, too
     * @return confirmed only if every device was read back in the wanted state. Everything else, a
     *     time-out or a missing executable included, is unconfirmed: the node may be on or off
     */
    public static FenceOutcome run(FenceAction action, List<FenceDevice> level, Duration limit)
            throws InterruptedException {
        if (level.isEmpty()) {
            return new FenceOutcome.Unconfirmed("the level has no device");
        }
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        var tasks = new ArrayList<FutureTask<FenceOutcome>>();
        for (var device : level) {
            var task = new FutureTask<>(() -> run(action, device, deadlineNanos));
            tasks.add(task);
            Thread.ofVirtual().name("fence-" + device.agent().getFileName()).start(task);
        }
        var outcomes = new ArrayList<FenceOutcome>();
        try {
            for (var task : tasks) {
                outcomes.add(task.get());
            }
        } catch (ExecutionException e) {
            return new FenceOutcome.Unconfirmed(String.valueOf(e.getCause()));
        } finally {
            tasks.forEach(task -> task.cancel(true));
        }
        return together(outcomes);
    }

    private static FenceOutcome together(List<FenceOutcome> outcomes) {
        for (var outcome : outcomes) {
            if (outcome instanceof FenceOutcome.Unconfirmed) {
                return outcome;
            }
        }
        return new FenceOutcome.Confirmed(
                outcomes.stream()
                        .map(outcome -> ((FenceOutcome.Confirmed) outcome).evidence())
                        .collect(Collectors.joining("; ")));
    }

    private static FenceOutcome run(FenceAction action, FenceDevice device, long levelDeadlineNanos)
            throws InterruptedException {
        long deadlineNanos =
                Math.min(levelDeadlineNanos, System.nanoTime() + device.timeout().toNanos());
        var name = device.agent().getFileName();
        var word =
                switch (action) {
                    case OFF -> "off";
                    case ON -> "on";
                };
        int wanted =
                switch (action) {
                    case OFF -> STATUS_OFF;
                    case ON -> STATUS_ON;
                };
        try {
            // "off", never "reboot" or "cycle": a node that comes back before it was read is not
            // known to have been off (R34).
            var switched = call(device, word, deadlineNanos);
            if (switched.exitCode() != 0) {
                return new FenceOutcome.Unconfirmed(name + ": " + word + " failed: " + switched);
            }
            var status = call(device, "status", deadlineNanos);
            if (status.exitCode() == wanted) {
                return new FenceOutcome.Confirmed(name + ": power read back " + word);
            }
            return new FenceOutcome.Unconfirmed(
                    name + ": said that it had switched " + word + ", but reads back: " + status);
        } catch (TimedOutException e) {
            return new FenceOutcome.Unconfirmed(
                    name + ": no answer to action=" + e.action + " in time");
        } catch (IOException e) {
            return new FenceOutcome.Unconfirmed(name + ": " + e.getMessage());
        }
    }

    /** How a call of an agent ended. */
    private record Result(int exitCode, String output) {
        @Override
        public String toString() {
            return "exit code " + exitCode + (output.isBlank() ? "" : ", " + output.strip());
        }
    }

    private static final class TimedOutException extends IOException {
        private static final long serialVersionUID = 1L;
        private final String action;

        TimedOutException(String action) {
            super("timed out");
            this.action = action;
        }
    }

    private static Result call(FenceDevice device, String action, long deadlineNanos)
            throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(device.agent().toString()).redirectErrorStream(true).start();
        try {
            // Read beside waiting: a full pipe would block the agent.
            var output = new FutureTask<>(() -> readAll(process));
            Thread.ofVirtual().name("fence-output").start(output);
            writeOptions(process, device, action);
            long leftNanos = deadlineNanos - System.nanoTime();
            if (!process.waitFor(Math.max(0, leftNanos), TimeUnit.NANOSECONDS)) {
                throw new TimedOutException(action);
            }
            return new Result(process.exitValue(), output.get());
        } catch (ExecutionException e) {
            throw new IOException("its output cannot be read: " + e.getCause(), e);
        } finally {
            // Agents start helpers (ipmitool, ssh): none of them may outlive the call.
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static void writeOptions(Process process, FenceDevice device, String action)
            throws IOException {
        var options = new StringBuilder();
        device.options()
                .forEach((name, value) ->
                        options.append(name).append('=').append(value).append('\n'));
        options.append("action=").append(action).append('\n');
        try (var in = process.getOutputStream()) {
            in.write(options.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It ended without reading them; its exit code tells more than a broken pipe.
            if (process.isAlive()) {
                throw e;
            }
        }
    }

    private static String readAll(Process process) throws IOException {
        try (var out = process.getInputStream()) {
            var head = out.readNBytes(OUTPUT_BYTES_MAX);
            out.transferTo(java.io.OutputStream.nullOutputStream());
            return new String(head, StandardCharsets.UTF_8);
        }
    }
}
