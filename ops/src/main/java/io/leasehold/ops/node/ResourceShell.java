package io.leasehold.ops.node;

import io.leasehold.heartbeat.resource.Health;
import java.time.Duration;

/**
 * One native resource: what starting, stopping and watching it really means on this node. Methods
 * block and are called on a thread of their own, one start or stop of a resource at a time.
 */
interface ResourceShell {

    /**
     * Starts it; done when this returns.
     *
     * @param adopt it ran before this process did, and is to be taken over
     * @throws ResourceException why not, in words for a person; a stop follows
     */
    void start(boolean adopt, Duration limit) throws ResourceException, InterruptedException;

    /** Stops it, also one that was started only in part; done when this returns. */
    void stop(Duration limit) throws ResourceException, InterruptedException;

    /** How it is; only called between start and stop. */
    default Health monitor(Duration limit) throws InterruptedException {
        return new Health.Good();
    }

    /** It may have to start soon: warm up what needs no right. */
    default void prepare() throws InterruptedException {}

    /** Why a start or stop did not work. */
    final class ResourceException extends Exception {
        private static final long serialVersionUID = 1L;

        private final boolean unanswered;

        ResourceException(String reason) {
            this(reason, false);
        }

        ResourceException(String reason, Throwable cause) {
            super(reason, cause);
            this.unanswered = false;
        }

        private ResourceException(String reason, boolean unanswered) {
            super(reason);
            this.unanswered = unanswered;
        }

        /** What was started did not answer in its time. */
        static ResourceException unanswered(String reason) {
            return new ResourceException(reason, true);
        }

        /** Whether that is all: then it is no failure if its volume kept it from answering. */
        boolean isUnanswered() {
            return unanswered;
        }

        /** What a person is told. */
        String reason() {
            return String.valueOf(getMessage());
        }
    }
}
