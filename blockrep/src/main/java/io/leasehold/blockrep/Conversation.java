package io.leasehold.blockrep;

import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.link.PeerLink;
import io.leasehold.blockrep.link.PeerSession;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.resync.Branch;
import io.leasehold.blockrep.resync.CompareSource;
import io.leasehold.blockrep.resync.CompareTarget;
import io.leasehold.blockrep.resync.Progress;
import io.leasehold.blockrep.resync.VerifyTarget;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.Envelope;
import io.leasehold.blockrep.wire.ProtocolException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What this node does with the frames of its peer; on the link's reader thread, one session after
 * the other. As target: journal, flush, acknowledge, and only then apply (R26). As source: hand on
 * acknowledgements.
 */
final class Conversation implements PeerLink.Handler {
    private static final Logger log = LoggerFactory.getLogger(Conversation.class);

    /** The target flushes without being asked when so much is not durable. */
    private static final int UNSYNCED_BYTES_MAX = 1 << 20;

    /**
     * Flush marks are acknowledged together if more has arrived, but not beyond so many operations.
     */
    private static final int BATCH_OPERATIONS_MAX = 256;

    private static final long ROOM_BYTES = 4L << 20;

    private final Copy copy;
    private final AtomicLong sessionNumbers = new AtomicLong();
    private final AtomicReference<Optional<Open>> open = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<CompareSource>> compareSource =
            new AtomicReference<>(Optional.empty());
    private volatile Optional<VerifyRun> verifyRun = Optional.empty();

    // As target, for the reader's thread under copy.receiving:
    private final ArrayDeque<Received> unapplied = new ArrayDeque<>();
    private int unsyncedBytes;
    private boolean flushAsked;
    private Lineage sourceLineage = Lineage.EMPTY;
    private boolean receivingOperations;

    /** What the source sent by mistake about our place is dropped until it begins anew. */
    private boolean awaitingBegin;

    private Optional<CompareTarget> compareTarget = Optional.empty();

    private record Received(Seq seq, Operation operation) {}

    /** The session that is open. */
    record Open(SessionId id, PeerSession session) {}

    /** Takes the answers of a verification that runs. */
    interface VerifyRun {
        void answered(Frame.VerifyAnswer answer);

        void sessionEnded();
    }

    Conversation(Copy copy) {
        this.copy = copy;
    }

    Optional<Open> open() {
        return open.get();
    }

    /** From now on this one is told what the target wants. */
    void compareBegins(CompareSource source) {
        compareSource.set(Optional.of(source));
    }

    /** Nobody is told any more, unless another compare has begun since. */
    void compareEnded(CompareSource source) {
        compareSource.getAndUpdate(
                now -> now.isPresent() && now.get().equals(source) ? Optional.empty() : now);
    }

    void verifyRun(Optional<VerifyRun> run) {
        verifyRun = run;
    }

    /** Tells the peer what this copy is now. */
    void announceStanding() {
        open.get().ifPresent(to -> announceStanding(to.session));
    }

    private void announceStanding(PeerSession session) {
        var standing = copy.standing();
        session.outbox()
                .put(
                        standing.promisedEpoch(),
                        standing.last(),
                        new Frame.StandingIs(copy.configuration.cluster(), standing));
        session.outbox().flush();
    }

    @Override
    public void run(PeerSession session) throws IOException {
        var id = new SessionId(sessionNumbers.incrementAndGet());
        boolean announced = false;
        String reason = "";
        try {
            announceStanding(session);
            while (true) {
                var envelope = session.read();
                while (copy.events.isLong()) {
                    // The peer sends messages faster than they are taken: it waits, TCP tells it
                    // so.
                    java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
                }
                copy.receiving.lock();
                try {
                    if (!announced) {
                        var facts = greet(id, session, envelope);
                        announced = true;
                        copy.sessions.incrementAndGet();
                        open.set(Optional.of(new Open(id, session)));
                        copy.events.add(() -> copy.listener.peerConnected(id, facts));
                        ready(id, facts);
                    } else {
                        handle(id, session, envelope);
                    }
                    if (!session.moreIsHere()
                            || unsyncedBytes > UNSYNCED_BYTES_MAX
                            || unapplied.size() > BATCH_OPERATIONS_MAX) {
                        commitReceived(Optional.of(session));
                    }
                } finally {
                    copy.receiving.unlock();
                }
            }
        } catch (ProtocolException e) {
            reason = "the peer sent what it must not: " + e.getMessage();
            log.error("{}", reason);
            throw e;
        } catch (IOException e) {
            reason = session.endReason().orElse(String.valueOf(e.getMessage()));
            throw e;
        } catch (RuntimeException e) {
            reason = "a bug: " + e;
            log.error("handling the peer's frames failed", e);
            throw e;
        } finally {
            open.set(Optional.empty());
            session.abort(reason);
            endOfSession(id, session, announced, session.endReason().orElse(reason));
        }
    }

    private void endOfSession(SessionId id, PeerSession session, boolean announced, String reason) {
        copy.receiving.lock();
        try {
            commitReceived(Optional.empty());
            if (compareTarget.isPresent()) {
                compareTarget.get().close();
            }
        } catch (IOException e) {
            copy.replicator.diskFailed(String.valueOf(e.getMessage()));
        } finally {
            compareTarget = Optional.empty();
            receivingOperations = false;
            awaitingBegin = false;
            copy.resync(Optional.empty());
            copy.receiving.unlock();
        }
        copy.replicator.sessionEnded(session);
        verifyRun.ifPresent(VerifyRun::sessionEnded);
        if (announced) {
            copy.replicator.step(new Event.SessionClosed(id, reason));
            log.info("session {} with {} ended: {}", id.value(), copy.configuration.peer(), reason);
            copy.events.add(() -> copy.listener.peerDisconnected(id, reason));
        }
    }

    /** The first frame must say who the peer is; R30 refuses what is not its other half. */
    private PeerFacts greet(SessionId id, PeerSession session, Envelope envelope)
            throws IOException {
        if (!(envelope.frame() instanceof Frame.StandingIs(var cluster, var standing))) {
            throw new ProtocolException("the first frame must be the standing");
        }
        if (!cluster.equals(copy.configuration.cluster())) {
            throw new ProtocolException("R30: the peer belongs to cluster " + cluster);
        }
        if (!standing.node().equals(copy.configuration.peer())) {
            throw new ProtocolException("R30: the peer calls itself " + standing.node());
        }
        if (standing.device().equals(copy.journal.superblock().device())) {
            throw new ProtocolException(
                    "R30: both nodes have device " + standing.device() + ": one is a clone");
        }
        var facts = PeerFacts.of(copy.standing(), standing);
        log.info(
                "session {} with {}, version {}: {} at operation {}, we at {}",
                id.value(),
                standing.node(),
                session.version(),
                facts.relation(),
                standing.last(),
                copy.journal.end().last());
        return facts;
    }

    private void ready(SessionId id, PeerFacts facts) throws IOException {
        copy.replicator.step(new Event.PeerReady(id, facts, replayCheck(facts.standing(), facts)));
    }

    /** Whether our journal can bring the peer up to date. */
    private ReplayCheck replayCheck(Standing peer, PeerFacts facts) throws IOException {
        if (facts.relation() != Relation.EQUAL && facts.relation() != Relation.PEER_BEHIND) {
            return ReplayCheck.POSSIBLE;
        }
        if (copy.journal.oldest().isAfter(peer.last().next())) {
            return ReplayCheck.RECORDS_GONE;
        }
        var root =
                peer.last().equals(Seq.NONE)
                        ? Optional.of(Root.EMPTY)
                        : copy.journal.rootAt(peer.last());
        if (root.isEmpty()) {
            return ReplayCheck.RECORDS_GONE;
        }
        return root.get().equals(peer.root()) ? ReplayCheck.POSSIBLE : ReplayCheck.ROOTS_DIFFER;
    }

    private void handle(SessionId id, PeerSession session, Envelope envelope) throws IOException {
        switch (envelope.frame()) {
            case Frame.StandingIs(var _, var standing) ->
                    ready(id, PeerFacts.of(copy.standing(), standing));
            case Frame.ClusterMessage(var bytes) ->
                    copy.events.add(() -> copy.listener.peerMessage(id, bytes));
            case Frame.Alive(var root) -> alive(id, session, envelope.seq(), root);
            case Frame.Rejected(var reason) -> session.abort("the peer rejects us: " + reason);

            // ---- from a target ----
            case Frame.Durable(var root) ->
                    copy.replicator.step(
                            new Event.PeerDurable(id, envelope.seq(), check(envelope.seq(), root)));
            case Frame.ChunksWanted wanted ->
                    compareSource
                            .get()
                            .orElseThrow(() -> new ProtocolException("chunks wanted, no compare"))
                            .wanted(wanted);
            case Frame.VerifyAnswer answer -> verifyRun.ifPresent(run -> run.answered(answer));

            // ---- from a source ----
            case Frame.ReplayBegins _,
                    Frame.Live _,
                    Frame.InSync _,
                    Frame.OperationIs _,
                    Frame.Flush _,
                    Frame.CompareBegins _,
                    Frame.ManifestPart _,
                    Frame.ChunkHashes _,
                    Frame.Chunk _,
                    Frame.CatchUp _,
                    Frame.CompareEnds _,
                    Frame.VerifyPiece _ -> {
                if (accepts(session, envelope.epoch())) {
                    fromSource(id, session, envelope);
                }
            }
        }
    }

    private RootCheck check(Seq seq, Root root) {
        var result = copy.replicator.roots().check(seq, root);
        if (result == RootCheck.EQUAL) {
            copy.rootsEqualAt(seq);
        }
        return result;
    }

    /** Roots are compared about every second, also when nothing is written. */
    private void alive(SessionId id, PeerSession session, Seq seq, Root root) {
        if (seq.equals(Seq.NONE)) {
            return;
        }
        if (copy.replicator.ask(Replication::isLive)) {
            if (check(seq, root) == RootCheck.DIFFERENT) {
                copy.replicator.step(new Event.PeerDurable(id, seq, RootCheck.DIFFERENT));
            }
        } else if (receivingOperations) {
            var end = copy.journal.end();
            if (end.last().equals(seq)) {
                if (end.root().equals(root)) {
                    copy.rootsEqualAt(seq);
                } else {
                    diverged(
                            session, seq, "root " + end.root() + " here, " + root + " at the peer");
                }
            }
        }
    }

    private void diverged(PeerSession session, Seq at, String what) {
        log.error("the copies differ at operation {}: {}", at, what);
        copy.events.add(() -> copy.listener.divergenceFound(new Divergence(at, what)));
        session.abort("the copies differ at operation " + at);
    }

    /**
     * R2: rejects lower epochs; promises a higher one, durably, before anything of it is acted
     * upon.
     */
    private boolean accepts(PeerSession session, long epoch) throws IOException {
        var rejection = copy.replicator.ask(machine -> machine.rejects(epoch));
        if (rejection.isPresent()) {
            copy.rejectedFrames.incrementAndGet();
            log.warn("rejected a frame of {}: {}", copy.configuration.peer(), rejection.get());
            session.outbox()
                    .put(
                            copy.journal.superblock().promisedEpoch(),
                            copy.journal.end().last(),
                            new Frame.Rejected(rejection.get()));
            session.outbox().flush();
            throw new IOException("rejected: " + rejection.get());
        }
        if (copy.replicator.ask(Replication::role) == Role.PRIMARY) {
            throw new IOException(
                    "R2: the peer writes epoch " + epoch + ", which is higher than ours");
        }
        if (epoch > copy.journal.superblock().promisedEpoch()) {
            copy.journal.update(editor -> editor.promisedEpoch(epoch));
            copy.replicator.step(new Event.Promised(epoch));
        }
        return true;
    }

    private void fromSource(SessionId id, PeerSession session, Envelope envelope)
            throws IOException {
        var seq = envelope.seq();
        if (awaitingBegin
                && !(envelope.frame() instanceof Frame.ReplayBegins)
                && !(envelope.frame() instanceof Frame.CompareBegins)) {
            return;
        }
        switch (envelope.frame()) {
            case Frame.ReplayBegins(var lineage) -> replayBegins(id, session, seq, lineage);
            case Frame.Live() -> {
                requireReceiving();
                // Also an epoch that has written nothing yet: newer is the lineage's head (R22).
                adoptLineage();
                copy.resync(Optional.empty());
                copy.replicator.step(new Event.SourceBegan(id, ReplicationState.MIRRORING));
            }
            case Frame.InSync(var inSync) -> {
                requireReceiving();
                copy.replicator.step(
                        new Event.SourceBegan(
                                id,
                                inSync
                                        ? ReplicationState.ESTABLISHED
                                        : ReplicationState.MIRRORING));
            }
            case Frame.OperationIs operation -> operation(session, seq, operation);
            case Frame.Flush _ -> {
                requireReceiving();
                flushAsked = true;
            }
            case Frame.CompareBegins begins -> compareBegins(id, session, envelope, begins);
            case Frame.ManifestPart part -> comparing().manifestPart(part);
            case Frame.ChunkHashes hashes -> comparing().chunkHashes(hashes);
            case Frame.Chunk chunk -> comparing().chunk(chunk);
            case Frame.CatchUp catchUp -> comparing().catchUp(seq, catchUp);
            case Frame.CompareEnds ends -> compareEnds(session, seq, ends);
            case Frame.VerifyPiece piece -> {
                requireReceiving();
                flushAsked = true;
                commitReceived(Optional.of(session));
                if (!copy.volume().applied().equals(seq)) {
                    throw new ProtocolException(
                            "verify at " + seq + ", this node is at " + copy.volume().applied());
                }
                session.outbox()
                        .put(envelope.epoch(), seq, VerifyTarget.answer(copy.volume(), piece));
                session.outbox().flush();
            }
            case Frame.StandingIs _,
                    Frame.ClusterMessage _,
                    Frame.Alive _,
                    Frame.Rejected _,
                    Frame.Durable _,
                    Frame.ChunksWanted _,
                    Frame.VerifyAnswer _ ->
                    throw new IllegalStateException("not from a source: " + envelope.frame());
        }
    }

    private void replayBegins(SessionId id, PeerSession session, Seq after, Lineage lineage)
            throws IOException {
        if (!after.equals(copy.journal.end().last())) {
            // It knew where this node was some time ago: it is told again, and begins anew.
            log.info(
                    "{} begins behind operation {}, this node is at {}",
                    copy.configuration.peer(),
                    after,
                    copy.journal.end().last());
            receivingOperations = false;
            awaitingBegin = true;
            announceStanding(session);
            return;
        }
        awaitingBegin = false;
        sourceLineage = lineage;
        receivingOperations = true;
        adoptLineage();
        copy.resync(
                Optional.of(
                        new Copy.RunningResync(
                                VolumeFacts.ResyncKind.REPLAY, new Progress(System.nanoTime()))));
        copy.replicator.step(new Event.SourceBegan(id, ReplicationState.REPLAY_TARGET));
    }

    /** The source's epochs, as far as this copy has got: durable before an operation of them is. */
    private void adoptLineage() throws IOException {
        var reached = sourceLineage.upTo(copy.journal.end().last());
        if (!reached.equals(copy.journal.superblock().lineage())) {
            copy.journal.update(editor ->
                    editor.lineage(reached)
                            .promisedEpoch(
                                    Math.max(
                                            copy.journal.superblock().promisedEpoch(),
                                            reached.headEpoch()))
                            // What this node acknowledged alone is by now the peer's too.
                            .acknowledgedAlone(Optional.empty()));
        }
    }

    private void operation(PeerSession session, Seq seq, Frame.OperationIs frame)
            throws IOException {
        requireReceiving();
        var last = copy.journal.end().last();
        if (!seq.equals(last.next())) {
            throw new ProtocolException("operation " + seq + " behind " + last);
        }
        Operation operation;
        try {
            operation = OperationCodec.decode(ByteBuffer.wrap(frame.operation()));
        } catch (MalformedOperationException e) {
            throw new ProtocolException("operation " + seq + ": " + e.getMessage());
        }
        if (frame.writerEpoch() > copy.journal.superblock().lineage().headEpoch()) {
            adoptLineage();
        }
        makeRoomInJournal(session);
        if (!copy.journal.appendReplica(
                frame.writerEpoch(),
                frame.request(),
                ByteBuffer.wrap(frame.operation()),
                frame.root())) {
            diverged(session, seq, "the operation leads to another root than the peer's");
            return;
        }
        unapplied.add(new Received(seq, operation));
        unsyncedBytes += frame.operation().length;
        copy.resync()
                .ifPresent(r -> r.progress().done(System.nanoTime(), frame.operation().length));
    }

    private void makeRoomInJournal(PeerSession session) throws IOException {
        if (copy.journal.roomBytes() < ROOM_BYTES) {
            commitReceived(Optional.of(session));
            copy.checkpoint();
        }
    }

    /**
     * Makes durable what was received, acknowledges it, and applies it, in this order: the
     * acknowledgement must not wait for the tree, and the tree must not be ahead of the journal
     * (R26).
     */
    private void commitReceived(Optional<PeerSession> session) throws IOException {
        if (!flushAsked
                && unsyncedBytes <= UNSYNCED_BYTES_MAX
                && session.isPresent()
                && unapplied.size() <= BATCH_OPERATIONS_MAX) {
            return;
        }
        try {
            var end = copy.journal.sync();
            if (session.isPresent() && receivingOperations) {
                session.get()
                        .outbox()
                        .put(
                                copy.journal.superblock().promisedEpoch(),
                                end.last(),
                                new Frame.Durable(end.root()));
                session.get().outbox().flush();
            }
            flushAsked = false;
            unsyncedBytes = 0;
            for (var received = unapplied.poll(); received != null; received = unapplied.poll()) {
                copy.volume().apply(received.seq, received.operation);
            }
        } catch (IOException e) {
            copy.replicator.diskFailed(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /** R39: everything that was received is durable and applied. Under copy.receiving. */
    void settle() throws IOException {
        commitReceived(Optional.empty());
        receivingOperations = false;
    }

    /** Whether a compare is under way. Under copy.receiving. */
    boolean isComparing() {
        return compareTarget.isPresent();
    }

    private void requireReceiving() throws ProtocolException {
        if (!receivingOperations) {
            throw new ProtocolException("operations without a begin of replay");
        }
    }

    // ---- compare ----

    private void compareBegins(
            SessionId id, PeerSession session, Envelope envelope, Frame.CompareBegins begins)
            throws IOException {
        commitReceived(Optional.empty());
        receivingOperations = false;
        awaitingBegin = false;
        if (compareTarget.isPresent()) {
            throw new ProtocolException(
                    "a compare begins while another one is under way in this session");
        }
        log.info("compare with {}: {}", copy.configuration.peer(), begins.reason());
        var progress = new Progress(System.nanoTime());
        copy.resync(Optional.of(new Copy.RunningResync(VolumeFacts.ResyncKind.COMPARE, progress)));
        compareTarget =
                Optional.of(
                        new CompareTarget(
                                copy.configuration.directory(),
                                copy.volume(),
                                copy.journal,
                                session.outbox(),
                                envelope.epoch(),
                                envelope.seq(),
                                begins,
                                progress));
        copy.replicator.step(new Event.SourceBegan(id, ReplicationState.COMPARE_TARGET));
    }

    private CompareTarget comparing() throws ProtocolException {
        return compareTarget.orElseThrow(() -> new ProtocolException("no compare has begun"));
    }

    private void compareEnds(PeerSession session, Seq seq, Frame.CompareEnds ends)
            throws IOException {
        try (var target = comparing()) {
            var branchName =
                    new Branch(
                                    Instant.now(),
                                    copy.configuration.self(),
                                    copy.journal.superblock().lineage().headEpoch(),
                                    copy.journal.end().last())
                            .name();
            var branch = copy.betweenCheckpoints(() -> target.switchTo(seq, ends, branchName));
            branch.ifPresent(name ->
                    log.warn(
                            "the old tree is kept as branch {}: it had something that the peer did not have",
                            name));
        }
        compareTarget = Optional.empty();
        copy.resync(Optional.empty());
        announceStanding(session);
    }

    /**
     * Sends the journal to the peer from {@code from} on, then goes live; on a thread of its own.
     */
    void replay(SessionId id, long plan, PeerSession session, Seq from, long epoch) {
        var progress = new Progress(System.nanoTime());
        copy.resync(Optional.of(new Copy.RunningResync(VolumeFacts.ResyncKind.REPLAY, progress)));
        var sent = new Seq(from.value() - 1);
        session.outbox()
                .put(epoch, sent, new Frame.ReplayBegins(copy.journal.superblock().lineage()));
        long unflushedBytes = 0;
        try (var cursor = copy.journal.read(from)) {
            while (session.endReason().isEmpty() && copy.replicator.isReplaying(plan)) {
                var next = cursor.next();
                if (next.isEmpty()) {
                    session.outbox().put(epoch, sent, new Frame.Flush(copy.replicator.completed()));
                    session.outbox().flush();
                    if (copy.replicator.goLive(id, plan, session, sent)) {
                        break;
                    }
                    continue;
                }
                var record = next.get();
                session.outbox()
                        .putOperation(
                                true,
                                epoch,
                                record.seq(),
                                record.request(),
                                record.root(),
                                record.epoch(),
                                ByteBuffer.wrap(record.operation()));
                sent = record.seq();
                unflushedBytes += record.operation().length;
                progress.done(System.nanoTime(), record.operation().length);
                if (unflushedBytes > UNSYNCED_BYTES_MAX) {
                    unflushedBytes = 0;
                    session.outbox().put(epoch, sent, new Frame.Flush(copy.replicator.completed()));
                    session.outbox().flush();
                }
                session.outbox().makeRoom();
            }
        } catch (RecordsGoneException e) {
            // The next session finds it out before it begins, and compares.
            session.abort("replay was overtaken: " + e.getMessage());
        } catch (IOException e) {
            session.abort("replay failed: " + e.getMessage());
            copy.replicator.diskFailed(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            session.abort("replay was interrupted");
        } finally {
            copy.resync(Optional.empty());
        }
    }
}
