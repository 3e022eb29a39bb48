package io.leasehold.ops.node;

import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of an exception that nobody caught. In a thread of the volume or of its mount a
 * check has failed, and without that thread nothing would be replicated, or the DHCP server would
 * wait for an answer that never comes, in silence: the process must not go on. Elsewhere a single
 * request has failed: it is logged.
 */
final class UncaughtErrors implements Thread.UncaughtExceptionHandler {
    private static final Logger log = LoggerFactory.getLogger(UncaughtErrors.class);
    private static final List<String> VOLUME_THREADS = List.of("volume-", "fuse-");

    private final Consumer<Throwable> mustNotGoOn;

    UncaughtErrors(Consumer<Throwable> mustNotGoOn) {
        this.mustNotGoOn = mustNotGoOn;
    }

    @Override
    public void uncaughtException(Thread thread, Throwable error) {
        if (VOLUME_THREADS.stream().anyMatch(thread.getName()::startsWith)) {
            mustNotGoOn.accept(error);
        } else {
            log.error("thread {} ended by an error that nobody caught", thread.getName(), error);
        }
    }
}
