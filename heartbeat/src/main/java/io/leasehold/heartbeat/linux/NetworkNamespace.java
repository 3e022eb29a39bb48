package io.leasehold.heartbeat.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Does something in another network namespace of this machine.
 *
 * <p>Linux keeps the namespace per thread, and a socket stays in the one in which it was opened. So
 * sockets of several namespaces can live in one process: open each in here, and use it anywhere.
 */
public final class NetworkNamespace {
    private static final MemorySegment OPEN = Libc.function("open");
    private static final MemorySegment SETNS = Libc.function("setns");
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x4000_0000;

    private NetworkNamespace() {}

    /** What is done in a namespace. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /**
     * Runs the work on a new thread in that namespace, and waits for it.
     *
     * @param namespace {@code /run/netns/NAME} or {@code /proc/PID/ns/net}
     */
    public static <T> T call(Path namespace, Work<T> work) throws IOException {
        var task =
                new FutureTask<T>(() -> {
                    enter(namespace);
                    return work.run();
                });
        Thread.ofPlatform().name("in-" + namespace.getFileName()).start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new IllegalStateException("in " + namespace, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + namespace, e);
        }
    }

    private static void enter(Path namespace) throws LinuxException {
        try (var arena = Arena.ofConfined();
                var file =
                        new Descriptor(
                                Libc.call(
                                        "open(" + namespace + ")",
                                        OPEN,
                                        arena.allocateFrom(namespace.toString()).address(),
                                        O_RDONLY_CLOEXEC))) {
            Libc.call("setns(" + namespace + ")", SETNS, file.number(), CLONE_NEWNET);
        } catch (java.nio.channels.ClosedChannelException e) {
            throw new IllegalStateException("just opened", e);
        }
    }
}
