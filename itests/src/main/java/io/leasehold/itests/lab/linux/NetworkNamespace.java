package io.leasehold.itests.lab.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Runs code inside a network namespace. */
public final class NetworkNamespace {

    /** What runs inside: sockets that it opens stay in the namespace for their whole life. */
    @FunctionalInterface
    public interface Inside<T> {
        T run() throws IOException;
    }

    private NetworkNamespace() {}

    /**
     * Runs {@code inside} on a thread of its own that has entered the namespace, and waits for it.
     *
     * @param namespace for example {@code /run/netns/NAME}
     */
    public static <T> T call(Path namespace, Inside<T> inside)
            throws IOException, InterruptedException {
        var task =
                new FutureTask<>(() -> {
                    Linux.setNetworkNamespace(namespace);
                    return inside.run();
                });
        // Never a pooled or virtual thread: its carrier would stay in the namespace afterwards.
        Thread.ofPlatform().name("in-" + namespace.getFileName()).daemon().start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        }
    }
}
