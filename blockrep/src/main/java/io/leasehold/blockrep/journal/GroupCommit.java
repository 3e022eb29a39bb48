package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Lets many callers share one flush, without a thread of its own: the first caller syncs (leader);
 * whoever comes meanwhile leaves its wish and goes (follower); the leader syncs again while there
 * are wishes. A hand-over to another thread would cost more than half of what the flush costs.
 */
public final class GroupCommit {
    private final Journal journal;
    private final Consumer<Seq> durable;
    private final Consumer<IOException> failed;
    private final ReentrantLock lock = new ReentrantLock();
    private Seq wanted = Seq.NONE;
    private boolean leading;

    /**
     * @param durable told after each flush up to where the journal is durable; by the leader's
     *     thread
     * @param failed told when a flush fails (R32); by the leader's thread
     */
    public GroupCommit(Journal journal, Consumer<Seq> durable, Consumer<IOException> failed) {
        this.journal = journal;
        this.durable = durable;
        this.failed = failed;
    }

    /**
     * Sees to it that {@code upTo} becomes durable: by this thread, or by one that is at it
     * already.
     */
    public void sync(Seq upTo) {
        lock.lock();
        try {
            if (upTo.isAfter(wanted)) {
                wanted = upTo;
            }
            if (leading) {
                return;
            }
            leading = true;
        } finally {
            lock.unlock();
        }
        lead();
    }

    private void lead() {
        while (true) {
            Seq done;
            try {
                done = journal.sync().durable();
            } catch (IOException e) {
                // The leader's place stays taken: nothing is ever synced again (R32).
                failed.accept(e);
                return;
            }
            durable.accept(done);
            lock.lock();
            try {
                // A wish beyond the end is of a history that this copy has given up since: nobody
                // waits for it, and it must not keep this thread here.
                if (!wanted.isAfter(done) || wanted.isAfter(journal.end().last())) {
                    wanted = done;
                    leading = false;
                    return;
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
