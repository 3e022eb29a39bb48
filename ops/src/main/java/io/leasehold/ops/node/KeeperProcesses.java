package io.leasehold.ops.node;

import io.leasehold.dhcp.engine.ProcessHost;
import io.leasehold.heartbeat.keeper.KeeperClient;
import io.leasehold.heartbeat.keeper.KeeperRefusedException;
import io.leasehold.heartbeat.keeper.ProcessExit;
import io.leasehold.heartbeat.keeper.ProcessSpec;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The DHCP server's process in the keeper's hands: it outlives this daemon, and holds a copy of the
 * mount's descriptor, so that no blocked fsync of it ever returns an error.
 */
final class KeeperProcesses implements ProcessHost {
    private final KeeperClient keeper;
    private final Map<String, Hosted> running = new HashMap<>();

    private record Hosted(HostedProcess process, CompletableFuture<Exit> exit) {}

    /** Knows what the keeper carried over from the daemon before this one. */
    KeeperProcesses(KeeperClient keeper) throws IOException {
        this.keeper = keeper;
        for (var survivor : keeper.state().processes()) {
            running.put(survivor.name(), hosted(survivor.name(), survivor.pid()));
        }
    }

    private static Hosted hosted(String name, int pid) {
        var exit = new CompletableFuture<Exit>();
        return new Hosted(new HostedProcess(name, pid, exit.minimalCompletionStage()), exit);
    }

    @Override
    public synchronized HostedProcess start(ProcessOrder order) throws IOException {
        int pid =
                keeper.spawn(
                        new ProcessSpec(
                                order.name(),
                                order.command(),
                                order.environment(),
                                order.log(),
                                true));
        var hosted = hosted(order.name(), pid);
        running.put(order.name(), hosted);
        return hosted.process();
    }

    @Override
    public synchronized Optional<HostedProcess> running(String name) {
        return Optional.ofNullable(running.get(name)).map(Hosted::process);
    }

    @Override
    public void signal(String name, Signal signal) throws IOException {
        try {
            keeper.signal(name, signal.number());
        } catch (KeeperRefusedException e) {
            throw new IOException("the keeper did not signal " + name + ": " + e.getMessage(), e);
        }
    }

    /** SIGKILL to all of them, past the keeper: only when that is gone. */
    synchronized void killAll() {
        for (var hosted : running.values()) {
            ProcessHandle.of(hosted.process().pid()).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /** The keeper reaped a process. Called on the thread {@code keeper-client}. */
    void exited(ProcessExit exit) {
        Hosted ended;
        synchronized (this) {
            ended = running.get(exit.name());
            if (ended == null || ended.process().pid() != exit.pid()) {
                return;
            }
            running.remove(exit.name());
        }
        ended.exit()
                .complete(
                        switch (exit.status()) {
                            case ProcessExit.Status.Exited(int code) -> new Exit.Code(code);
                            case ProcessExit.Status.Killed(int signal) -> new Exit.Signal(signal);
                        });
    }
}
