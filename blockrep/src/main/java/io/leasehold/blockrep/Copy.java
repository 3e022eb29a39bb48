package io.leasehold.blockrep;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.replication.Event.FoundDifferent;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.resync.Branch;
import io.leasehold.blockrep.resync.KnownChanges;
import io.leasehold.blockrep.resync.Progress;
import io.leasehold.blockrep.session.LocalCopy;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's copy: journal and tree, and the one who writes to both. What the session's reader,
 * the replay, the checkpointer and the door share.
 */
final class Copy implements LocalCopy {
    private static final Logger log = LoggerFactory.getLogger(Copy.class);

    final VolumeConfiguration configuration;
    final VolumeListener listener;
    final Journal journal;
    final EventQueue events;
    final Replicator replicator;
    final KnownChanges knownChanges;
    final AtomicLong rejectedFrames = new AtomicLong();
    final AtomicLong sessions = new AtomicLong();
    final AtomicLong freezes = new AtomicLong();

    /**
     * Held by whoever changes this copy other than as its writer: the reader while it handles a
     * frame, and role changes.
     */
    final ReentrantLock receiving = new ReentrantLock();

    private final ReentrantLock checkpointing = new ReentrantLock();
    private volatile Volume volume;
    private volatile Optional<RunningResync> resync = Optional.empty();
    private volatile Optional<VolumeFacts.FinishedResync> resyncOfSession = Optional.empty();
    private volatile Optional<VolumeFacts.FinishedResync> lastResync = Optional.empty();
    private volatile Optional<Seq> lastRootCheck = Optional.empty();
    private volatile Optional<Divergence> divergence = Optional.empty();

    /** A person had what was found last compared in full. */
    private final AtomicBoolean compareOrdered = new AtomicBoolean();

    /** A resync for {@link VolumeFacts}. */
    record RunningResync(VolumeFacts.ResyncKind kind, Progress progress) {}

    Copy(
            VolumeConfiguration configuration,
            VolumeListener listener,
            Journal journal,
            KnownChanges knownChanges,
            Volume volume,
            EventQueue events,
            Replicator replicator) {
        this.configuration = configuration;
        this.listener = listener;
        this.journal = journal;
        this.knownChanges = knownChanges;
        this.volume = volume;
        this.events = events;
        this.replicator = replicator;
    }

    Volume volume() {
        return volume;
    }

    Optional<RunningResync> resync() {
        return resync;
    }

    void resync(Optional<RunningResync> running) {
        resync = running;
    }

    /** How the peer was made equal in this session, if it had to be. */
    Optional<VolumeFacts.FinishedResync> resyncOfSession() {
        return resyncOfSession;
    }

    /** The last one in any session that had anything to do. */
    Optional<VolumeFacts.FinishedResync> lastResync() {
        return lastResync;
    }

    /** All of a resync was sent, or taken. The replay that follows each compare is no news. */
    void resyncDone(Progress done) {
        resync.filter(running -> running.progress().equals(done))
                .filter(running ->
                        resyncOfSession.isEmpty()
                                || running.kind() != VolumeFacts.ResyncKind.REPLAY)
                .ifPresent(running -> {
                    var finished =
                            Optional.of(
                                    new VolumeFacts.FinishedResync(
                                            running.kind(),
                                            done.doneBytes(),
                                            Duration.ofNanos(done.elapsedNanos(System.nanoTime())),
                                            Instant.now()));
                    resyncOfSession = finished;
                    if (done.doneBytes() > 0) {
                        lastResync = finished;
                    }
                });
    }

    /** What was sent in a session is nothing that the next one has. */
    void sessionEnded() {
        resync = Optional.empty();
        resyncOfSession = Optional.empty();
    }

    /** A resync has ended; says nothing about one that has begun since. */
    void resyncEnded(Progress ended) {
        if (resync.filter(running -> running.progress().equals(ended)).isPresent()) {
            resync = Optional.empty();
        }
    }

    Optional<Divergence> divergence() {
        return divergence;
    }

    /**
     * The copies differ: facts say so, the listener is told in the order of events, and until
     * everything has been compared nothing less is done.
     */
    void differs(Divergence found) {
        log.error("the copies differ at operation {}: {}", found.at(), found.what());
        divergence = Optional.of(found);
        noteDifference(Optional.of(found.at()));
        events.add(() -> listener.divergenceFound(found));
    }

    /** The same, found by a verification or as target: the machine does not know it yet. */
    void verifiedDifferent(Divergence found) {
        differs(found);
        replicator.step(new FoundDifferent(true));
    }

    /** On the peer of the one that verifies, which tells about it. */
    void verifiedDifferentByPeer(Seq at, String what) {
        if (journal.superblock().foundDifferent().isEmpty()) {
            log.error("the peer verifies, and the copies differ at operation {}: {}", at, what);
            noteDifference(Optional.of(at));
            replicator.step(new FoundDifferent(true));
        }
    }

    /** The peer was made equal: if everything was compared for that, no difference is left. */
    void peerIsEqual() {
        if (journal.superblock().foundDifferent().isPresent()
                && replicator.ask(
                        machine -> machine.role() == Role.PRIMARY && !machine.isFoundDifferent())) {
            noteDifference(Optional.empty());
        }
    }

    /** Whether nobody has since the last finding. */
    boolean orderCompare() {
        return compareOrdered.compareAndSet(false, true);
    }

    private void noteDifference(Optional<Seq> at) {
        compareOrdered.set(false);
        try {
            journal.update(editor -> editor.foundDifferent(at));
        } catch (IOException e) {
            replicator.diskFailed(String.valueOf(e.getMessage()));
        }
    }

    /** A full verification has found no difference. */
    void verifiedEqual() {
        divergence = Optional.empty();
    }

    /**
     * The peer's copy has replaced this one, as a whole or what was touched of it: what was found
     * of a copy that is no more is no news.
     */
    void replaced() {
        divergence = Optional.empty();
        replicator.step(new FoundDifferent(journal.superblock().foundDifferent().isPresent()));
    }

    Optional<Seq> lastRootCheck() {
        return lastRootCheck;
    }

    void rootsEqualAt(Seq seq) {
        lastRootCheck = Optional.of(seq);
    }

    @Override
    public Standing standing() {
        var superblock = journal.superblock();
        var end = journal.end();
        return new Standing(
                configuration.self(),
                superblock.device(),
                replicator.ask(Replication::role),
                superblock.promisedEpoch(),
                superblock.lineage(),
                end.last(),
                committed(),
                end.root(),
                superblock.acknowledgedAlone());
    }

    /** The last operation of this history that is known to be on every in-sync node. */
    Seq committed() {
        var completed = replicator.completed();
        var noted = journal.superblock().committed();
        return completed.isAfter(noted) ? completed : noted;
    }

    @Override
    public Optional<String> rejects(long frameEpoch) {
        return replicator.ask(machine -> machine.rejects(frameEpoch));
    }

    @Override
    public boolean isLive() {
        return replicator.ask(Replication::isLive);
    }

    @Override
    public RootCheck check(Seq seq, Root root) {
        return replicator.roots().check(seq, root);
    }

    /** Flushes journal and tree, in this order (R26), so that segments can be used again. */
    void checkpoint() throws IOException {
        checkpointing.lock();
        try {
            var durable = journal.sync().durable();
            if (!volume.isUsable()) {
                // Nothing is overwritten before it was redone.
                return;
            }
            var reached = volume.checkpoint();
            if (reached.isAfter(journal.superblock().checkpoint())) {
                noteChanges(reached);
                journal.checkpointed(
                        reached, reached.isAfter(durable) ? durable : replicator.completed());
            }
        } finally {
            checkpointing.unlock();
        }
    }

    /** Before the journal may overwrite it: what a peer lacks that is away. */
    private void noteChanges(Seq reached) throws IOException {
        var follows =
                replicator.ask(
                        machine -> machine.session().isPresent() && machine.state().isFollowing());
        var peerHas =
                replicator.ask(machine ->
                        machine.role() == Role.PRIMARY
                                ? machine.peerDurable()
                                : follows ? reached : Seq.NONE);
        knownChanges.checkpoint(reached, peerHas, follows);
    }

    /** Changes the copy. */
    interface Change<T> {
        T make() throws IOException;
    }

    /**
     * Makes a change that no checkpoint may overlap: tree and journal change places with others,
     * and what a checkpoint has found out about the old tree must not be noted of the new one.
     */
    <T> T betweenCheckpoints(Change<T> change) throws IOException {
        checkpointing.lock();
        try {
            return change.make();
        } finally {
            checkpointing.unlock();
        }
    }

    /** Under what name the tree of this history is kept if another one takes its place now. */
    static String branchName(VolumeConfiguration configuration, Journal journal) {
        return new Branch(
                        Instant.now(),
                        configuration.self(),
                        journal.superblock().lineage().headEpoch(),
                        journal.end().last())
                .name();
    }

    /** Opens the tree and redoes what no checkpoint covers. The journal is durable. */
    static Volume openVolume(VolumeConfiguration configuration, Journal journal)
            throws IOException {
        var checkpoint = journal.superblock().checkpoint();
        return Volume.open(
                configuration.directory(),
                checkpoint,
                visitor -> {
                    try (var cursor = journal.read(checkpoint.next())) {
                        for (var next = cursor.next(); next.isPresent(); next = cursor.next()) {
                            var record = next.get();
                            visitor.visit(
                                    record.seq(),
                                    OperationCodec.decode(ByteBuffer.wrap(record.operation())));
                        }
                    } catch (io.leasehold.blockrep.journal.RecordsGoneException e) {
                        throw new IllegalStateException(
                                "what no checkpoint covers is never overwritten", e);
                    } catch (MalformedOperationException e) {
                        throw new IOException(
                                "the journal has an operation that this build can't read: "
                                        + e.getMessage(),
                                e);
                    }
                });
    }

    /**
     * After a change that the disk refused, perhaps for want of room: the tree follows the journal
     * again, if the disk can by now.
     *
     * @throws IOException it cannot; the tree is not used, and this may be tried again
     */
    void recoverVolume() throws IOException {
        if (volume.isUsable()) {
            return;
        }
        try {
            reopenVolume();
        } catch (IOException e) {
            throw new IOException(
                    "the files in %s cannot be brought to what the journal has: %s"
                            .formatted(configuration.directory(), e.getMessage()),
                    e);
        }
        log.info("the files in {} have what the journal has again", configuration.directory());
    }

    /** The tree follows the journal again, which is durable. */
    void reopenVolume() throws IOException {
        checkpointing.lock();
        try {
            volume.close();
            volume = openVolume(configuration, journal);
        } finally {
            checkpointing.unlock();
        }
    }

    /** Closes tree and journal; nothing of this copy is used any more. */
    void close() {
        volume.close();
        try (journal) {
            knownChanges.close();
        } catch (IOException e) {
            log.warn("closing the journal: {}", e.getMessage());
        }
    }
}
