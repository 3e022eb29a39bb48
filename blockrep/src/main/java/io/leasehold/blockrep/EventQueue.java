package io.leasehold.blockrep;

import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what must not run under a lock or on the commit path, one after the other, on a thread of
 * its own: the listener's calls, and decisions that take longer. Filled by transitions, which are
 * few, and by the peer's messages, whose reader waits when {@link #isLong}.
 */
final class EventQueue implements AutoCloseable {
    private static final int LONG = 1_000;
    private static final Logger log = LoggerFactory.getLogger(EventQueue.class);

    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    EventQueue(String name) {
        thread = Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    void add(Runnable event) {
        if (!closed) {
            queue.add(event);
        }
    }

    boolean isLong() {
        return queue.size() > LONG;
    }

    @Override
    public void close() {
        closed = true;
        queue.add(() -> {});
        if (isCurrentThread()) {
            return;
        }
        try {
            if (!thread.join(java.time.Duration.ofSeconds(5))) {
                log.error("{} does not end", thread.getName());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isCurrentThread() {
        return Thread.currentThread().equals(thread);
    }

    private void run() {
        while (!closed) {
            try {
                queue.take().run();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                // A listener or an effect that throws is a bug; the volume must go on to be stopped
                // in order.
                log.error("an event of the volume failed", e);
            }
        }
    }
}
