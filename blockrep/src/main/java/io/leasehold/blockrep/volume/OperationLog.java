package io.leasehold.blockrep.volume;

import java.util.Optional;

/**
 * Where an operation gets its place in the order and becomes durable. The replicator is behind this
 * door.
 *
 * <p>There is no failure in it. A log that cannot go on (disk gone, peer silent and not yet
 * excluded) does not return from {@link #append} or does not run the completion: the request that
 * waits stays unanswered until the process is killed or the log goes on. An error would be worse
 * than waiting: dhcpd answers its client even after a failed fsync.
 */
public interface OperationLog {

    /**
     * Waits until the log's queues can take an operation with a payload of this size. Called before
     * the volume's lock is taken, so that waiting stops no reader.
     */
    void awaitRoom(int payloadBytes) throws InterruptedException;

    /**
     * Gives the operation the next place. On return it survives the death of this process, not yet
     * that of the machine. Called under the volume's lock; the caller applies the operation before
     * it lets go of that.
     */
    Seq append(Operation operation, RequestId request);

    /**
     * Runs {@code completion} once, as soon as all operations up to {@code upTo} are durable on all
     * in-sync nodes: on this thread or on another one, at once or later, or never if this process
     * cannot achieve it any more.
     */
    void whenDurable(Seq upTo, Runnable completion);

    /**
     * The operation by which a request was carried out before the daemon was restarted, if it was.
     * Known for as long as the journal keeps the record.
     */
    Optional<Operation> resolved(RequestId request);
}
