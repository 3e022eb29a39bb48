package io.leasehold.blockrep;

import io.leasehold.blockrep.journal.GroupCommit;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.link.Outbox;
import io.leasehold.blockrep.link.PeerSession;
import io.leasehold.blockrep.replication.Effect;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Outflow;
import io.leasehold.blockrep.replication.PeerDelay;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.OperationLog;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The commit path of a writer, run by the threads of its callers (ADR 0013): no hand-over between
 * threads from the request to the disk and to the socket.
 *
 * <pre>
 *   append:       order ─► journal (page cache) ─► outbox                    under the order lock
 *   whenDurable:  outbox ─► peer;  then journal ─► disk, as leader           this thread
 *   commitAhead:  the same, when an append will probably be asked for        the thread that appended
 *                 peer's acknowledgement, local flush ─► Replication ─► completions   whoever is last
 * </pre>
 *
 * <p>Locks, in the order in which they may be nested: the file system's, {@link #order}, {@link
 * #machineLock}, the journal's and the outbox's own. Completions run under none of them.
 */
final class Replicator implements OperationLog {
    private static final Logger log = LoggerFactory.getLogger(Replicator.class);

    /**
     * So many bytes of appends may pass {@link #awaitRoom} at the same time: several threads with
     * the largest operation each.
     */
    private static final long ROOM_BYTES = 5L << 20;

    private final Journal journal;
    private final LongSupplier nanoTime;
    private final Function<Effect, Runnable> slowEffects;
    private final EventQueue events;
    private final Runnable checkpointDue;
    private final UnaryOperator<String> diskFailureText;
    private final GroupCommit commits;
    private final RecentRoots roots = new RecentRoots();

    /**
     * Held while an operation gets its place, and while it is decided from where on each is sent.
     */
    private final ReentrantLock order = new ReentrantLock();

    private final Condition orderChanged = order.newCondition();
    private final ByteBuffer encoded = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
    private final Outflow<PeerSession> outflow = new Outflow<>();

    /** Guards the machine and those who wait. */
    private final ReentrantLock machineLock = new ReentrantLock();

    private final Replication machine;
    private final PeerDelay peerDelay = new PeerDelay();
    private final PriorityQueue<Waiting> waiting =
            new PriorityQueue<>(Comparator.comparing(Waiting::upTo));
    private volatile Seq completed = Seq.NONE;

    private record Waiting(Seq upTo, Runnable completion) {}

    /**
     * @param slowEffects makes of every effect but {@link Effect.Complete} what is to be run on the
     *     event thread
     * @param checkpointDue is told when the journal needs room
     * @param diskFailureText makes of what failed what a person reads; called once
     */
    Replicator(
            Journal journal,
            Replication machine,
            LongSupplier nanoTime,
            EventQueue events,
            Function<Effect, Runnable> slowEffects,
            Runnable checkpointDue,
            UnaryOperator<String> diskFailureText) {
        this.journal = journal;
        this.machine = machine;
        this.nanoTime = nanoTime;
        this.events = events;
        this.slowEffects = slowEffects;
        this.checkpointDue = checkpointDue;
        this.diskFailureText = diskFailureText;
        this.commits =
                new GroupCommit(
                        journal,
                        durable -> step(new Event.LocallyDurable(durable)),
                        failure -> diskFailed(String.valueOf(failure.getMessage())));
    }

    // ---- the door for front-ends ----

    @Override
    public void awaitRoom(int payloadBytes) throws InterruptedException {
        while (true) {
            order.lock();
            try {
                while (!outflow.takesOperations()) {
                    orderChanged.await();
                }
                if (journal.roomBytes() >= payloadBytes + ROOM_BYTES && outboxHasRoom()) {
                    return;
                }
            } finally {
                order.unlock();
            }
            checkpointDue.run();
            flushOutbox();
            order.lock();
            try {
                // Nobody signals a checkpoint's end: it is looked up again soon.
                var _ = orderChanged.awaitNanos(2_000_000);
            } finally {
                order.unlock();
            }
        }
    }

    @Override
    public Seq append(Operation operation, RequestId request) {
        order.lock();
        try {
            // Under the file system's lock: whoever reads waits too. A writer that may not write is
            // stopped soon.
            while (!outflow.takesOperations()) {
                orderChanged.awaitUninterruptibly();
            }
            OperationCodec.encode(operation, encoded.clear());
            encoded.flip();
            long epoch = outflow.epoch();
            var end = journal.append(epoch, request, encoded);
            roots.put(end.last(), end.root());
            if (outflow.live().isPresent()) {
                outflow.live()
                        .get()
                        .outbox()
                        .putOperation(true, epoch, end.last(), request, end.root(), epoch, encoded);
            }
            return end.last();
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            throw blockForEver();
        } finally {
            order.unlock();
        }
    }

    @Override
    public void whenDurable(Seq upTo, Runnable completion) {
        if (!waits(upTo, completion)) {
            completion.run();
            return;
        }
        step(new Event.FlushWanted(upTo));
        // The peer first: its disk works while ours does.
        flushToPeer(upTo);
        commits.sync(upTo);
    }

    @Override
    public void commitAhead(Seq upTo) {
        flushToPeer(upTo);
        commits.sync(upTo);
    }

    /**
     * Lets a completion wait, unless it need not. Decided under the lock under which completions
     * are taken: one that was added after its operation was completed by somebody else (the lazy
     * flush) would wait for ever.
     */
    private boolean waits(Seq upTo, Runnable completion) {
        machineLock.lock();
        try {
            boolean waits = upTo.isAfter(completed);
            if (waits) {
                waiting.add(new Waiting(upTo, completion));
            }
            return waits;
        } finally {
            machineLock.unlock();
        }
    }

    @Override
    public Seq locallyDurable() {
        return journal.end().durable();
    }

    @Override
    public void syncLocally() {
        try {
            var end = journal.sync();
            step(new Event.LocallyDurable(end.durable()));
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            throw blockForEver();
        }
    }

    @Override
    public Optional<Operation> resolved(RequestId request) {
        try {
            var found = journal.resolved(request);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(OperationCodec.decode(ByteBuffer.wrap(found.get().operation())));
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            throw blockForEver();
        } catch (MalformedOperationException e) {
            throw new IllegalStateException(
                    "the journal's checksum was right, its operation is not", e);
        }
    }

    // ---- the machine ----

    /**
     * Takes an event to the machine; completions run on this thread, other effects on the event
     * thread.
     */
    void step(Event event) {
        List<Runnable> runnable = List.of();
        machineLock.lock();
        try {
            long nowNanos = nanoTime.getAsLong();
            for (var effect : machine.step(nowNanos, event)) {
                if (effect instanceof Effect.Complete(var upTo)) {
                    completed = upTo;
                    runnable = takeCompletions(upTo);
                } else {
                    // Queued under the lock: effects are performed in the order of their events.
                    events.add(slowEffects.apply(effect));
                }
            }
            peerDelay.observe(nowNanos, machine);
        } finally {
            machineLock.unlock();
        }
        for (var completion : runnable) {
            completion.run();
        }
    }

    private List<Runnable> takeCompletions(Seq upTo) {
        var taken = new ArrayList<Runnable>(2);
        while (true) {
            var first = waiting.peek();
            if (first == null || first.upTo.isAfter(upTo)) {
                return taken;
            }
            taken.add(first.completion);
            waiting.remove();
        }
    }

    /** Reads the machine's state. */
    <T> T ask(Function<Replication, T> question) {
        machineLock.lock();
        try {
            return question.apply(machine);
        } finally {
            machineLock.unlock();
        }
    }

    Seq completed() {
        return completed;
    }

    /** What was completed is of a history that this copy does not have any more. */
    void historyReplaced() {
        completed = Seq.NONE;
    }

    /** See {@link PeerDelay#lastNanos}. */
    OptionalLong lastPeerDelayNanos() {
        machineLock.lock();
        try {
            return peerDelay.lastNanos(nanoTime.getAsLong());
        } finally {
            machineLock.unlock();
        }
    }

    RecentRoots roots() {
        return roots;
    }

    void diskFailed(String failure) {
        boolean first = ask(m -> m.diskFailure().isEmpty());
        order.lock();
        try {
            outflow.fail();
        } finally {
            order.unlock();
        }
        if (first) {
            var reason = diskFailureText.apply(failure);
            step(new Event.DiskFailed(reason));
            events.add(slowEffectOfDiskFailure(reason));
        }
    }

    private Runnable slowEffectOfDiskFailure(String reason) {
        return () -> onDiskFailed.accept(reason);
    }

    private volatile Consumer<String> onDiskFailed = reason -> log.error("disk failed: {}", reason);

    void onDiskFailed(Consumer<String> listener) {
        onDiskFailed = listener;
    }

    // ---- being the writer ----

    void becomeWriter(long epoch) {
        order.lock();
        try {
            outflow.becomeWriter(epoch);
            completed = Seq.NONE;
            roots.clear();
            orderChanged.signalAll();
        } finally {
            order.unlock();
        }
    }

    void stopWriting() {
        order.lock();
        try {
            outflow.stopWriting();
        } finally {
            order.unlock();
        }
    }

    /** Lets new operations wait; the last one that has its place. */
    Seq park() {
        order.lock();
        try {
            outflow.park();
            return journal.end().last();
        } finally {
            order.unlock();
        }
    }

    void unpark() {
        order.lock();
        try {
            outflow.unpark();
            orderChanged.signalAll();
        } finally {
            order.unlock();
        }
    }

    long writerEpoch() {
        order.lock();
        try {
            return outflow.epoch();
        } finally {
            order.unlock();
        }
    }

    // ---- the peer as target ----

    /**
     * Goes live if {@code sent} is the last operation: each later one is put into the outbox when
     * it gets its place.
     */
    boolean goLive(SessionId id, long plan, PeerSession session, Seq sent) {
        order.lock();
        try {
            var end = journal.end();
            switch (outflow.goLive(plan, session, sent, end.last())) {
                case REPLACED -> {
                    return true;
                }
                case NOT_YET -> {
                    return false;
                }
                case LIVE -> {
                    session.outbox().put(outflow.epoch(), sent, new Frame.Live());
                    session.outbox().put(outflow.epoch(), sent, new Frame.Flush(completed));
                    roots.put(end.last(), end.root());
                }
            }
            step(new Event.WentLive(id, plan, sent));
        } finally {
            order.unlock();
        }
        session.outbox().flush();
        return true;
    }

    /** A new plan begins: until it goes live nothing is sent as it gets its place. */
    void beginReplay(long plan) {
        order.lock();
        try {
            outflow.beginReplay(plan);
        } finally {
            order.unlock();
        }
    }

    /**
     * Queues what the replay of a plan sends, unless another one has begun since: the target would
     * get an operation twice, and could not tell that from a mistake.
     *
     * @return false if another plan has begun, or this node is not the writer any more
     */
    boolean putReplayed(long plan, PeerSession session, Consumer<Outbox> frames) {
        order.lock();
        try {
            boolean current = outflow.replays(plan);
            if (current) {
                frames.accept(session.outbox());
            }
            return current;
        } finally {
            order.unlock();
        }
    }

    void sessionEnded(PeerSession session) {
        order.lock();
        try {
            outflow.sessionEnded(session);
            orderChanged.signalAll();
        } finally {
            order.unlock();
        }
    }

    /** Asks the peer to make everything up to here durable, and sends what is queued. */
    void flushToPeer(Seq upTo) {
        Optional<PeerSession> to;
        order.lock();
        try {
            to = outflow.live();
            var mark = outflow.flushMark(upTo, journal.end().last());
            if (to.isPresent() && mark.isPresent()) {
                to.get().outbox().put(outflow.epoch(), mark.get(), new Frame.Flush(completed));
            }
        } finally {
            order.unlock();
        }
        to.ifPresent(session -> session.outbox().flush());
    }

    /** Puts a frame at the present end of the order; false if the peer is not live. */
    boolean putInOrder(PeerSession session, Function<Journal.End, Frame> frame) {
        order.lock();
        try {
            if (!outflow.isInOrder(session)) {
                return false;
            }
            var end = journal.end();
            session.outbox()
                    .put(
                            outflow.isWriter() ? outflow.epoch() : ask(Replication::promisedEpoch),
                            end.last(),
                            frame.apply(end));
            return true;
        } finally {
            order.unlock();
        }
    }

    private boolean outboxHasRoom() {
        return outflow.live().map(session -> session.outbox().hasRoom()).orElse(true);
    }

    private void flushOutbox() {
        Optional<PeerSession> to;
        order.lock();
        try {
            to = outflow.live();
        } finally {
            order.unlock();
        }
        to.ifPresent(session -> session.outbox().flush());
    }

    /** R32, invariant 2: no error is ever given back; the request stays unanswered. */
    private RuntimeException blockForEver() {
        order.lock();
        try {
            while (true) {
                orderChanged.awaitUninterruptibly();
            }
        } finally {
            order.unlock();
        }
    }
}
