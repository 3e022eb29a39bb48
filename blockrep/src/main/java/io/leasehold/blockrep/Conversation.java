package io.leasehold.blockrep;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.link.PeerLink;
import io.leasehold.blockrep.link.PeerSession;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Event.SourceBegan;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.resync.BegunCompare;
import io.leasehold.blockrep.resync.CompareSource;
import io.leasehold.blockrep.resync.CompareTarget;
import io.leasehold.blockrep.resync.PatchTarget;
import io.leasehold.blockrep.resync.Progress;
import io.leasehold.blockrep.resync.ResyncTarget;
import io.leasehold.blockrep.resync.VerifyTarget;
import io.leasehold.blockrep.session.Input;
import io.leasehold.blockrep.session.Order;
import io.leasehold.blockrep.session.SessionProtocol;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Brings the frames of the peer to {@link SessionProtocol} and carries out what it orders; on the
 * link's reader thread, one session after the other.
 */
final class Conversation implements PeerLink.Handler {
    private static final Logger log = LoggerFactory.getLogger(Conversation.class);

    private static final long ROOM_BYTES = 4L << 20;

    private final Copy copy;
    private final DiskRoom room;
    private final AtomicLong sessionNumbers = new AtomicLong();
    private final AtomicReference<Optional<Open>> open = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<PeerSession>> running =
            new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<CompareSource>> compareSource =
            new AtomicReference<>(Optional.empty());
    private volatile Optional<VerifyRun> verifyRun = Optional.empty();

    // Under copy.receiving:
    private Optional<Talk> talk = Optional.empty();

    /** What the journal has and the tree does not. */
    private final ArrayDeque<Received> unapplied = new ArrayDeque<>();

    private Optional<ResyncTarget> compareTarget = Optional.empty();

    /** A compare of which nothing but its begin has come. */
    private Optional<BegunCompare> compareBegun = Optional.empty();

    /** Where the replay began that this node is the target of. */
    private Seq replayedBehind = Seq.NONE;

    /** The session before was refused: that it is tried again need not be said each time. */
    private boolean again;

    private record Received(Seq seq, Operation operation) {}

    /** The session that is handled, greeted or not. */
    private record Talk(PeerSession session, SessionProtocol protocol) {}

    /** The session that is open: both ends have said who they are. */
    record Open(SessionId id, PeerSession session) {}

    /** Takes the answers of a verification that runs. */
    interface VerifyRun {
        void answered(Frame.VerifyAnswer answer);

        void sessionEnded();
    }

    Conversation(Copy copy, DiskRoom room) {
        this.copy = copy;
        this.room = room;
    }

    Optional<Open> open() {
        return open.get();
    }

    /** The session that is handled, also one in which the peer has not said yet who it is. */
    Optional<PeerSession> running() {
        return running.get();
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
        copy.receiving.lock();
        try {
            step(new Input.StandingChanged());
        } catch (IOException e) {
            copy.replicator.diskFailed(String.valueOf(e.getMessage()));
        } finally {
            copy.receiving.unlock();
        }
    }

    /** Ends a session because this node cannot go on with it, and tells the peer why. */
    void giveUp(SessionId id, String reason) {
        giveUp(reason, now -> now.protocol.id().equals(id));
    }

    /**
     * The volume is not {@linkplain io.leasehold.blockrep.volume.Volume#isUsable usable} any more:
     * a writer's disk has failed (R32), a follower redoes its journal before the next session.
     */
    void treeFailed(String reason) {
        if (copy.replicator.ask(Replication::role) == Role.PRIMARY) {
            copy.replicator.diskFailed(reason);
        } else {
            giveUp(reason, _ -> true);
        }
    }

    private void giveUp(String reason, Predicate<Talk> which) {
        copy.receiving.lock();
        try {
            if (talk.filter(which).isPresent()) {
                refuse(talk.get().session, failed(reason));
            }
        } catch (IOException e) {
            copy.replicator.diskFailed(String.valueOf(e.getMessage()));
        } finally {
            copy.receiving.unlock();
        }
    }

    @Override
    public void run(PeerSession session) throws IOException {
        String reason = "";
        running.set(Optional.of(session));
        try {
            begin(session);
            while (session.endReason().isEmpty()) {
                receive(session);
            }
        } catch (IOException e) {
            reason = session.endReason().orElse(String.valueOf(e.getMessage()));
            throw e;
        } catch (RuntimeException e) {
            reason = "a bug: " + e;
            log.error("handling the peer's frames failed", e);
            throw e;
        } finally {
            open.set(Optional.empty());
            running.set(Optional.empty());
            session.abort(reason);
            end(session, session.endReason().orElse(reason));
        }
    }

    /** Takes one frame. What cannot be taken ends the session, and the peer is told why. */
    private void receive(PeerSession session) throws IOException {
        Input arrived;
        try {
            arrived = new Input.Arrived(session.read());
        } catch (ProtocolException e) {
            arrived = new Input.Malformed(String.valueOf(e.getMessage()));
        }
        while (copy.events.isLong()) {
            // The peer sends messages faster than they are taken: it waits, TCP tells it so.
            LockSupport.parkNanos(1_000_000);
        }
        copy.receiving.lock();
        try {
            step(arrived);
            step(new Input.Handled(session.moreIsHere()));
        } catch (ProtocolException e) {
            refuse(session, new Input.Malformed(String.valueOf(e.getMessage())));
        } catch (IOException e) {
            if (copy.replicator.ask(Replication::diskFailure).isPresent()) {
                // R32: this node leaves, and its successor is welcome at once.
                throw e;
            }
            refuse(session, failed(String.valueOf(e.getMessage())));
        } finally {
            copy.receiving.unlock();
        }
    }

    private Input failed(String failure) {
        return new Input.Failed(room.refused(failure));
    }

    /**
     * Unless this node has ended the session meanwhile: what still came of it fits to nothing.
     * Under copy.receiving.
     */
    private void refuse(PeerSession session, Input why) throws IOException {
        if (session.endReason().isEmpty()) {
            step(why);
        }
    }

    private void begin(PeerSession session) throws IOException {
        var protocol =
                new SessionProtocol(
                        new SessionId(sessionNumbers.incrementAndGet()),
                        copy.configuration.cluster(),
                        copy.configuration.peer(),
                        copy);
        copy.receiving.lock();
        try {
            talk = Optional.of(new Talk(session, protocol));
            step(new Input.Opened());
            recoverVolume(session);
        } finally {
            copy.receiving.unlock();
        }
    }

    private void recoverVolume(PeerSession session) throws IOException {
        if (copy.volume().isUsable()) {
            return;
        }
        syncJournal();
        try {
            copy.recoverVolume();
        } catch (IOException e) {
            refuse(session, failed(String.valueOf(e.getMessage())));
        }
    }

    private void end(PeerSession session, String reason) {
        copy.receiving.lock();
        try {
            copy.replicator.sessionEnded(session);
            verifyRun.ifPresent(VerifyRun::sessionEnded);
            var ended = talk.orElseThrow();
            for (var order : ended.protocol.step(new Input.Closed(reason))) {
                try {
                    perform(ended, order);
                } catch (IOException e) {
                    // The others are about memory: they are carried out with and without a disk.
                    copy.replicator.diskFailed(String.valueOf(e.getMessage()));
                }
            }
            talk = Optional.empty();
            again = session.wasRefused();
            copy.sessionEnded();
        } finally {
            copy.receiving.unlock();
        }
    }

    /** R39: everything that was received is durable and applied. Under copy.receiving. */
    void settle() throws IOException {
        if (talk.isPresent()) {
            step(new Input.Settling());
        } else {
            copy.journal.sync();
        }
        copy.recoverVolume();
    }

    /** Whether a compare is under way. Under copy.receiving. */
    boolean isComparing() {
        return talk.map(now -> now.protocol.isComparing()).orElse(false);
    }

    // ---- orders, under copy.receiving ----

    private void step(Input input) throws IOException {
        if (talk.isPresent()) {
            performAll(talk.get(), talk.get().protocol.step(input));
        }
    }

    private void performAll(Talk in, List<Order> orders) throws IOException {
        for (var order : orders) {
            perform(in, order);
        }
    }

    private void perform(Talk in, Order order) throws IOException {
        var id = in.protocol.id();
        var session = in.session;
        switch (order) {
            case Order.Send(var epoch, var seq, var frame) -> {
                session.outbox().put(epoch, seq, frame);
                session.outbox().flush();
            }
            case Order.End(var reason, var cause) -> {
                switch (cause) {
                    case ORDINARY -> session.abort(reason);
                    case REFUSAL -> session.refuse(reason);
                    case VIOLATION, FAILURE -> {
                        log.error("{}", reason);
                        session.refuse(reason);
                    }
                }
            }
            case Order.Tell(var event) -> {
                showResync(event);
                copy.replicator.step(event);
            }
            case Order.Greeted(var facts) -> greeted(in, facts);
            case Order.CheckReplay(var facts) -> {
                copy.replicator.step(
                        new Event.PeerReady(
                                id,
                                facts,
                                facts.replayCheck(
                                        copy.journal.oldest(),
                                        copy.journal.rootAt(facts.standing().last()))));
                copy.peerIsEqual();
            }
            case Order.Deliver(var message) ->
                    copy.events.add(() -> copy.listener.peerMessage(id, message));
            case Order.NoteRootsEqual(var at) -> copy.rootsEqualAt(at);
            case Order.NoteRejected(var reason) -> {
                copy.rejectedFrames.incrementAndGet();
                log.warn("rejected a frame of {}: {}", copy.configuration.peer(), reason);
            }
            case Order.ReportDivergence(var at, var what) ->
                    copy.verifiedDifferent(new Divergence(at, what));
            case Order.Farewell(var reason) -> {
                // One that was accepted after all ends as any other does.
                log.atLevel(again && session.wasRefused() ? Level.DEBUG : Level.INFO)
                        .log(
                                "session {} with {} ended: {}",
                                id.value(),
                                copy.configuration.peer(),
                                reason);
                copy.events.add(() -> copy.listener.peerDisconnected(id, reason));
            }
            case Order.Promise(var epoch) -> {
                copy.journal.update(editor -> editor.promisedEpoch(epoch));
                copy.replicator.step(new Event.Promised(epoch));
            }
            case Order.AdoptLineage(var lineage, var promisedEpoch) ->
                    copy.journal.update(editor ->
                            editor.lineage(lineage)
                                    .promisedEpoch(promisedEpoch)
                                    .acknowledgedAlone(Optional.empty()));
            case Order.MakeRoom() -> {
                if (copy.journal.roomBytes() < ROOM_BYTES) {
                    performAll(in, in.protocol.step(new Input.RoomNeeded()));
                    copy.checkpoint();
                }
            }
            case Order.Append(var seq, var operation) -> append(in, seq, operation);
            case Order.Sync(var acknowledge) -> sync(in, acknowledge);
            case Order.Apply() -> apply();
            case Order.BeginCompare begin -> beginCompare(session, begin);
            case Order.TakePart(var seq, var part) -> takePart(seq, part);
            case Order.EndCompare(var seq, var ends) -> endCompare(in, seq, ends);
            case Order.AbandonCompare() -> {
                var abandoned = compareTarget;
                compareTarget = Optional.empty();
                compareBegun = Optional.empty();
                if (abandoned.isPresent()) {
                    abandoned.get().close();
                }
            }
            case Order.Provide(var seq, var answer) ->
                    compareSource
                            .get()
                            .orElseThrow(() -> new ProtocolException("an answer, but no compare"))
                            .answered(seq, answer);
            case Order.AnswerVerify(var epoch, var seq, var piece) ->
                    answerVerify(session, epoch, seq, piece);
            case Order.Verified(var answer) -> verifyRun.ifPresent(run -> run.answered(answer));
        }
    }

    private void greeted(Talk in, PeerFacts facts) {
        var id = in.protocol.id();
        log.atLevel(again ? Level.DEBUG : Level.INFO)
                .log(
                        "session {} with {}, version {}: {} at operation {}, we at {}",
                        id.value(),
                        facts.standing().node(),
                        in.session.version(),
                        facts.relation(),
                        facts.standing().last(),
                        copy.journal.end().last());
        copy.sessions.incrementAndGet();
        open.set(Optional.of(new Open(id, in.session)));
        copy.events.add(() -> copy.listener.peerConnected(id, facts));
    }

    private void showResync(Event event) {
        if (event instanceof SourceBegan(var _, var state)) {
            if (state == ReplicationState.REPLAY_TARGET) {
                replayedBehind = copy.journal.end().last();
                copy.resync(
                        Optional.of(
                                new Copy.RunningResync(
                                        VolumeFacts.ResyncKind.REPLAY,
                                        new Progress(System.nanoTime()))));
            } else if (state == ReplicationState.MIRRORING) {
                resyncTaken();
            }
        }
    }

    private void resyncTaken() {
        copy.resync().ifPresent(running -> copy.resyncDone(running.progress()));
        copy.resync(Optional.empty());
    }

    private void append(Talk in, Seq seq, Frame.OperationIs frame) throws IOException {
        Operation operation;
        try {
            operation = OperationCodec.decode(ByteBuffer.wrap(frame.operation()));
        } catch (MalformedOperationException e) {
            throw new ProtocolException("operation " + seq + ": " + e.getMessage());
        }
        int bytes = frame.operation().length;
        boolean sameRoot =
                copy.journal.appendReplica(
                        frame.writerEpoch(),
                        frame.request(),
                        ByteBuffer.wrap(frame.operation()),
                        frame.root());
        if (sameRoot) {
            unapplied.add(new Received(seq, operation));
            copy.resync().ifPresent(running -> received(running.progress(), seq, bytes));
        }
        performAll(in, in.protocol.step(new Input.Appended(seq, bytes, sameRoot)));
    }

    /** How much is left the source said in operations; how large they are, those before tell. */
    private void received(Progress progress, Seq seq, int operationBytes) {
        progress.done(System.nanoTime(), Journal.recordBytes(operationBytes));
        long count = seq.value() - replayedBehind.value();
        var sourceLast =
                copy.replicator.ask(
                        machine -> machine.peer().map(peer -> peer.standing().last()).orElse(seq));
        long left = Math.max(0, sourceLast.value() - seq.value());
        long doneBytes = progress.doneBytes();
        progress.total(doneBytes + (long) ((double) doneBytes * left / Math.max(1, count)));
    }

    private void sync(Talk in, boolean acknowledge) throws IOException {
        var end = syncJournal();
        performAll(in, in.protocol.step(new Input.Synced(end.last(), end.root(), acknowledge)));
    }

    private Journal.End syncJournal() throws IOException {
        try {
            return copy.journal.sync();
        } catch (IOException e) {
            copy.replicator.diskFailed(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private void apply() throws IOException {
        try {
            for (var received = unapplied.poll(); received != null; received = unapplied.poll()) {
                copy.volume().apply(received.seq, received.operation);
            }
        } catch (IOException e) {
            // The journal has them, and they are redone from there.
            unapplied.clear();
            throw e;
        }
    }

    private void answerVerify(PeerSession session, long epoch, Seq seq, Frame.VerifyPiece piece)
            throws IOException {
        if (!copy.volume().applied().equals(seq)) {
            throw new ProtocolException(
                    "verify at " + seq + ", this node is at " + copy.volume().applied());
        }
        var answer = VerifyTarget.answer(copy.volume(), piece);
        if (!answer.same()) {
            copy.verifiedDifferentByPeer(seq, answer.detail());
        }
        session.outbox().put(epoch, seq, answer);
        session.outbox().flush();
    }

    // ---- compare ----

    private void beginCompare(PeerSession session, Order.BeginCompare begin) throws IOException {
        log.info("compare with {}: {}", copy.configuration.peer(), begin.begins().reason());
        var compare =
                new BegunCompare(
                        copy.configuration.directory(),
                        copy.volume(),
                        copy.journal,
                        session.outbox(),
                        begin.epoch(),
                        begin.base(),
                        begin.begins());
        compareBegun = Optional.of(compare);
        compareTarget =
                Optional.of(new CompareTarget(compare, running(VolumeFacts.ResyncKind.COMPARE)));
    }

    private Progress running(VolumeFacts.ResyncKind kind) {
        var progress = new Progress(System.nanoTime());
        copy.resync(Optional.of(new Copy.RunningResync(kind, progress)));
        return progress;
    }

    private void takePart(Seq seq, Frame.ComparePart part) throws IOException {
        var begun = compareBegun;
        compareBegun = Optional.empty();
        if (begun.isPresent() && part instanceof Frame.SharedPoint(var root)) {
            copyOnlyChanges(begun.get(), seq, root);
        } else {
            compareTarget.orElseThrow().take(seq, part);
        }
    }

    private void copyOnlyChanges(BegunCompare compare, Seq shared, Root root) throws IOException {
        var changes = PatchTarget.begin(compare, shared, root, new Progress(System.nanoTime()));
        if (changes.isEmpty()) {
            log.info("all is compared: that both were the same at {} is not known here", shared);
            return;
        }
        log.info("both were the same at {}: what was touched since is copied", shared);
        compareTarget.orElseThrow().close();
        compareTarget = Optional.of(changes.get());
        copy.resync(
                Optional.of(
                        new Copy.RunningResync(
                                VolumeFacts.ResyncKind.CHANGES, changes.get().progress())));
    }

    private void endCompare(Talk in, Seq seq, Frame.CompareEnds ends) throws IOException {
        try (var target = compareTarget.orElseThrow()) {
            var branchName = Copy.branchName(copy.configuration, copy.journal);
            var branch = copy.betweenCheckpoints(() -> switchTo(target, seq, ends, branchName));
            branch.ifPresent(name ->
                    log.warn(
                            "what is replaced is kept as branch {}: it had something that the peer did not have",
                            name));
            compareTarget = Optional.empty();
            resyncTaken();
            copy.replaced();
            // What is not needed any more is removed when the source knows that it may go on.
            performAll(in, in.protocol.step(new Input.CompareEnded()));
        }
    }

    private Optional<String> switchTo(
            ResyncTarget target, Seq seq, Frame.CompareEnds ends, String branchName)
            throws IOException {
        var branch = target.switchTo(seq, ends, branchName);
        copy.replicator.historyReplaced();
        copy.knownChanges.restart();
        return branch;
    }

    /**
     * Sends the journal to the peer from {@code from} on, then goes live; on a thread of its own.
     */
    void replay(SessionId id, long plan, PeerSession session, Seq from, long epoch) {
        var progress = new Progress(System.nanoTime());
        progress.total(copy.journal.bytesFrom(from));
        copy.resync(Optional.of(new Copy.RunningResync(VolumeFacts.ResyncKind.REPLAY, progress)));
        var sent = new Seq(from.value() - 1);
        var begin = sent;
        long unflushedBytes = 0;
        try (var cursor = copy.journal.read(from)) {
            boolean current =
                    copy.replicator.putReplayed(
                            plan,
                            session,
                            outbox ->
                                    outbox.put(
                                            epoch,
                                            begin,
                                            new Frame.ReplayBegins(
                                                    copy.journal.superblock().lineage())));
            while (current && session.endReason().isEmpty()) {
                var next = cursor.next();
                if (next.isEmpty()) {
                    current = flushReplayed(plan, session, epoch, sent);
                    // Before it is live: it may be equal at once.
                    copy.resyncDone(progress);
                    if (copy.replicator.goLive(id, plan, session, sent)) {
                        break;
                    }
                    continue;
                }
                var record = next.get();
                current =
                        copy.replicator.putReplayed(
                                plan,
                                session,
                                outbox ->
                                        outbox.putOperation(
                                                true,
                                                epoch,
                                                record.seq(),
                                                record.request(),
                                                record.root(),
                                                record.epoch(),
                                                ByteBuffer.wrap(record.operation())));
                sent = record.seq();
                unflushedBytes += record.operation().length;
                progress.done(System.nanoTime(), Journal.recordBytes(record.operation().length));
                if (current && unflushedBytes > SessionProtocol.UNSYNCED_BYTES_MAX) {
                    unflushedBytes = 0;
                    progress.total(progress.doneBytes() + copy.journal.bytesFrom(sent.next()));
                    current = flushReplayed(plan, session, epoch, sent);
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
            copy.resyncEnded(progress);
        }
    }

    private boolean flushReplayed(long plan, PeerSession session, long epoch, Seq sent) {
        var flush = new Frame.Flush(copy.replicator.completed());
        boolean current =
                copy.replicator.putReplayed(
                        plan, session, outbox -> outbox.put(epoch, sent, flush));
        session.outbox().flush();
        return current;
    }
}
