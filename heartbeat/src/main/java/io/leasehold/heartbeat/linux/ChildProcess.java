package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A child of this process, started with {@code posix_spawn(3)} and not reaped by anybody else.
 *
 * <p>Java's own {@link Process} closes all descriptors of the child; here one can be inherited. For
 * the kernel the thread that calls {@link #spawn} is the parent: when <i>it</i> ends, the child
 * gets its parent-death signal.
 *
 * <p>Belongs to one thread.
 */
public final class ChildProcess implements AutoCloseable {
    /** The number under which the child finds the descriptor that it inherits. */
    public static final int INHERITED_DESCRIPTOR = 3;

    private static final MemorySegment POSIX_SPAWN = Libc.function("posix_spawn");
    private static final MemorySegment ACTIONS_INIT =
            Libc.function("posix_spawn_file_actions_init");
    private static final MemorySegment ACTIONS_DESTROY =
            Libc.function("posix_spawn_file_actions_destroy");
    private static final MemorySegment ACTIONS_ADDOPEN =
            Libc.function("posix_spawn_file_actions_addopen");
    private static final MemorySegment ACTIONS_ADDDUP2 =
            Libc.function("posix_spawn_file_actions_adddup2");
    private static final MemorySegment ACTIONS_ADDCLOSEFROM =
            Libc.function("posix_spawn_file_actions_addclosefrom_np");
    private static final MemorySegment ACTIONS_ADDCHDIR =
            Libc.function("posix_spawn_file_actions_addchdir_np");
    private static final MemorySegment ATTRIBUTES_INIT = Libc.function("posix_spawnattr_init");
    private static final MemorySegment ATTRIBUTES_DESTROY =
            Libc.function("posix_spawnattr_destroy");
    private static final MemorySegment ATTRIBUTES_SETFLAGS =
            Libc.function("posix_spawnattr_setflags");
    private static final MemorySegment ATTRIBUTES_SETSIGMASK =
            Libc.function("posix_spawnattr_setsigmask");
    private static final MemorySegment ATTRIBUTES_SETSIGDEFAULT =
            Libc.function("posix_spawnattr_setsigdefault");
    private static final MemorySegment SIGEMPTYSET = Libc.function("sigemptyset");
    private static final MemorySegment SIGFILLSET = Libc.function("sigfillset");
    private static final MemorySegment WAIT4 = Libc.function("wait4");

    private static final short SPAWN_SETSIGDEF = 0x04;
    private static final short SPAWN_SETSIGMASK = 0x08;
    private static final short SPAWN_SETSID = 0x80;
    private static final int WNOHANG = 1;
    private static final int O_WRONLY_CREAT_APPEND = 0x1 | 0x40 | 0x400;
    private static final int LOG_FILE_MODE = 0640;

    // glibc's types are smaller (80, 336 and 128 bytes on x86-64).
    private static final int ACTIONS_BYTES = 256;
    private static final int ATTRIBUTES_BYTES = 512;
    private static final int SIGNAL_SET_BYTES = 128;

    private final int pid;
    private final Descriptor pidDescriptor;
    private Optional<Exit> exit = Optional.empty();

    private ChildProcess(int pid, Descriptor pidDescriptor) {
        this.pid = pid;
        this.pidDescriptor = pidDescriptor;
    }

    /**
     * What to run and with what: a session of its own, {@code /} as working directory, no blocked
     * or ignored signal, standard input from {@code /dev/null}, no descriptor but those named here.
     *
     * @param argv the first element is the path of the program
     * @param environment the whole environment
     * @param logFile where standard output and error are appended to; empty: where ours go
     * @param inherited one of our descriptors, which the child finds as {@link
     *     #INHERITED_DESCRIPTOR}
     */
    public record Command(
            List<String> argv,
            Map<String, String> environment,
            Optional<Path> logFile,
            OptionalInt inherited) {}

    /** How a child ended. */
    public sealed interface Exit {
        record Exited(int code) implements Exit {}

        record Killed(int signal) implements Exit {}
    }

    /**
     * Starts a child; when this returns, its program is running. Until then the calling thread
     * stands still: glibc starts the child as {@code vfork(2)} does, so it is as slow as the child
     * is in getting a processor.
     */
    public static ChildProcess spawn(Command command) throws IOException {
        try (var arena = Arena.ofConfined()) {
            var actions = arena.allocate(ACTIONS_BYTES, 16);
            var attributes = arena.allocate(ATTRIBUTES_BYTES, 16);
            Libc.callPosix("posix_spawn_file_actions_init", ACTIONS_INIT, actions.address());
            Libc.callPosix("posix_spawnattr_init", ATTRIBUTES_INIT, attributes.address());
            try {
                describeFiles(command, actions, arena);
                describeSignals(attributes, arena);
                return spawn(command, actions, attributes, arena);
            } finally {
                Libc.tryCall(ACTIONS_DESTROY, actions.address());
                Libc.tryCall(ATTRIBUTES_DESTROY, attributes.address());
            }
        }
    }

    private static void describeFiles(Command command, MemorySegment actions, Arena arena)
            throws LinuxException {
        long a = actions.address();
        Libc.callPosix(
                "addopen", ACTIONS_ADDOPEN, a, 0, arena.allocateFrom("/dev/null").address(), 0, 0);
        if (command.logFile().isPresent()) {
            long path = arena.allocateFrom(command.logFile().get().toString()).address();
            Libc.callPosix(
                    "addopen", ACTIONS_ADDOPEN, a, 1, path, O_WRONLY_CREAT_APPEND, LOG_FILE_MODE);
            Libc.callPosix("adddup2", ACTIONS_ADDDUP2, a, 1, 2);
        }
        int closeFrom = INHERITED_DESCRIPTOR;
        if (command.inherited().isPresent()) {
            // The copy has no close-on-exec flag, also if it is the same number.
            Libc.callPosix(
                    "adddup2", ACTIONS_ADDDUP2, a, command.inherited().getAsInt(), closeFrom);
            closeFrom++;
        }
        Libc.callPosix("addclosefrom_np", ACTIONS_ADDCLOSEFROM, a, closeFrom);
        Libc.callPosix("addchdir_np", ACTIONS_ADDCHDIR, a, arena.allocateFrom("/").address());
    }

    private static void describeSignals(MemorySegment attributes, Arena arena)
            throws LinuxException {
        var none = arena.allocate(SIGNAL_SET_BYTES, 8);
        var all = arena.allocate(SIGNAL_SET_BYTES, 8);
        Libc.call("sigemptyset", SIGEMPTYSET, none.address());
        Libc.call("sigfillset", SIGFILLSET, all.address());
        long a = attributes.address();
        Libc.callPosix("setsigmask", ATTRIBUTES_SETSIGMASK, a, none.address());
        Libc.callPosix("setsigdefault", ATTRIBUTES_SETSIGDEFAULT, a, all.address());
        Libc.callPosix(
                "setflags",
                ATTRIBUTES_SETFLAGS,
                a,
                SPAWN_SETSIGDEF | SPAWN_SETSIGMASK | SPAWN_SETSID);
    }

    private static ChildProcess spawn(
            Command command, MemorySegment actions, MemorySegment attributes, Arena arena)
            throws LinuxException {
        var environment = new ArrayList<String>();
        command.environment().forEach((name, value) -> environment.add(name + "=" + value));
        var pid = arena.allocate(JAVA_INT);
        String program = command.argv().getFirst();
        Libc.callPosix(
                "posix_spawn(" + program + ")",
                POSIX_SPAWN,
                pid.address(),
                arena.allocateFrom(program).address(),
                actions.address(),
                attributes.address(),
                strings(command.argv(), arena).address(),
                strings(environment, arena).address());
        int number = pid.get(JAVA_INT, 0);
        // The child cannot be reaped by anybody but us, so the number is still its own.
        return new ChildProcess(number, Processes.pidDescriptor(number));
    }

    private static MemorySegment strings(List<String> strings, Arena arena) {
        var array = arena.allocate(ADDRESS, strings.size() + 1L);
        for (int i = 0; i < strings.size(); i++) {
            array.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
        }
        return array;
    }

    public int pid() {
        return pid;
    }

    /** What to poll for {@link PollSet#READABLE}: ready when the child has ended. */
    public int endDescriptor() throws ClosedChannelException {
        return pidDescriptor.number();
    }

    /** How it ended, empty while it runs. Does not wait. */
    public Optional<Exit> reap() throws LinuxException {
        if (exit.isPresent()) {
            return exit;
        }
        try (var arena = Arena.ofConfined()) {
            var status = arena.allocate(JAVA_INT);
            if (Libc.call("wait4", WAIT4, pid, status.address(), WNOHANG, 0) == pid) {
                exit = Optional.of(decode(status.get(JAVA_INT, 0)));
            }
        }
        return exit;
    }

    private static Exit decode(int status) {
        int signal = status & 0x7f;
        return signal == 0 ? new Exit.Exited((status >> 8) & 0xff) : new Exit.Killed(signal);
    }

    /**
     * Sends a signal to the child's process group, the child included. Never hits anybody else:
     * until it is reaped, its number is not given to another process. One that was reaped gets
     * none.
     *
     * @return whether it was there to get it
     */
    public boolean signal(int signal) throws LinuxException {
        return exit.isEmpty() && Processes.signal(-pid, signal);
    }

    /** Forgets the child; one that was not reaped stays a zombie until this process ends. */
    @Override
    public void close() {
        pidDescriptor.close();
    }
}
