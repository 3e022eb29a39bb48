package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.linux.ChildProcess;
import io.leasehold.heartbeat.linux.PollSet;
import io.leasehold.heartbeat.linux.Processes;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The processes of the service. Belongs to the keeper's thread, whose end would be theirs: the
 * kernel sends the parent-death signal when the <i>thread</i> that started them ends.
 */
final class ServiceProcesses {
    static final int PROCESSES_MAX = 16;

    /**
     * Runs its arguments so that they die with the keeper: {@code setpriv} arranges the signal, and
     * the shell then looks whether the keeper is still there, because one that died before the
     * arrangement would send none. Each {@code exec}s the next, so that the process id stays.
     */
    private static final List<String> DIE_WITH_KEEPER =
            List.of(
                    "/usr/bin/setpriv",
                    "--pdeathsig",
                    "KILL",
                    "--",
                    "/bin/sh",
                    "-c",
                    "test \"$PPID\" = \"$0\" && exec \"$@\"");

    private final Map<String, ChildProcess> running = new LinkedHashMap<>();
    private final Deque<ProcessExit> exits = new ArrayDeque<>();

    int start(ProcessSpec spec, OptionalInt fuseDescriptor) throws IOException {
        if (running.containsKey(spec.name())) {
            throw new KeeperRefusedException(
                    spec.name() + " runs already, as process " + running.get(spec.name()).pid());
        }
        if (running.size() == PROCESSES_MAX) {
            throw new KeeperRefusedException(PROCESSES_MAX + " processes run already");
        }
        if (spec.inheritFuseDescriptor() && fuseDescriptor.isEmpty()) {
            throw new KeeperRefusedException(
                    spec.name() + " is to inherit the FUSE descriptor, and none is held");
        }
        var argv = new ArrayList<>(Processes.ORDINARY);
        argv.addAll(DIE_WITH_KEEPER);
        argv.add(Long.toString(ProcessHandle.current().pid()));
        argv.addAll(spec.argv());
        var child =
                ChildProcess.spawn(
                        new ChildProcess.Command(
                                argv,
                                spec.environment(),
                                Optional.of(spec.logFile()),
                                spec.inheritFuseDescriptor()
                                        ? fuseDescriptor
                                        : OptionalInt.empty()));
        running.put(spec.name(), child);
        return child.pid();
    }

    boolean signal(String name, int signal) throws IOException {
        var child = running.get(name);
        return child != null && child.signal(signal);
    }

    /**
     * Sends SIGKILL to all; they end when the kernel lets them. Returns those that could not be
     * killed.
     */
    List<String> killAll() {
        var failed = new ArrayList<String>();
        running.forEach((name, child) -> {
            try {
                child.signal(Processes.SIGKILL);
            } catch (IOException e) {
                failed.add(name + ": " + e.getMessage());
            }
        });
        return failed;
    }

    void addTo(PollSet set) throws IOException {
        for (var child : running.values()) {
            set.add(child.endDescriptor(), PollSet.READABLE);
        }
    }

    /** Those that have ended since the last call. */
    List<ProcessExit> reap(long nowNanos) throws IOException {
        var reaped = new ArrayList<ProcessExit>();
        for (var name : List.copyOf(running.keySet())) {
            var child = running.get(name);
            if (child == null) {
                continue;
            }
            var exit = child.reap();
            if (exit.isPresent()) {
                running.remove(name);
                child.close();
                reaped.add(new ProcessExit(name, child.pid(), status(exit.get()), nowNanos));
            }
        }
        for (var exit : reaped) {
            if (exits.size() == KeeperState.EXITS_MAX) {
                exits.removeFirst();
            }
            exits.addLast(exit);
        }
        return reaped;
    }

    boolean isEmpty() {
        return running.isEmpty();
    }

    List<KeeperState.RunningProcess> running() {
        return running.entrySet().stream()
                .map(e -> new KeeperState.RunningProcess(e.getKey(), e.getValue().pid()))
                .toList();
    }

    List<ProcessExit> exits() {
        return List.copyOf(exits);
    }

    static ProcessExit.Status status(ChildProcess.Exit exit) {
        return switch (exit) {
            case ChildProcess.Exit.Exited(int code) -> new ProcessExit.Status.Exited(code);
            case ChildProcess.Exit.Killed(int signal) -> new ProcessExit.Status.Killed(signal);
        };
    }
}
