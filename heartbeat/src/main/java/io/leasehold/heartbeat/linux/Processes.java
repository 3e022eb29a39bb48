package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Calls about this process and others that are not its children. */
public final class Processes {
    public static final int SIGTERM = 15;
    public static final int SIGKILL = 9;

    private static final MemorySegment PIDFD_OPEN = Libc.function("pidfd_open");
    private static final MemorySegment PIDFD_GETFD = Libc.function("pidfd_getfd");
    private static final MemorySegment SCHED_SETSCHEDULER = Libc.function("sched_setscheduler");
    private static final MemorySegment MLOCKALL = Libc.function("mlockall");
    private static final MemorySegment GETEUID = Libc.function("geteuid");

    private static final int SCHED_FIFO_RESET_ON_FORK = 1 | 0x4000_0000;
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

    public static int effectiveUserId() {
        return Libc.tryCall(GETEUID);
    }

    /**
     * Puts all present threads of this process before ordinary ones ({@code SCHED_FIFO}), those of
     * the JVM included: at a safepoint the caller waits for them. Later threads and child processes
     * do not inherit that.
     *
     * @throws LinuxException without the right ({@code CAP_SYS_NICE}), or if the control group has
     *     no real-time budget
     */
    public static void becomeRealTime(int priority) throws IOException {
        var threads = Path.of("/proc/self/task").toFile().list();
        if (threads == null) {
            throw new IOException("/proc is not mounted");
        }
        try (var arena = Arena.ofConfined()) {
            var parameter = arena.allocateFrom(JAVA_INT, priority);
            for (var thread : threads) {
                int result =
                        Libc.tryCall(
                                SCHED_SETSCHEDULER,
                                Integer.parseInt(thread),
                                SCHED_FIFO_RESET_ON_FORK,
                                parameter.address());
                if (result < 0 && result != -Errno.ESRCH) {
                    throw new LinuxException("sched_setscheduler(SCHED_FIFO)", -result);
                }
            }
        }
    }

    /** Keeps in memory what this process has touched or will touch. */
    public static void lockMemory() throws LinuxException {
        Libc.call("mlockall", MLOCKALL, MCL_CURRENT_FUTURE_ONFAULT);
    }
}
