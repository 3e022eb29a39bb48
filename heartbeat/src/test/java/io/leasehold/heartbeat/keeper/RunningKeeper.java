package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.linux.TestNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A keeper as a process of its own, in a network namespace. Ended at the end, whatever happened.
 */
final class RunningKeeper implements AutoCloseable {
    /** The flags of production. */
    static final List<String> JVM_FLAGS =
            List.of(
                    "-Xmx12m",
                    "-Xms6m",
                    "-Xmn3m",
                    "-Xss256k",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:ReservedCodeCacheSize=8m",
                    "-XX:-UsePerfData",
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:ArchiveRelocationMode=0",
                    "-Xshare:auto",
                    "--enable-native-access=ALL-UNNAMED");

    static final List<String> IDLE_DAEMON = List.of("/bin/sleep", "1000");

    private final Process process;
    private final Path socket;
    private final Path log;

    private RunningKeeper(Process process, Path socket, Path log) {
        this.process = process;
        this.socket = socket;
        this.log = log;
    }

    static RunningKeeper start(Path directory, String namespace, List<String> daemon)
            throws IOException {
        return start(directory, namespace, daemon, Map.of());
    }

    static RunningKeeper start(
            Path directory, String namespace, List<String> daemon, Map<String, String> environment)
            throws IOException {
        var socket = directory.resolve("keeper.sock");
        var log = directory.resolve("keeper.log");
        var command =
                new ArrayList<>(List.of("nsenter", "--net=" + TestNetwork.path(namespace), "--"));
        command.addAll(java(Keeper.class, "--socket", socket.toString(), "--"));
        command.addAll(daemon);
        var builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return new RunningKeeper(builder.start(), socket, log);
    }

    /** The command line of a main class of ours. */
    static List<String> java(Class<?> main, String... arguments) {
        var command =
                new ArrayList<>(
                        List.of(Path.of(System.getProperty("java.home"), "bin/java").toString()));
        command.addAll(JVM_FLAGS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Attaches as soon as the keeper is there. */
    KeeperClient attach(KeeperListener listener) throws IOException {
        awaitSocket();
        return KeeperClient.attach(socket, listener);
    }

    void awaitSocket() {
        org.awaitility.Awaitility.await()
                .pollDelay(java.time.Duration.ZERO)
                .pollInterval(java.time.Duration.ofMillis(5))
                .atMost(java.time.Duration.ofSeconds(20))
                .until(() -> log().contains("ready at") || !process.isAlive());
        if (!process.isAlive()) {
            throw new IllegalStateException(log());
        }
    }

    int pid() {
        return (int) process.pid();
    }

    /** The kernel's number of its one thread that does everything. */
    int threadOfItsLoop() throws IOException {
        try (var threads = Files.list(Path.of("/proc/" + pid() + "/task"))) {
            return threads.filter(RunningKeeper::isItsLoop)
                    .mapToInt(thread -> Integer.parseInt(thread.getFileName().toString()))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static boolean isItsLoop(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).strip().equals("keeper");
        } catch (IOException e) {
            return false; // it has ended
        }
    }

    Path socket() {
        return socket;
    }

    Process process() {
        return process;
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The process id of the last daemon that it started. */
    int daemonPid() {
        var matcher = Pattern.compile("started the daemon, process (\\d+)").matcher(log());
        int pid = 0;
        while (matcher.find()) {
            pid = Integer.parseInt(matcher.group(1));
        }
        return pid;
    }

    /** {@code kill -SIGNAL} of a process that this test started. */
    static void signal(String name, int pid) throws IOException {
        TestNetwork.run("kill", "-" + name, Integer.toString(pid));
    }

    @Override
    public void close() throws IOException {
        int daemon = daemonPid();
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // For whoever reads the report of a test that failed.
        System.out.print(log());
        ProcessHandle.of(daemon)
                .filter(handle -> daemon > 0)
                .ifPresent(ProcessHandle::destroyForcibly);
    }
}
