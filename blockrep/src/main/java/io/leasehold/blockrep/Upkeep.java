package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens because time passes. Three threads, because each may be held up by something else:
 *
 * <ul>
 *   <li>the ticker never blocks: it ends sessions that are silent, and tells the machine the time;
 *   <li>the sender may wait for the socket: signs of life with the root, and operations that nobody
 *       flushes;
 *   <li>the checkpointer waits for the disk.
 * </ul>
 */
final class Upkeep implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Upkeep.class);
    private static final long TICK_MILLIS = 10;
    private static final long FACTS_NANOS = 1_000_000_000L;

    /** Operations that nobody flushes are brought to both disks after so long. */
    private static final long LAZY_FLUSH_NANOS = 50_000_000L;

    private final Copy copy;
    private final Conversation conversation;
    private final Runnable factsChanged;
    private final Runnable beforeCheckpoint;
    private final long aliveNanos;
    private final long silenceNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean checkpointDue;

    /** For the sender's thread. */
    private Seq lazilyFlushed = Seq.NONE;

    private boolean closed;

    /**
     * @param factsChanged is called about once a second
     * @param beforeCheckpoint brings the writer's operations from memory to the tree
     */
    Upkeep(Copy copy, Conversation conversation, Runnable factsChanged, Runnable beforeCheckpoint) {
        this.copy = copy;
        this.conversation = conversation;
        this.factsChanged = factsChanged;
        this.beforeCheckpoint = beforeCheckpoint;
        this.silenceNanos = copy.configuration.timing().replicaTimeout().toNanos();
        this.aliveNanos = Math.clamp(silenceNanos / 4, 5_000_000L, 250_000_000L);
    }

    void start() {
        Thread.ofPlatform().daemon().name("volume-ticker").start(this::tick);
        Thread.ofPlatform().daemon().name("volume-sender").start(this::send);
        Thread.ofPlatform().daemon().name("volume-checkpoint").start(this::checkpoint);
    }

    /** The journal needs room: a checkpoint is made now. */
    void checkpointDue() {
        lock.lock();
        try {
            checkpointDue = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void tick() {
        while (sleep(TICK_MILLIS)) {
            long now = System.nanoTime();
            var deadline = copy.replicator.ask(Replication::nextDeadlineNanos);
            if (deadline.isPresent() && now - deadline.getAsLong() >= 0) {
                copy.replicator.step(new Event.Tick());
            }
            conversation
                    .running()
                    .ifPresent(session -> {
                        var silent = session.silentForNanos(now);
                        if (silent.isPresent() && silent.getAsLong() > silenceNanos) {
                            session.abort(
                                    "nothing heard for %d ms".formatted(silenceNanos / 1_000_000));
                        }
                    });
        }
    }

    private void send() {
        long nextFactsNanos = System.nanoTime();
        long nextLazyNanos = System.nanoTime();
        while (sleep(aliveNanos / 1_000_000)) {
            long now = System.nanoTime();
            conversation.open().ifPresent(this::sendAlive);
            if (now - nextLazyNanos >= 0) {
                nextLazyNanos = now + LAZY_FLUSH_NANOS;
                lazyFlush();
            }
            if (now - nextFactsNanos >= 0) {
                nextFactsNanos = now + FACTS_NANOS;
                factsChanged.run();
                settleTimes();
            }
        }
    }

    private void settleTimes() {
        try {
            copy.volume().settleTimes();
        } catch (IOException e) {
            conversation.treeFailed(String.valueOf(e.getMessage()));
        }
    }

    private void lazyFlush() {
        boolean writes =
                copy.replicator.ask(machine ->
                        machine.role() == Role.PRIMARY && machine.diskFailure().isEmpty());
        var last = copy.journal.end().last();
        // Once for each: while completions are frozen, those who wait must not pile up.
        if (writes && !last.equals(lazilyFlushed)) {
            lazilyFlushed = last;
            copy.replicator.whenDurable(last, () -> {});
        }
    }

    private void sendAlive(Conversation.Open open) {
        if (!copy.replicator.putInOrder(open.session(), end -> new Frame.Alive(end.root()))) {
            // Not live: a sign of life only.
            open.session()
                    .outbox()
                    .put(
                            copy.replicator.ask(Replication::promisedEpoch),
                            Seq.NONE,
                            new Frame.Alive(Root.EMPTY));
        }
        open.session().outbox().flush();
    }

    private void checkpoint() {
        long halfRing =
                (long) copy.configuration.journal().segmentBytes()
                        * copy.configuration.journal().segments()
                        / 2;
        long intervalNanos = copy.configuration.timing().checkpointInterval().toNanos();
        long lastNanos = System.nanoTime();
        while (awaitCheckpointDue(Math.min(intervalNanos, 100_000_000L))) {
            long now = System.nanoTime();
            boolean due =
                    takeDue()
                            || now - lastNanos >= intervalNanos
                            || copy.journal.bytesSinceCheckpoint() > halfRing;
            if (!due) {
                continue;
            }
            lastNanos = now;
            try {
                beforeCheckpoint.run();
                copy.checkpoint();
            } catch (IOException e) {
                log.error("checkpoint failed: this disk is gone (R32): {}", e.getMessage());
                copy.replicator.diskFailed(String.valueOf(e.getMessage()));
                return;
            }
        }
    }

    private boolean takeDue() {
        lock.lock();
        try {
            boolean was = checkpointDue;
            checkpointDue = false;
            return was;
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitCheckpointDue(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!closed && !checkpointDue && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** False when this is closed. */
    private boolean sleep(long millis) {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(Math.max(millis, 1));
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }
}
