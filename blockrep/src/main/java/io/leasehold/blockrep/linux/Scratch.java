package io.leasehold.blockrep.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One thread's memory for the arguments and results of system calls; a call needs no allocation.
 */
final class Scratch {

    /** PATH_MAX, and room for {@code /proc/self/fd/N/} before a name. */
    private static final int PATH_BYTES = 4_096 + 64;

    private static final int RESULT_BYTES = 512;

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    /** Where the downcall leaves errno. */
    final MemorySegment errno = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());

    /** For struct statx, statvfs, timespec[2]. */
    final MemorySegment result = Arena.ofAuto().allocate(RESULT_BYTES, 8);

    private final MemorySegment first = Arena.ofAuto().allocate(PATH_BYTES, 8);
    private final MemorySegment second = Arena.ofAuto().allocate(PATH_BYTES, 8);
    private MemorySegment data = Arena.ofAuto().allocate(16 * 1024, 8);

    static Scratch ofThread() {
        return OF_THREAD.get();
    }

    /** Memory for at least {@code sizeBytes} bytes of data; kept for the next call. */
    MemorySegment data(int sizeBytes) {
        if (data.byteSize() < sizeBytes) {
            data = Arena.ofAuto().allocate(Integer.highestOneBit(sizeBytes - 1) * 2L, 8);
        }
        return data;
    }

    MemorySegment first(byte[] path) {
        return terminated(first, path);
    }

    MemorySegment second(byte[] path) {
        return terminated(second, path);
    }

    MemorySegment first(Path path) {
        return first(path.toString().getBytes(StandardCharsets.UTF_8));
    }

    MemorySegment second(Path path) {
        return second(path.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * {@code /proc/self/fd/N/name}: a path to a directory entry for calls that take no directory
     * descriptor.
     */
    MemorySegment firstBelow(int directory, byte[] name) {
        var prefix = ("/proc/self/fd/" + directory + "/").getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(prefix, 0, first, ValueLayout.JAVA_BYTE, 0, prefix.length);
        MemorySegment.copy(name, 0, first, ValueLayout.JAVA_BYTE, prefix.length, name.length);
        first.set(ValueLayout.JAVA_BYTE, prefix.length + (long) name.length, (byte) 0);
        return first;
    }

    int lastErrno() {
        return errno.get(ValueLayout.JAVA_INT, 0);
    }

    private static MemorySegment terminated(MemorySegment memory, byte[] path) {
        MemorySegment.copy(path, 0, memory, ValueLayout.JAVA_BYTE, 0, path.length);
        memory.set(ValueLayout.JAVA_BYTE, path.length, (byte) 0);
        return memory;
    }
}
