package io.leasehold.ops.node;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what blocks, each on a platform thread of its own, and answers exactly once and in time.
 *
 * <p>Platform threads, because much of it touches files of the mounted volume: a virtual thread
 * that waits there occupies one of its two carriers, and a frozen volume would stop all others.
 */
final class Actions {
    private static final Logger log = LoggerFactory.getLogger(Actions.class);

    private Actions() {}

    /** Something that blocks. */
    interface Action {
        /** Returns how to answer; that is run unless the limit has passed. */
        Runnable perform() throws InterruptedException;
    }

    /**
     * Runs {@code action} on a new thread.
     *
     * @param failed is run with the reason, instead of the action's own answer, when {@code limit}
     *     has passed (the action is interrupted then) or the action fails as it never should
     */
    static void run(String name, Duration limit, Action action, Consumer<String> failed) {
        var answer = new CompletableFuture<Runnable>();
        var worker =
                Thread.ofPlatform()
                        .name(name)
                        .daemon()
                        .unstarted(() -> {
                            try {
                                answer.complete(action.perform());
                            } catch (InterruptedException e) {
                                answer.completeExceptionally(e);
                            } catch (RuntimeException | Error e) {
                                log.error("{} failed as it never should", name, e);
                                answer.completeExceptionally(e);
                            }
                        });
        var inTime =
                answer.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS)
                        .whenComplete((answerer, error) -> {
                            if (answerer != null) {
                                answerer.run();
                            } else {
                                worker.interrupt();
                                failed.accept(reason(error, limit));
                            }
                        });
        worker.start();
        if (inTime.isCancelled()) {
            throw new IllegalStateException("nobody cancels an action");
        }
    }

    private static String reason(Throwable error, Duration limit) {
        return error instanceof java.util.concurrent.TimeoutException
                ? "not done within " + limit.toMillis() + " ms"
                : String.valueOf(error);
    }
}
