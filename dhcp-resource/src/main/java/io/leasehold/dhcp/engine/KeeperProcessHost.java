package io.leasehold.dhcp.engine;

import io.leasehold.heartbeat.keeper.KeeperClient;
import io.leasehold.heartbeat.keeper.ProcessExit;
import io.leasehold.heartbeat.keeper.ProcessSpec;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Processes as children of the keeper: they survive a restart of the daemon, and none survives the
 * keeper. Each holds the mount's descriptor, so that no sync of theirs can ever return an error
 * because we died.
 *
 * <p>The composition root passes every exit that the keeper reports to {@link #exited}.
 */
public final class KeeperProcessHost implements ProcessHost {

    private static final int EARLY_EXITS_MAX = 16;

    private final KeeperClient keeper;
    private final Map<Integer, CompletableFuture<Exit>> exits = new HashMap<>();

    /** Ended before the answer to their start arrived. */
    private final Map<Integer, Exit> earlyExits =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Integer, Exit> eldest) {
                    return size() > EARLY_EXITS_MAX;
                }
            };

    public KeeperProcessHost(KeeperClient keeper) {
        this.keeper = keeper;
    }

    @Override
    public HostedProcess start(ProcessOrder order) throws IOException {
        // Not under our lock: the exit may be reported before the answer, by the same thread.
        int pid =
                keeper.spawn(
                        new ProcessSpec(
                                order.name(),
                                order.command(),
                                order.environment(),
                                order.log(),
                                true));
        return hosted(order.name(), pid);
    }

    @Override
    public Optional<HostedProcess> running(String name) {
        try {
            return keeper.state().processes().stream()
                    .filter(process -> process.name().equals(name))
                    .findFirst()
                    .map(process -> hosted(name, process.pid()));
        } catch (IOException _) {
            // Without a keeper there is no process of its: the kernel has killed it.
            return Optional.empty();
        }
    }

    @Override
    public void signal(String name, Signal signal) throws IOException {
        keeper.signal(name, signal.number());
    }

    /** A process of the keeper ended. Does not block. */
    public void exited(ProcessExit ended) {
        Exit exit =
                switch (ended.status()) {
                    case ProcessExit.Status.Exited(int code) -> new Exit.Code(code);
                    case ProcessExit.Status.Killed(int signal) -> new Exit.Signal(signal);
                };
        Optional<CompletableFuture<Exit>> waiting;
        synchronized (exits) {
            waiting = Optional.ofNullable(exits.remove(ended.pid()));
            if (waiting.isEmpty()) {
                earlyExits.put(ended.pid(), exit);
            }
        }
        waiting.ifPresent(future -> future.complete(exit));
    }

    /** The keeper is gone, and its processes with it. Does not block. */
    public void keeperLost() {
        List<CompletableFuture<Exit>> waiting;
        synchronized (exits) {
            waiting = List.copyOf(exits.values());
            exits.clear();
        }
        waiting.forEach(future -> future.complete(new Exit.Signal(Signal.KILL.number())));
    }

    private HostedProcess hosted(String name, int pid) {
        synchronized (exits) {
            var early = earlyExits.remove(pid);
            var exit =
                    early == null
                            ? exits.computeIfAbsent(pid, _ -> new CompletableFuture<>())
                            : CompletableFuture.completedFuture(early);
            return new HostedProcess(name, pid, exit);
        }
    }
}
