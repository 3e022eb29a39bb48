package io.leasehold.blockrep;

import io.leasehold.blockrep.fuse.FuseListener;
import io.leasehold.blockrep.fuse.FuseMount;
import io.leasehold.blockrep.fuse.FuseOptions;
import io.leasehold.blockrep.fuse.SecondaryNote;
import io.leasehold.blockrep.journal.DiskJournalDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.link.PeerLink;
import io.leasehold.blockrep.link.PeerSession;
import io.leasehold.blockrep.link.PinnedIdentity;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.replication.ConnectionState;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Effect;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Tenure;
import io.leasehold.blockrep.resync.CompareSource;
import io.leasehold.blockrep.resync.InterruptedSwitch;
import io.leasehold.blockrep.resync.KnownChanges;
import io.leasehold.blockrep.resync.Progress;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.FileSystem;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.SpaceReserve;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.volume.VolumeFailedException;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.ProtocolVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
public final class ReplicatedVolume implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ReplicatedVolume.class);
    private static final String NOTE_FILE = "THE-VOLUME-IS-NOT-MOUNTED-HERE.txt";

    private final VolumeConfiguration configuration;

    /** Not private for the sake of this package's tests. */
    final Copy copy;

    private final Replicator replicator;
    private final EventQueue events;
    private final DiskRoom room;

    /** Not private for the sake of this package's tests. */
    final Conversation conversation;

    private final PeerLink link;
    private final Upkeep upkeep;

    /** Guards the fields below; role changes and mounts come one after the other. */
    private final ReentrantLock control = new ReentrantLock();

    /** Held by the one verification that runs. */
    private final ReentrantLock verifying = new ReentrantLock();

    private Optional<FuseMount> mount = Optional.empty();

    /**
     * What may have been acknowledged alone (R29) changes on the disk and in the machine as one.
     * Held for a write of the superblock; no other lock of this class is taken under it.
     */
    private final ReentrantLock tenure = new ReentrantLock();

    // Read without the lock, by facts and by the checkpointer.
    private volatile Optional<FileSystem> fileSystem = Optional.empty();
    private volatile Optional<Path> mountPoint = Optional.empty();
    private volatile long reservedPid = -1;
    private volatile boolean closed;

    private ReplicatedVolume(
            VolumeConfiguration configuration,
            VolumeListener listener,
            Journal journal,
            KnownChanges knownChanges,
            Volume volume)
            throws IOException {
        this.configuration = configuration;
        events = new EventQueue("volume-events");
        room = DiskRoom.of(configuration);
        var machine =
                new Replication(
                        configuration.self(),
                        configuration.peer(),
                        journal.superblock().promisedEpoch(),
                        configuration.timing().replicaTimeout().toNanos());
        replicator =
                new Replicator(
                        journal,
                        machine,
                        System::nanoTime,
                        events,
                        effect -> () -> perform(effect),
                        this::checkpointDue,
                        room::failed);
        copy = new Copy(configuration, listener, journal, knownChanges, volume, events, replicator);
        conversation = new Conversation(copy, room);
        link =
                new PeerLink(
                        "volume-link",
                        configuration.network().listen(),
                        configuration.network().peer(),
                        configuration.self().compareTo(configuration.peer()) > 0,
                        configuration.network().identity(),
                        configuration.network().versions(),
                        conversation);
        upkeep = new Upkeep(copy, conversation, this::reportFacts, this::settleTree);
        replicator.onDiskFailed(reason -> {
            listener.diskFailed(reason);
            listener.factsChanged(facts());
        });
    }

    /**
     * Does ahead of {@link #open} what costs a fresh process time: links the system calls, and
     * shakes hands with itself. For a thread beside the one that starts everything else; changes
     * nothing.
     *
     * @throws IOException {@link #open} would fail in the same way
     */
    public static void rehearse(PinnedIdentity identity) throws IOException {
        Linux.close(Linux.open(Path.of("/"), Linux.O_RDONLY | Linux.O_DIRECTORY, 0));
        log.debug("handshake with itself: {}", identity.rehearse());
    }

    /**
     * Recovers the journal (a torn tail is cut, a damaged middle is an error), redoes on the tree
     * what the last checkpoint does not cover, and begins to listen and dial. Creates journal and
     * tree if there are none.
     *
     * @throws io.leasehold.blockrep.journal.CorruptJournalException with file and offset; nothing
     *     is changed
     * @throws IOException the disk; nothing is left running
     */
    public static ReplicatedVolume open(VolumeConfiguration configuration, VolumeListener listener)
            throws IOException {
        return open(
                configuration,
                listener,
                new DiskJournalDirectory(configuration.journal().directory()));
    }

    /** The same with the journal wherever {@code directory} is. */
    static ReplicatedVolume open(
            VolumeConfiguration configuration, VolumeListener listener, JournalDirectory directory)
            throws IOException {
        var size = configuration.journal();
        var journal =
                Journal.open(
                        directory,
                        size.segmentBytes(),
                        size.segments(),
                        () ->
                                Superblock.fresh(
                                        DeviceId.random(new SecureRandom()),
                                        configuration.cluster(),
                                        configuration.bootId()));
        try {
            if (!journal.superblock().cluster().equals(configuration.cluster())) {
                throw new IOException(
                        "R30: the journal in %s belongs to cluster %s, this node is configured for %s"
                                .formatted(
                                        size.directory(),
                                        journal.superblock().cluster(),
                                        configuration.cluster()));
            }
            if (!journal.superblock().clean()) {
                log.warn(
                        "the volume was not closed in order ({}); journal recovered up to operation {}",
                        journal.superblock().bootId().equals(configuration.bootId())
                                ? "its process ended"
                                : "the machine went down",
                        journal.end().last());
            }
            InterruptedSwitch.finish(
                            configuration.directory(),
                            journal,
                            Copy.branchName(configuration, journal))
                    .ifPresent(name ->
                            log.warn(
                                    "a resync was interrupted when it was all but done: what it replaced is kept as branch {}",
                                    name));
            journal.update(
                    editor -> editor.bootId(configuration.bootId()).clean(false).writer(false));
            var volume = Copy.openVolume(configuration, journal);
            var known = KnownChanges.open(directory, journal, Changes.Limits.ONE_NODE);
            var replicated = new ReplicatedVolume(configuration, listener, journal, known, volume);
            replicated.replicator.step(
                    new Event.FoundDifferent(journal.superblock().foundDifferent().isPresent()));
            replicated.upkeep.start();
            replicated.link.start();
            return replicated;
        } catch (IOException | RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    /** The latest picture; cheap. */
    public VolumeFacts facts() {
        var superblock = copy.journal.superblock();
        var end = copy.journal.end();
        var session = conversation.open();
        return replicator.ask(machine ->
                new VolumeFacts(
                        superblock.device(),
                        machine.role(),
                        machine.diskFailure()
                                .<VolumeFacts.Disk>map(VolumeFacts.Disk.Failed::new)
                                .orElse(new VolumeFacts.Disk.Working()),
                        closedOrFailed(machine)
                                ? ConnectionState.STANDALONE
                                : session.isPresent()
                                        ? ConnectionState.CONNECTED
                                        : ConnectionState.CONNECTING,
                        machine.state(),
                        machine.refusal(),
                        machine.isSplitBrain(),
                        superblock.promisedEpoch(),
                        superblock.lineage(),
                        end.last(),
                        end.durable(),
                        copy.committed(),
                        end.root(),
                        machine.inSync(),
                        machine.recordGeneration(),
                        machine.peer(),
                        machine.session().isPresent() && machine.role() == Role.PRIMARY
                                ? Optional.of(machine.peerDurable())
                                : Optional.empty(),
                        machine.frozenSinceNanos().isPresent()
                                ? OptionalLong.of(
                                        System.nanoTime() - machine.frozenSinceNanos().getAsLong())
                                : OptionalLong.empty(),
                        machine.frozenReason(),
                        copy.resync().map(ReplicatedVolume::progressOf),
                        copy.lastResync(),
                        copy.divergence(),
                        superblock.foundDifferent(),
                        copy.lastRootCheck(),
                        mountPoint,
                        counters(session)));
    }

    /**
     * When the peer last kept writers waiting that this disk alone would not have (R4), for so long
     * that one of them may not have done anything else meanwhile. By {@link System#nanoTime}; now
     * while it does, empty if it never did since this process started.
     */
    public OptionalLong lastPeerDelayNanos() {
        return replicator.lastPeerDelayNanos();
    }

    /** The protocol that is spoken with the peer; empty without a session. */
    Optional<ProtocolVersion> spokenVersion() {
        return conversation.open().map(open -> open.session().version());
    }

    /**
     * R2: promises never to accept anything of a lower epoch. Durable when this returns true.
     * Blocks for one flush.
     *
     * @return false if a higher epoch is promised already; nothing changes then
     * @throws IOException the promise is not known to be durable; the disk counts as failed (R32)
     */
    public boolean promise(long epoch) throws IOException {
        copy.receiving.lock();
        try {
            long promised = copy.journal.superblock().promisedEpoch();
            if (epoch <= promised) {
                return epoch == promised;
            }
            durably(() -> copy.journal.update(editor -> editor.promisedEpoch(epoch)));
            replicator.step(new Event.Promised(epoch));
        } finally {
            copy.receiving.unlock();
        }
        conversation.announceStanding();
        return true;
    }

    /**
     * Makes this node the writer of an epoch that it has won (R1, R6). First everything in the
     * journal is applied (R39); with the peer in {@code inSync}, the tail is brought to both and is
     * durable on both (R27). Blocks until then. If the peer is lost meanwhile, {@link
     * VolumeListener#shrinkWanted} is called and a {@link #recordChanged} to this node alone lets
     * the promotion go on.
     *
     * @param forcedEpochs that a person forced on either node (R21): a peer that returns with
     *     acknowledged operations from before such an epoch is made equal all the same, and keeps
     *     them as a branch; without, it is refused until a person has decided (R29)
     * @throws IllegalArgumentException {@code inSync} does not name this node
     */
    public Promotion promote(
            long epoch,
            Set<NodeName> inSync,
            long recordGeneration,
            Set<Long> forcedEpochs,
            Duration limit)
            throws IOException, InterruptedException {
        if (!inSync.contains(configuration.self())) {
            throw new IllegalArgumentException("R6: not in sync: " + inSync);
        }
        control.lock();
        try {
            Seq tail;
            copy.receiving.lock();
            try {
                var refusal = refusal(epoch, inSync);
                if (refusal.isPresent()) {
                    return refusal.get();
                }
                durably(conversation::settle);
                tail = copy.journal.end().last();
                durably(() -> beginEpoch(epoch, inSync));
                replicator.becomeWriter(epoch);
                replicator.step(
                        new Event.Promoted(
                                epoch,
                                inSync,
                                recordGeneration,
                                tail,
                                copy.journal.end().durable(),
                                copy.journal.superblock().lineage().only(forcedEpochs)));
            } finally {
                copy.receiving.unlock();
            }
            var both = new CountDownLatch(1);
            replicator.whenDurable(tail, both::countDown);
            if (!both.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                log.warn("promotion to epoch {}: the tail is not on both within {}", epoch, limit);
                demoteLocked();
                return new Promotion.Refused(
                        Promotion.Refusal.TAIL_NOT_REPLICATED,
                        "operation " + tail + " is not durable on " + inSync + " within " + limit);
            }
            log.info(
                    "writer of epoch {} from operation {} on, in sync: {}",
                    epoch,
                    tail.next(),
                    inSync);
            reportFacts();
            return new Promotion.Granted(epoch, tail.next());
        } finally {
            control.unlock();
        }
    }

    private Optional<Promotion.Refused> refusal(long epoch, Set<NodeName> inSync) {
        if (closed) {
            return Optional.of(
                    new Promotion.Refused(Promotion.Refusal.CLOSED, "the volume is closed"));
        }
        var failure = replicator.ask(Replication::diskFailure);
        if (failure.isPresent()) {
            return Optional.of(new Promotion.Refused(Promotion.Refusal.DISK_FAILED, failure.get()));
        }
        return Tenure.refusal(
                epoch,
                inSync,
                copy.standing(),
                replicator.ask(Replication::peer),
                conversation.isComparing());
    }

    private void beginEpoch(long epoch, Set<NodeName> inSync) throws IOException {
        tenure.lock();
        try {
            var begun = Tenure.begin(epoch, inSync, copy.standing(), configuration.peer());
            copy.journal.update(editor ->
                    editor.promisedEpoch(begun.promisedEpoch())
                            .lineage(begun.lineage())
                            .writer(true)
                            .acknowledgedAlone(begun.acknowledgedAlone()));
        } finally {
            tenure.unlock();
        }
    }

    /**
     * The record of {@code epoch} now says this (after a shrink or grow was won, or was found not
     * to have happened). A record of another epoch than this writer's is ignored. Durable when this
     * returns; completions that waited for it go on.
     */
    public void recordChanged(long epoch, Set<NodeName> inSync, long recordGeneration)
            throws IOException {
        if (replicator.ask(Replication::role) != Role.PRIMARY
                || replicator.ask(Replication::epoch) != epoch) {
            log.info("record of epoch {} is not about this writer", epoch);
            return;
        }
        tenure.lock();
        try {
            durably(() ->
                    copy.journal.update(editor ->
                            editor.acknowledgedAlone(
                                    Tenure.acknowledgedAlone(
                                            inSync,
                                            configuration.peer(),
                                            replicator.completed(),
                                            copy.journal.superblock().acknowledgedAlone()))));
            replicator.step(new Event.RecordChanged(epoch, inSync, recordGeneration));
        } finally {
            tenure.unlock();
        }
        conversation
                .open()
                .ifPresent(open -> {
                    var unused =
                            replicator.putInOrder(
                                    open.session(),
                                    end -> new Frame.InSync(inSync.contains(configuration.peer())));
                    open.session().outbox().flush();
                });
        reportFacts();
    }

    /**
     * The file system of the writer, as a mount would use it.
     *
     * @throws IllegalStateException if this node is not the writer
     */
    FileSystem fileSystem() {
        control.lock();
        try {
            requireWriter();
            if (fileSystem.isEmpty()) {
                fileSystem =
                        Optional.of(
                                new FileSystem(
                                        copy.volume(),
                                        replicator,
                                        ReplicatedVolume::wallClockNanos,
                                        spaceReserve(),
                                        replicator::diskFailed));
            }
            return fileSystem.get();
        } finally {
            control.unlock();
        }
    }

    private void requireWriter() {
        if (replicator.ask(Replication::role) != Role.PRIMARY) {
            throw new IllegalStateException("this node is not the writer");
        }
    }

    /**
     * Serves the volume at a mount point, in place of the note there. Only as primary.
     *
     * @param fuseDescriptor an open {@code /dev/fuse}; stays the caller's
     * @param resume the descriptor is mounted already, by an earlier process: go on with it
     * @throws IllegalStateException not the writer, or mounted already
     */
    public void mount(int fuseDescriptor, Path where, boolean resume) throws IOException {
        control.lock();
        try {
            requireWriter();
            if (mount.isPresent()) {
                throw new IllegalStateException("mounted already");
            }
            Files.createDirectories(configuration.runDirectory());
            if (!resume) {
                SecondaryNote.remove(where);
            }
            var options =
                    new FuseOptions(
                            where,
                            configuration.runDirectory().resolve("fuse.state"),
                            configuration.cluster().value(),
                            FuseOptions.READERS_DEFAULT,
                            spaceReserve(),
                            ReplicatedVolume::wallClockNanos);
            var started =
                    resume
                            ? FuseMount.resume(
                                    fuseDescriptor, copy.volume(), replicator, options, mountEvents)
                            : FuseMount.start(
                                    fuseDescriptor,
                                    copy.volume(),
                                    replicator,
                                    options,
                                    mountEvents);
            mount = Optional.of(started);
            fileSystem = Optional.of(started.files());
            mountPoint = Optional.of(where);
        } finally {
            control.unlock();
        }
        reportFacts();
    }

    private final FuseListener mountEvents =
            new FuseListener() {
                @Override
                public void volumeFailed(String reason) {
                    replicator.diskFailed(reason);
                }

                @Override
                public void mountGone() {
                    log.error("somebody else unmounted the volume, or aborted its connection");
                    mountPoint = Optional.empty();
                    reportFacts();
                }
            };

    /**
     * Ends the mount. With {@code force} pending requests of its users fail: only after the DHCP
     * server has been sent SIGKILL (DESIGN.md, invariant 2). Nothing happens if nothing is mounted.
     *
     * @throws IOException somebody uses it, without {@code force}: it is served on
     */
    public void unmount(boolean force) throws IOException {
        control.lock();
        try {
            if (mount.isPresent()) {
                mount.get().unmount(force);
                mount = Optional.empty();
                mountPoint = Optional.empty();
            }
        } finally {
            control.unlock();
        }
        reportFacts();
    }

    /**
     * Whether this disk failed because it was full, has room again, and nobody uses the volume
     * here. This process does not touch it any more (R32); a successor may, and has it resynced.
     */
    public boolean isWelcomeToSuccessor() {
        return room.isThereAgain() && mountPoint.isEmpty();
    }

    private SpaceReserve spaceReserve() {
        return new SpaceReserve(
                configuration.reserveBytes(), pid -> pid == reservedPid || isThreadOfOurs(pid));
    }

    /** What is checked and noted before the server starts is written through the mount as well. */
    private static boolean isThreadOfOurs(int pid) {
        return Files.exists(Path.of("/proc/self/task", String.valueOf(pid)));
    }

    /** The process whose writes, beside this one's, may use the last of the disk's space. */
    public void reserveSpaceFor(long pid) {
        reservedPid = pid;
    }

    /**
     * R17: lets new operations wait and brings all earlier ones to every in-sync node. Blocks until
     * then. After {@link Drained.AllDurable} operations wait until {@link #unpark} or {@link
     * #demote}.
     *
     * @throws IllegalStateException if this node is not the writer
     */
    public Drained park(Duration limit) throws InterruptedException {
        requireWriter();
        var last = replicator.park();
        var all = new CountDownLatch(1);
        replicator.whenDurable(last, all::countDown);
        if (!all.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
            replicator.unpark();
            return new Drained.TimedOut(last, replicator.completed());
        }
        return new Drained.AllDurable(last, copy.journal.end().root());
    }

    /** A hand-over did not come about: parked operations go on. */
    public void unpark() {
        replicator.unpark();
    }

    /**
     * Gives up the writer's role, durably when this returns. Never says so while an opener could
     * still write (R38).
     *
     * @throws IllegalStateException while mounted
     */
    public void demote() throws IOException {
        control.lock();
        try {
            if (mountPoint.isPresent()) {
                throw new IllegalStateException("R38: still mounted at " + mountPoint.get());
            }
            demoteLocked();
        } finally {
            control.unlock();
        }
        conversation.announceStanding();
        reportFacts();
    }

    private void demoteLocked() throws IOException {
        replicator.stopWriting();
        copy.receiving.lock();
        try {
            fileSystem = Optional.empty();
            replicator.step(new Event.Demoted());
            durably(() -> {
                copy.journal.sync();
                copy.journal.update(editor -> editor.writer(false));
                if (!copy.volume().isUsable()
                        || !copy.volume().applied().equals(copy.journal.end().last())) {
                    copy.reopenVolume();
                }
            });
        } finally {
            copy.receiving.unlock();
        }
    }

    /**
     * Ends the session with the peer, if there is one: the caller knows that nobody is at its other
     * end any more, which TCP would notice later. A living peer connects anew.
     */
    public void endSession(String reason) {
        conversation.running().ifPresent(session -> session.abort(reason));
    }

    /**
     * Sends an opaque message in the ordered session with the peer (R2).
     *
     * @param message at most 64 KiB
     * @return false if there is no session or its queue is full: the message is dropped
     */
    public boolean sendToPeer(byte[] message) {
        if (message.length > Frame.ClusterMessage.BYTES_MAX) {
            throw new IllegalArgumentException("message of " + message.length + " bytes");
        }
        var open = conversation.open();
        if (open.isEmpty() || !open.get().session().outbox().hasRoom()) {
            return false;
        }
        var outbox = open.get().session().outbox();
        outbox.put(
                replicator.ask(Replication::promisedEpoch),
                Seq.NONE,
                new Frame.ClusterMessage(message.clone()));
        outbox.flush();
        return true;
    }

    /**
     * Puts a note into the mount point that says where the volume is, so that somebody who edits on
     * the wrong node is told; {@link #mount} takes it away. Nothing happens while the volume, or
     * anything else, is mounted there: the note would hide it from the DHCP server.
     */
    public void markReadOnlyNote(Path mountPoint, String text) throws IOException {
        control.lock();
        try {
            SecondaryNote.show(mountPoint, NOTE_FILE, text);
        } finally {
            control.unlock();
        }
    }

    /** As {@link FuseMount#isOnTop}. */
    public static boolean isOnTop(Path mountPoint) throws IOException {
        return FuseMount.isOnTop(mountPoint);
    }

    /** As {@link FuseMount#removeDead}; before this process mounts anything. */
    public static void removeDeadMount(Path mountPoint) throws IOException {
        FuseMount.removeDead(mountPoint);
    }

    /**
     * Compares both trees completely while they are in use, each piece at the same position of the
     * order on both nodes. On the primary, with the peer connected and equal. Blocks.
     *
     * @param bytesPerSecondMax read on each node; 0: as fast as it goes while writers have three
     *     quarters of the time
     * @param progress is told after each piece
     * @throws IOException the peer is not there, or was lost meanwhile; or a verification is under
     *     way already
     */
    public VerifyReport verify(long bytesPerSecondMax, VerifyProgress progress)
            throws IOException, InterruptedException {
        if (!verifying.tryLock()) {
            throw new IOException(
                    "a verification is under way already: clusterctl status shows how far it is");
        }
        try {
            return verifyAlone(bytesPerSecondMax, progress);
        } finally {
            verifying.unlock();
        }
    }

    /**
     * Has the peer compared in full at once, if the copies were found to differ: this node's copy
     * is the one that counts, and what it replaces on the peer is kept as a branch. Does not wait
     * for the end. Until then the peer does not count as in sync.
     */
    public CompareNow compareNow() {
        if (replicator.ask(Replication::role) != Role.PRIMARY) {
            return CompareNow.NOT_PRIMARY;
        }
        if (!replicator.ask(Replication::isFoundDifferent)) {
            return CompareNow.NOTHING_FOUND;
        }
        if (replicator.ask(Replication::state) == ReplicationState.COMPARE_SOURCE) {
            return CompareNow.UNDER_WAY;
        }
        if (!copy.orderCompare()) {
            return CompareNow.ORDERED;
        }
        var open = conversation.open();
        if (open.isEmpty()) {
            return CompareNow.NO_SESSION;
        }
        open.get().session().abort("the copies were found to differ: everything is compared");
        return CompareNow.BEGUN;
    }

    private VerifyReport verifyAlone(long bytesPerSecondMax, VerifyProgress told)
            throws IOException, InterruptedException {
        var open = conversation.open();
        if (open.isEmpty() || !replicator.ask(Replication::isLive)) {
            throw new IOException("verify needs a primary whose peer is connected and equal");
        }
        var run = new Verification(copy, open.get().session(), this::settleTree, bytesPerSecondMax);
        conversation.verifyRun(Optional.of(run));
        var progress = new Progress(System.nanoTime());
        copy.resync(Optional.of(new Copy.RunningResync(VolumeFacts.ResyncKind.VERIFY, progress)));
        try {
            var report =
                    run.run((doneBytes, totalBytes) -> {
                        progress.total(totalBytes);
                        progress.done(System.nanoTime(), doneBytes - progress.doneBytes());
                        told.compared(doneBytes, totalBytes);
                    });
            if (report.differences().isEmpty()) {
                copy.verifiedEqual();
            }
            return report;
        } finally {
            conversation.verifyRun(Optional.empty());
            copy.resyncEnded(progress);
        }
    }

    /**
     * Ends everything: operations wait for ever, the session is closed, the journal is synced and
     * marked as cleanly closed. A mount stays for a successor.
     */
    @Override
    public void close() {
        control.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            control.unlock();
        }
        link.close();
        upkeep.close();
        replicator.stopWriting();
        copy.receiving.lock();
        try {
            if (replicator.ask(Replication::diskFailure).isEmpty()) {
                conversation.settle();
                var end = copy.journal.sync();
                copy.journal.update(
                        editor -> editor.clean(true).writer(false).durable(end.durable()));
            }
        } catch (IOException e) {
            log.error("the volume could not be closed in order: {}", e.getMessage());
        } finally {
            copy.receiving.unlock();
        }
        // Nobody may be in the middle of a change of the superblock.
        events.close();
        copy.close();
    }

    // ---- effects, on the event thread ----

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.Complete _ -> throw new IllegalStateException("completions are not queued");
            case Effect.WantShrink(var reason) -> {
                log.warn("R4: acknowledgements are frozen: {}", reason);
                copy.freezes.incrementAndGet();
                copy.listener.shrinkWanted(reason);
            }
            case Effect.WantGrow(var equalAt) -> {
                var resync = copy.resyncOfSession();
                log.info(
                        "R10: {} is equal at operation {}{}",
                        configuration.peer(),
                        equalAt,
                        resync.map(done -> ": " + done.describe()).orElse(""));
                if (acknowledgesWithPeer()) {
                    copy.listener.growWanted(equalAt, resync);
                }
            }
            case Effect.StartReplay(var id, var plan, var from) -> {
                replicator.beginReplay(plan);
                withSession(id, session -> startReplay(id, plan, session, from));
            }
            case Effect.StartCompare compare ->
                    withSession(compare.session(), session -> startCompare(session, compare));
            case Effect.RefusePeer(var id, var reason) ->
                    log.error(
                            "session {}: {} is not synced: {}",
                            id.value(),
                            configuration.peer(),
                            reason);
            case Effect.CloseSession(var id, var reason) ->
                    withSession(id, session -> session.abort(reason));
            case Effect.ReportDivergence(var at) ->
                    copy.differs(new Divergence(at, "the peer's root differs from this node's"));
        }
        copy.listener.factsChanged(facts());
    }

    /**
     * R29: the peer has everything, and from the wish for a grow on nothing is acknowledged without
     * it. Said before anybody may count it in: if it takes over, what this node has beyond it is a
     * mere tail. A wish that has ended before it came here is none: this node may be acknowledging
     * alone again.
     *
     * @return whether it is still wished
     */
    private boolean acknowledgesWithPeer() {
        tenure.lock();
        try {
            if (!replicator.ask(Replication::isGrowPending)) {
                return false;
            }
            durably(() ->
                    copy.journal.update(editor -> editor.acknowledgedAlone(Optional.empty())));
            return true;
        } catch (IOException e) {
            // The disk is gone, and whoever must hear of it has: nothing is acknowledged any more.
            log.error("R29: not noted that the peer is equal: {}", e.getMessage());
            return false;
        } finally {
            tenure.unlock();
        }
    }

    private void withSession(SessionId id, Consumer<PeerSession> action) {
        conversation
                .open()
                .filter(open -> open.id().equals(id))
                .ifPresent(open -> action.accept(open.session()));
    }

    private void startReplay(SessionId id, long plan, PeerSession session, Seq from) {
        long epoch = replicator.writerEpoch();
        Thread.ofPlatform()
                .daemon()
                .name("volume-replay")
                .start(() -> conversation.replay(id, plan, session, from, epoch));
    }

    private void startCompare(PeerSession session, Effect.StartCompare compare) {
        var progress = new Progress(System.nanoTime());
        var common = compare.common().filter(_ -> session.version().isAtLeast(ProtocolVersion.V3));
        var source =
                new CompareSource(
                        copy.volume(),
                        copy.journal,
                        session.outbox(),
                        replicator.writerEpoch(),
                        copy.journal.superblock().lineage(),
                        () -> session.endReason().isPresent(),
                        (at, root) -> {
                            copy.resyncDone(progress);
                            replicator.step(new Event.CompareSent(compare.session(), at, root));
                        },
                        copy.knownChanges,
                        () ->
                                copy.resync(
                                        Optional.of(
                                                new Copy.RunningResync(
                                                        VolumeFacts.ResyncKind.CHANGES, progress))),
                        progress);
        conversation.compareBegins(source);
        copy.resync(Optional.of(new Copy.RunningResync(VolumeFacts.ResyncKind.COMPARE, progress)));
        Thread.ofPlatform()
                .daemon()
                .name("volume-compare")
                .start(() -> {
                    try {
                        source.run(compare.reason(), compare.keepBranch(), common);
                    } catch (RecordsGoneException e) {
                        conversation.giveUp(
                                compare.session(),
                                "the compare was overtaken by writers: "
                                        + e.getMessage()
                                        + "; if that goes on, the journal is too small for them: give it more segments");
                    } catch (IOException e) {
                        conversation.giveUp(
                                compare.session(), "the compare failed: " + e.getMessage());
                    } catch (InterruptedException e) {
                        session.abort("compare was interrupted");
                    } finally {
                        conversation.compareEnded(source);
                        copy.resyncEnded(progress);
                    }
                });
    }

    // ---- what the threads of the volume ask for ----

    private void checkpointDue() {
        upkeep.checkpointDue();
    }

    private void reportFacts() {
        events.add(() -> copy.listener.factsChanged(facts()));
    }

    /** Brings the writer's operations to the tree. */
    private void settleTree() {
        // Not under the control lock: promotion and demotion hold it while they wait.
        var writer = fileSystem;
        try {
            if (writer.isPresent()) {
                writer.get().flushLocally();
            }
        } catch (VolumeFailedException e) {
            replicator.diskFailed(String.valueOf(e.getMessage()));
        }
    }

    private interface DiskAction {
        void run() throws IOException;
    }

    /** R32: whatever can't be made durable ends the use of this disk. */
    private void durably(DiskAction action) throws IOException {
        try {
            action.run();
        } catch (IOException e) {
            replicator.diskFailed(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private boolean closedOrFailed(Replication machine) {
        return closed || machine.diskFailure().isPresent();
    }

    private VolumeFacts.Counters counters(Optional<Conversation.Open> session) {
        return new VolumeFacts.Counters(
                copy.journal.end().last().value(),
                copy.journal.syncs(),
                copy.journal.bytesAppended(),
                session.map(open -> open.session().bytesSent()).orElse(0L),
                session.map(open -> open.session().bytesReceived()).orElse(0L),
                copy.sessions.get(),
                link.refusedConnections(),
                copy.rejectedFrames.get(),
                copy.freezes.get());
    }

    private static VolumeFacts.ResyncProgress progressOf(Copy.RunningResync running) {
        var progress = running.progress();
        long now = System.nanoTime();
        var remaining = progress.remainingNanos(now);
        return new VolumeFacts.ResyncProgress(
                running.kind(),
                progress.doneBytes(),
                progress.totalBytes(),
                progress.bytesPerSecond(now),
                remaining.isPresent()
                        ? Optional.of(Duration.ofNanos(remaining.getAsLong()))
                        : Optional.empty());
    }

    private static long wallClockNanos() {
        var now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
