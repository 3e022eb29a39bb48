package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Calls functions of the C library.
 *
 * <p>All of them through one signature: seven integer arguments, an integer result. In the calling
 * conventions of the 64-bit Linux ports (System V for x86-64, AAPCS64) integers and pointers travel
 * in the same registers, the caller removes what it passed, and a callee does not look at arguments
 * that it does not declare. So one linked signature serves them all, variadic ones like {@code
 * ioctl} included, and a JVM that starts pays for linking once.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle CALL =
            LINKER.downcallHandle(
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                            JAVA_LONG, JAVA_LONG),
                    Linker.Option.captureCallState("errno"));

    /** Where a call leaves its errno; a thread at a time uses one. */
    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

    private static final MemorySegment STRERRORNAME = function("strerrorname_np");
    private static final MemorySegment STRERRORDESC = function("strerrordesc_np");

    private static final int MESSAGE_BYTES_MAX = 256;

    private Libc() {}

    /** The function of that name; every name used here is in glibc 2.36 (Debian 12). */
    static MemorySegment function(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }

    /** Calls a function whose result is an {@code int}; a negative one means failure by errno. */
    static int call(String name, MemorySegment function, long... arguments) throws LinuxException {
        int result = (int) invoke(function, arguments);
        if (result < 0) {
            throw new LinuxException(name, errno());
        }
        return result;
    }

    /**
     * Calls a function whose result is an {@code int}, and answers {@code -errno} for a failure.
     */
    static int tryCall(MemorySegment function, long... arguments) {
        int result = (int) invoke(function, arguments);
        return result < 0 ? -errno() : result;
    }

    /** Calls a function that answers an error number (the {@code posix_} family). */
    static void callPosix(String name, MemorySegment function, long... arguments)
            throws LinuxException {
        int error = (int) invoke(function, arguments);
        if (error != 0) {
            throw new LinuxException(name, error);
        }
    }

    private static long invoke(MemorySegment function, long... arguments) {
        long[] all = new long[7];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        try {
            return (long)
                    CALL.invokeExact(
                            function,
                            CAPTURED.get(),
                            all[0],
                            all[1],
                            all[2],
                            all[3],
                            all[4],
                            all[5],
                            all[6]);
        } catch (Throwable e) {
            throw new IllegalStateException("a downcall throws nothing", e);
        }
    }

    private static int errno() {
        return (int) ERRNO.get(CAPTURED.get(), 0L);
    }

    /** {@code Address already in use (EADDRINUSE)}. */
    static String describe(int errno) {
        return string(invoke(STRERRORDESC, errno))
                + " ("
                + string(invoke(STRERRORNAME, errno))
                + ")";
    }

    private static String string(long address) {
        return address == 0
                ? "unknown error"
                : MemorySegment.ofAddress(address).reinterpret(MESSAGE_BYTES_MAX).getString(0);
    }
}
