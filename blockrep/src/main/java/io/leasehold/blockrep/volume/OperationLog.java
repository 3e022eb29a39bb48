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
 *
 * <p>An operation reaches the backing directory only when the local journal has it on the disk
 * ({@link #locallyDurable}): intent before data (R26). Otherwise the kernel could write back the
 * effect of an operation that a power failure then takes out of the journal, and this replica would
 * silently differ from its own history.
 */
public interface OperationLog {

    /**
     * Waits until the log's queues can take an operation with a payload of this size. Called before
     * the volume's lock is taken, so that waiting stops no reader.
     */
    void awaitRoom(int payloadBytes) throws InterruptedException;

    /**
     * Gives the operation the next place. On return it survives the death of this process, not yet
     * that of the machine. Called under the volume's lock.
     */
    Seq append(Operation operation, RequestId request);

    /**
     * Runs {@code completion} once, as soon as all operations up to {@code upTo} are durable on all
     * in-sync nodes: on this thread or on another one, at once or later, or never if this process
     * cannot achieve it any more. It must not be run under a lock that {@link #append} takes.
     */
    void whenDurable(Seq upTo, Runnable completion);

    /**
     * Begins what {@link #whenDurable} would begin, though nobody waits yet. Returns when the local
     * journal has everything up to {@code upTo} on the disk, or when another thread is at it.
     * Promises nothing to anybody, and a peer that does not answer is not counted as late.
     */
    void commitAhead(Seq upTo);

    /** The last operation that the local journal has on the disk. Quick. */
    Seq locallyDurable();

    /**
     * Returns when the local journal has everything on the disk that was appended before the call.
     */
    void syncLocally();

    /**
     * The operation by which a request was carried out before the daemon was restarted, if it was.
     * Known for as long as the journal keeps the record.
     */
    Optional<Operation> resolved(RequestId request);
}
