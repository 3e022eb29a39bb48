package io.leasehold.dhcp.engine;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs processes as children of the test, in a network namespace. Closed, it kills them. */
public final class NamespaceProcessHost implements ProcessHost, AutoCloseable {

    private final String namespace;
    private final Map<String, Process> processes = new HashMap<>();

    public NamespaceProcessHost(String namespace) {
        this.namespace = namespace;
    }

    @Override
    public synchronized HostedProcess start(ProcessOrder order) throws IOException {
        var command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        command.addAll(order.command());
        var builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(order.environment());
        builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(order.log().toFile()));
        var process = builder.start();
        process.getOutputStream().close();
        processes.put(order.name(), process);
        return hosted(order.name(), process);
    }

    private static HostedProcess hosted(String name, Process process) {
        return new HostedProcess(
                name,
                Math.toIntExact(process.pid()),
                process.onExit().thenApply(ended -> exit(ended.exitValue())));
    }

    private static Exit exit(int value) {
        return value > 128 ? new Exit.Signal(value - 128) : new Exit.Code(value);
    }

    @Override
    public synchronized Optional<HostedProcess> running(String name) {
        return Optional.ofNullable(processes.get(name))
                .filter(Process::isAlive)
                .map(process -> hosted(name, process));
    }

    @Override
    public synchronized void signal(String name, Signal signal) throws IOException {
        var process = processes.get(name);
        if (process != null && process.isAlive()) {
            if (signal == Signal.TERM) {
                process.destroy();
            } else {
                process.destroyForcibly();
            }
        }
    }

    @Override
    public synchronized void close() {
        processes.values().forEach(Process::destroyForcibly);
    }
}
