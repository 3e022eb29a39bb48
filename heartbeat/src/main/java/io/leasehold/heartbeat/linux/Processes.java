package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Calls about this process and others that are not its children. */
public final class Processes {
    public static final int SIGTERM = 15;
    public static final int SIGKILL = 9;

    private static final MemorySegment PIDFD_OPEN = Libc.function("pidfd_open");
    private static final MemorySegment PIDFD_GETFD = Libc.function("pidfd_getfd");
    private static final MemorySegment SCHED_SETSCHEDULER = Libc.function("sched_setscheduler");
    private static final MemorySegment SETRLIMIT = Libc.function("setrlimit");
    private static final MemorySegment MLOCKALL = Libc.function("mlockall");
    private static final MemorySegment KILL = Libc.function("kill");
    private static final MemorySegment GETEUID = Libc.function("geteuid");

    /** Runs what follows it as everybody else's processes run. */
    public static final List<String> ORDINARY = List.of("/usr/bin/chrt", "--other", "0");

    private static final int SCHED_FIFO = 1;
    private static final int SCHED_FIFO_RESET_ON_FORK = SCHED_FIFO | 0x4000_0000;
    private static final int THIS_THREAD = 0;
    private static final int RLIMIT_RTTIME = 15;

    /** As HotSpot names the thread that runs its safepoints. */
    private static final String SAFEPOINT_THREAD = "VM Thread";

    private static final int MCL_CURRENT_FUTURE_ONFAULT = 1 | 2 | 4;

    private Processes() {}

    static Descriptor pidDescriptor(int pid) throws LinuxException {
        return new Descriptor(Libc.call("pidfd_open(" + pid + ")", PIDFD_OPEN, pid, 0));
    }

    /**
     * A duplicate of another process's descriptor, not inherited by our children. Needs the right
     * to trace it.
     */
    public static Descriptor duplicateDescriptor(int pid, int number) throws IOException {
        try (var process = pidDescriptor(pid)) {
            return new Descriptor(
                    Libc.call(
                            "pidfd_getfd(" + pid + ", " + number + ")",
                            PIDFD_GETFD,
                            process.number(),
                            number,
                            0));
        }
    }

    /**
     * Ends this process as {@code kill -9} does. The virtual machine's own end ({@link
     * Runtime#halt}) waits for up to 300 ms for threads that are in the kernel
     * (VM_Exit::wait_for_threads_in_native_to_block), and those of a mount always are. Any thread;
     * it does not come back.
     *
     * @throws LinuxException the kernel refuses it, and this process goes on
     */
    public static void endAtOnce() throws LinuxException {
        var self = (int) ProcessHandle.current().pid();
        signal(self, SIGKILL);
    }

    /**
     * As kill(2).
     *
     * @param pid of a process; negative: of the leader of a process group
     * @return whether anybody was there to get it
     */
    static boolean signal(int pid, int signal) throws LinuxException {
        int result = Libc.tryCall(KILL, pid, signal);
        if (result < 0 && result != -Errno.ESRCH) {
            throw new LinuxException("kill(" + pid + ", " + signal + ")", -result);
        }
        return result == 0;
    }

    public static int effectiveUserId() {
        return Libc.tryCall(GETEUID);
    }

    /**
     * Puts the calling thread before ordinary ones ({@code SCHED_FIFO}), and the JVM's own thread
     * that leads it through a safepoint. Later threads do not inherit that, except from the caller.
     * Its children do, because it stands still until the child's program runs ({@link
     * ChildProcess}); an ordinary child would first wait for a processor, and the caller with it.
     * The program gives it up: {@link #ORDINARY}.
     *
     * <p>No other thread of the JVM: its compiler and its housekeepers wait for one another by
     * spinning now and then, which at this priority never ends if whoever is waited for has no
     * processor left (seen: two of them kept both processors of a machine for ten minutes). For the
     * same reason the kernel kills this process if one of the two runs for {@code limitMicros}
     * without ever sleeping (RLIMIT_RTTIME): a keeper that is dead costs a failover, a machine that
     * stands still under a living one costs everything.
     *
     * @throws LinuxException without the right ({@code CAP_SYS_NICE}), or if the control group has
     *     no real-time budget
     */
    public static void becomeRealTime(int priority, long limitMicros) throws IOException {
        try (var arena = Arena.ofConfined()) {
            var limit = arena.allocateFrom(JAVA_LONG, limitMicros, limitMicros);
            Libc.call("setrlimit(RLIMIT_RTTIME)", SETRLIMIT, RLIMIT_RTTIME, limit.address());
            var parameter = arena.allocateFrom(JAVA_INT, priority);
            setFifo(THIS_THREAD, SCHED_FIFO, parameter);
            for (var thread : threadsNamed(SAFEPOINT_THREAD)) {
                setFifo(thread, SCHED_FIFO_RESET_ON_FORK, parameter);
            }
        }
    }

    private static void setFifo(int thread, int policy, MemorySegment parameter)
            throws LinuxException {
        int result = Libc.tryCall(SCHED_SETSCHEDULER, thread, policy, parameter.address());
        if (result < 0 && result != -Errno.ESRCH) {
            throw new LinuxException("sched_setscheduler(SCHED_FIFO)", -result);
        }
    }

    private static List<Integer> threadsNamed(String name) throws IOException {
        var named = new ArrayList<Integer>();
        try (var threads = Files.list(Path.of("/proc/self/task"))) {
            for (var thread : (Iterable<Path>) threads::iterator) {
                if (nameOf(thread).equals(Optional.of(name))) {
                    named.add(Integer.valueOf(thread.getFileName().toString()));
                }
            }
        }
        return named;
    }

    /** Empty if it has ended: the JVM ends threads of its compiler whenever it likes. */
    private static Optional<String> nameOf(Path thread) throws IOException {
        try {
            return Optional.of(Files.readString(thread.resolve("comm")).strip());
        } catch (IOException e) {
            // Not NoSuchFileException alone: whoever had it open already is told ESRCH.
            if (Files.exists(thread)) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /** Keeps in memory what this process has touched or will touch. */
    public static void lockMemory() throws LinuxException {
        Libc.call("mlockall", MLOCKALL, MCL_CURRENT_FUTURE_ONFAULT);
    }
}
