package io.leasehold.heartbeat.zookeeper;

import io.leasehold.heartbeat.linux.TestNetwork;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Three members, each a process, in a network namespace of their own. Ended at the end. */
final class RunningEnsemble implements AutoCloseable {
    /** The flags of production: a member is small. */
    static final List<String> JVM_FLAGS =
            List.of(
                    "-Xms8m",
                    "-Xmx24m",
                    "-Xss256k",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:ReservedCodeCacheSize=12m",
                    "-XX:MaxMetaspaceSize=48m",
                    "-XX:-UsePerfData");

    private static final int ANSWER_MILLIS_MAX = 300;

    private final Path directory;
    private final String namespace;
    private final Map<Integer, Process> running = new TreeMap<>();
    private final Map<Integer, EnsembleAccess.TlsFiles> tls;

    private RunningEnsemble(
            Path directory, String namespace, Map<Integer, EnsembleAccess.TlsFiles> tls) {
        this.directory = directory;
        this.namespace = namespace;
        this.tls = Map.copyOf(tls);
    }

    /** Three in the clear. */
    static RunningEnsemble start(Path directory, String namespace) throws IOException {
        return start(directory, namespace, Map.of());
    }

    /** Three with these keys, by id. */
    static RunningEnsemble start(
            Path directory, String namespace, Map<Integer, EnsembleAccess.TlsFiles> tls)
            throws IOException {
        var ensemble = new RunningEnsemble(directory, namespace, tls);
        for (var peer : MemberProcess.peers()) {
            ensemble.start(peer.id());
        }
        return ensemble;
    }

    void start(int id) throws IOException {
        var command =
                new ArrayList<>(List.of("nsenter", "--net=" + TestNetwork.path(namespace), "--"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_FLAGS);
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        MemberProcess.class.getName(),
                        String.valueOf(id),
                        directory.resolve("member" + id).toString()));
        Optional.ofNullable(tls.get(id))
                .ifPresent(files ->
                        command.addAll(
                                List.of(files.identity().toString(), files.trusted().toString())));
        running.put(
                id,
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.appendTo(
                                        directory.resolve("member" + id + ".log").toFile()))
                        .start());
    }

    /** kill -9; returns when it is gone. */
    void kill(int id) throws InterruptedException {
        var process = running.remove(id);
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    /** SIGSTOP, or SIGCONT. */
    void signal(int id, String signal) throws IOException, InterruptedException {
        var process = running.get(id);
        if (process == null) {
            throw new IllegalStateException("member " + id + " is not running");
        }
        new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start().waitFor();
    }

    /** The member that says that it leads; to be called in the namespace, without TLS. */
    Optional<Integer> leader() {
        return running.keySet().stream()
                .filter(id -> status(id).contains("Mode: leader"))
                .findAny();
    }

    private static String status(int id) {
        var peer = MemberProcess.peers().get(id - 1);
        try (var socket = new Socket()) {
            socket.setSoTimeout(ANSWER_MILLIS_MAX);
            socket.connect(
                    new InetSocketAddress(peer.host(), peer.clientPort()), ANSWER_MILLIS_MAX);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException _) {
            return "";
        }
    }

    long residentBytes(int id) throws IOException {
        var process = running.get(id);
        if (process == null) {
            throw new IllegalStateException("member " + id + " is not running");
        }
        try (var lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .sum();
        }
    }

    static String servers() {
        return MemberProcess.peers().stream()
                .map(peer -> peer.host() + ":" + peer.clientPort())
                .collect(Collectors.joining(","));
    }

    @Override
    public void close() {
        running.values().forEach(Process::destroyForcibly);
        for (var process : running.values()) {
            process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        }
    }
}
