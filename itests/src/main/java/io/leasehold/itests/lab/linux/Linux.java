package io.leasehold.itests.lab.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * System calls, one method each, with the errno of a failure in the exception. Constants are those
 * of Linux on x86-64 and arm64 (the generic numbers).
 *
 * <p>All methods may be called from any thread; {@link #setNetworkNamespace} changes the calling
 * thread only, and for good.
 */
public final class Linux {
    public static final int SIGTERM = 15;
    public static final int SIGKILL = 9;
    public static final int SIGSTOP = 19;
    public static final int SIGCONT = 18;

    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;

    private static final int CLONE_NEWNET = 0x40000000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    /** One errno cell for each thread, so that a call allocates nothing. */
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CALL_STATE));

    private static final MethodHandle OPEN =
            variadic("open", 2, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = fixed("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle READ = fixed("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE =
            fixed("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle SETNS = fixed("setns", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle KILL = fixed("kill", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle SOCKET =
            fixed("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = fixed("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SETSOCKOPT =
            fixed("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle IOCTL =
            variadic("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
    private static final MethodHandle SEND =
            fixed("send", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RECV =
            fixed("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle PPOLL =
            fixed("ppoll", JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle MOUNT =
            fixed("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);

    private Linux() {}

    public static int open(Path path, int flags) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var name = arena.allocateFrom(path.toString());
            return check("open " + path, (int) OPEN.invokeExact(STATE.get(), name, flags, 0));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public static void close(int descriptor) throws LinuxException {
        try {
            check("close", (int) CLOSE.invokeExact(STATE.get(), descriptor));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public static int read(int descriptor, MemorySegment buffer) throws LinuxException {
        try {
            return check(
                    "read",
                    (long) READ.invokeExact(STATE.get(), descriptor, buffer, buffer.byteSize()));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public static int write(int descriptor, MemorySegment buffer) throws LinuxException {
        try {
            return check(
                    "write",
                    (long) WRITE.invokeExact(STATE.get(), descriptor, buffer, buffer.byteSize()));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Moves the calling thread, and no other, into a network namespace. There is no way back. */
    public static void setNetworkNamespace(Path namespace) throws LinuxException {
        int descriptor = open(namespace, O_RDONLY | O_CLOEXEC);
        try {
            check("setns", (int) SETNS.invokeExact(STATE.get(), descriptor, CLONE_NEWNET));
        } catch (Throwable e) {
            throw rethrow(e);
        } finally {
            close(descriptor);
        }
    }

    /**
     * Sends a signal.
     *
     * @return false if there is no such process any more
     */
    public static boolean kill(long pid, int signal) throws LinuxException {
        try {
            check("kill " + pid, (int) KILL.invokeExact(STATE.get(), Math.toIntExact(pid), signal));
            return true;
        } catch (Throwable e) {
            var failure = rethrow(e);
            if (failure.errno() == LinuxException.ESRCH) {
                return false;
            }
            throw failure;
        }
    }

    static int socket(int domain, int type, int protocol) throws LinuxException {
        try {
            return check("socket", (int) SOCKET.invokeExact(STATE.get(), domain, type, protocol));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void bind(int descriptor, MemorySegment address) throws LinuxException {
        try {
            int size = (int) address.byteSize();
            check("bind", (int) BIND.invokeExact(STATE.get(), descriptor, address, size));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void setSocketOption(int descriptor, int level, int name, int value)
            throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var cell = arena.allocateFrom(JAVA_INT, value);
            check(
                    "setsockopt",
                    (int) SETSOCKOPT.invokeExact(STATE.get(), descriptor, level, name, cell, 4));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void ioctl(int descriptor, long request, MemorySegment argument) throws LinuxException {
        try {
            check("ioctl", (int) IOCTL.invokeExact(STATE.get(), descriptor, request, argument));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static int send(int descriptor, MemorySegment buffer, long length) throws LinuxException {
        try {
            return check(
                    "send", (long) SEND.invokeExact(STATE.get(), descriptor, buffer, length, 0));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * Receives without waiting.
     *
     * @return the length, or -1 if nothing is there
     */
    static int receive(int descriptor, MemorySegment buffer, int flags) throws LinuxException {
        try {
            return check(
                    "recv",
                    (long)
                            RECV.invokeExact(
                                    STATE.get(), descriptor, buffer, buffer.byteSize(), flags));
        } catch (Throwable e) {
            var failure = rethrow(e);
            if (failure.errno() == LinuxException.EAGAIN) {
                return -1;
            }
            throw failure;
        }
    }

    /** Waits until one of the descriptors in {@code pollfds} is ready; an interruption ends it. */
    static void poll(MemorySegment pollfds, int count, MemorySegment timeout)
            throws LinuxException {
        try {
            check(
                    "ppoll",
                    (int)
                            PPOLL.invokeExact(
                                    STATE.get(),
                                    pollfds,
                                    (long) count,
                                    timeout,
                                    MemorySegment.NULL));
        } catch (Throwable e) {
            var failure = rethrow(e);
            if (failure.errno() != LinuxException.EINTR) {
                throw failure;
            }
        }
    }

    public static void mount(String source, Path target, String type, long flags, String options)
            throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            check(
                    "mount " + target,
                    (int)
                            MOUNT.invokeExact(
                                    STATE.get(),
                                    arena.allocateFrom(source),
                                    arena.allocateFrom(target.toString()),
                                    arena.allocateFrom(type),
                                    flags,
                                    arena.allocateFrom(options)));
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    private static int check(String call, long result) throws LinuxException {
        if (result < 0) {
            throw new LinuxException(call, (int) ERRNO.get(STATE.get(), 0L));
        }
        return Math.toIntExact(result);
    }

    /** A method handle is declared to throw anything; ours throw what {@link #check} does. */
    private static LinuxException rethrow(Throwable thrown) {
        return switch (thrown) {
            case LinuxException e -> e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException("a system call threw", thrown);
        };
    }

    private static MethodHandle fixed(String name, MemoryLayout result, MemoryLayout... arguments) {
        return link(name, result, arguments, Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle variadic(
            String name, int firstVariadic, MemoryLayout result, MemoryLayout... arguments) {
        return link(
                name,
                result,
                arguments,
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    private static MethodHandle link(
            String name, MemoryLayout result, MemoryLayout[] arguments, Linker.Option... options) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                options);
    }
}
