package io.leasehold.blockrep.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A function of the C library.
 *
 * <p>All are called through one signature: six integer arguments, an integer result. In the calling
 * conventions of the 64-bit Linux ports (System V for x86-64, AAPCS64) integers and pointers travel
 * in the same registers, the caller removes what it passed, and a callee does not look at arguments
 * that it does not declare. So one linked signature serves them all, variadic ones included, and a
 * daemon that starts again while clients wait pays for linking once. (The cluster manager's calls
 * do the same in a class of their own: the two modules do not know each other.)
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();

    private static final MethodHandle CALL =
            LINKER.downcallHandle(
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                            JAVA_LONG),
                    Linker.Option.captureCallState("errno"));

    private final String name;
    private final MemorySegment address;

    /** The function of that name; every name used here is in glibc 2.36 (Debian 12). */
    Libc(String name) {
        this.name = name;
        this.address = LINKER.defaultLookup().findOrThrow(name);
    }

    /** For a function whose result is an {@code int} and that must succeed. */
    int toInt(long... arguments) throws LinuxException {
        int result = (int) call(arguments);
        if (result < 0) {
            throw new LinuxException(name, Scratch.ofThread().lastErrno());
        }
        return result;
    }

    /** For a function whose result is 64 bits wide and that must succeed. */
    long toLong(long... arguments) throws LinuxException {
        long result = call(arguments);
        if (result < 0) {
            throw new LinuxException(name, Scratch.ofThread().lastErrno());
        }
        return result;
    }

    /** For a function whose result is 64 bits wide; a failure is the negated errno. */
    long orErrno(long... arguments) {
        long result = call(arguments);
        return result < 0 ? -Scratch.ofThread().lastErrno() : result;
    }

    /**
     * The compiler sees through the array: on the hot path nothing is allocated. Whoever passes an
     * address keeps its memory reachable until the call has returned.
     */
    private long call(long... a) {
        int count = a.length;
        try {
            return (long)
                    CALL.invokeExact(
                            address,
                            Scratch.ofThread().errno,
                            count > 0 ? a[0] : 0,
                            count > 1 ? a[1] : 0,
                            count > 2 ? a[2] : 0,
                            count > 3 ? a[3] : 0,
                            count > 4 ? a[4] : 0,
                            count > 5 ? a[5] : 0);
        } catch (Throwable t) {
            throw new IllegalStateException("a downcall throws nothing", t);
        }
    }
}
