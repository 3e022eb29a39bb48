package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.NodeName;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * One volume on one node. Opens as secondary; whoever holds the record of who may serve promotes
 * and demotes it. All methods may be called from any thread; those that say so block.
 *
 * <pre>
 *   open ──► SECONDARY ──promote──► PRIMARY ──mount──► mounted
 *                ▲                     │ ▲                │
 *                └───────demote────────┘ └────unmount─────┘
 * </pre>
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ReplicatedVolume implements AutoCloseable {

    private ReplicatedVolume() {}

    /**
     * Recovers the journal (a torn tail is cut, a damaged middle is an error), redoes on the tree
     * what the last checkpoint does not cover, and begins to listen and dial. Creates journal and
     * tree if there are none.
     *
     * @throws io.leasehold.blockrep.journal.CorruptJournalException with file and offset; nothing
     *     is changed
     * @throws IOException the disk, or the address to listen on; nothing is left running
     */
    public static ReplicatedVolume open(VolumeConfiguration configuration, VolumeListener listener)
            throws IOException {
        throw new UnsupportedOperationException(configuration.self() + listener.toString());
    }

    /** The latest picture; cheap. */
    public VolumeFacts facts() {
        throw new UnsupportedOperationException();
    }

    /**
     * R2: promises never to accept anything of a lower epoch. Durable when this returns true.
     * Blocks for one flush.
     *
     * @return false if a higher epoch is promised already; nothing changes then
     * @throws IOException the promise is not known to be durable; the disk counts as failed (R32)
     */
    public boolean promise(long epoch) throws IOException {
        throw new UnsupportedOperationException("" + epoch);
    }

    /**
     * Makes this node the writer of an epoch that it has won (R1, R6). First everything in the
     * journal is applied (R39); with the peer in {@code inSync}, the tail is brought to both and is
     * durable on both (R27). Blocks until then. If the peer is lost meanwhile, {@link
     * VolumeListener#shrinkWanted} is called and a {@link #recordChanged} to this node alone lets
     * the promotion go on.
     */
    public Promotion promote(
            long epoch, Set<NodeName> inSync, long recordGeneration, Duration limit)
            throws IOException, InterruptedException {
        throw new UnsupportedOperationException("" + epoch + inSync + recordGeneration + limit);
    }

    /**
     * The record of {@code epoch} now says this (after a shrink or grow was won, or was found not
     * to have happened). A record of another epoch than this writer's is ignored. Durable when this
     * returns; completions that waited for it go on.
     */
    public void recordChanged(long epoch, Set<NodeName> inSync, long recordGeneration)
            throws IOException {
        throw new UnsupportedOperationException("" + epoch + inSync + recordGeneration);
    }

    /**
     * Serves the volume at a mount point. Only as primary.
     *
     * @param fuseDescriptor an open {@code /dev/fuse}; stays the caller's
     * @param resume the descriptor is mounted already, by an earlier process: go on with it
     */
    public void mount(int fuseDescriptor, Path mountPoint, boolean resume) throws IOException {
        throw new UnsupportedOperationException("" + fuseDescriptor + mountPoint + resume);
    }

    /**
     * Ends the mount. With {@code force} pending requests of its users fail: only after the DHCP
     * server has been sent SIGKILL (DESIGN.md, invariant 2).
     */
    public void unmount(boolean force) throws IOException {
        throw new UnsupportedOperationException("" + force);
    }

    /** The process whose writes may use the last of the disk's space. */
    public void reserveSpaceFor(long pid) {
        throw new UnsupportedOperationException("" + pid);
    }

    /**
     * R17: lets new operations wait and brings all earlier ones to every in-sync node. Blocks until
     * then. After {@link Drained.AllDurable} operations wait until {@link #unpark} or {@link
     * #demote}.
     */
    public Drained park(Duration limit) throws IOException, InterruptedException {
        throw new UnsupportedOperationException("" + limit);
    }

    /** A hand-over did not come about: parked operations go on. */
    public void unpark() {
        throw new UnsupportedOperationException();
    }

    /**
     * Gives up the writer's role, durably when this returns. Never says so while an opener could
     * still write (R38).
     *
     * @throws IllegalStateException while mounted
     */
    public void demote() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Sends an opaque message in the ordered session with the peer (R2).
     *
     * @param message at most 64 KiB
     * @return false if there is no session or its queue is full: the message is dropped
     */
    public boolean sendToPeer(byte[] message) {
        throw new UnsupportedOperationException("" + message.length);
    }

    /**
     * On a secondary: puts a note into the (unmounted) mount point that says where the volume is,
     * so that somebody who edits on the wrong node is told. An empty text removes it.
     */
    public void markReadOnlyNote(Path mountPoint, String text) throws IOException {
        throw new UnsupportedOperationException(mountPoint + text);
    }

    /**
     * Compares both trees completely while they are in use, each piece at the same position of the
     * order on both nodes. On the primary, with the peer connected and equal. Blocks.
     *
     * @param progress is told the bytes compared so far
     */
    public VerifyReport verify(LongConsumer progress) throws IOException, InterruptedException {
        throw new UnsupportedOperationException("" + progress);
    }

    /**
     * Ends everything: operations wait for ever, the session is closed, the journal is synced and
     * marked as cleanly closed unless mounted. The mount itself stays for a successor.
     */
    @Override
    public void close() {}
}
