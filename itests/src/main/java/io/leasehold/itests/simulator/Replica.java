package io.leasehold.itests.simulator;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.journal.RollingHash;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Effect;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Outflow;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.replication.Tenure;
import io.leasehold.blockrep.resync.JournalChanges;
import io.leasehold.blockrep.resync.KnownChanges;
import io.leasehold.blockrep.session.Input;
import io.leasehold.blockrep.session.LocalCopy;
import io.leasehold.blockrep.session.Order;
import io.leasehold.blockrep.session.Redialling;
import io.leasehold.blockrep.session.SessionProtocol;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.Envelope;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The volume of one daemon: the production machine, journal, lineages and frames, and around them
 * on one thread what {@code ReplicatedVolume}, {@code Replicator} and {@code Conversation} do with
 * several. A thread that waits for a disk is an event later; what a lock would order is done at
 * once, as if the disk had been quick.
 *
 * <p>The tree is the list of its operations' numbers, so that a compare copies a list. Each
 * operation writes to a file, a few in a row to the same one; a resync of what was touched (ADR 17)
 * copies the operations on some files, and whoever lacks one of another file is found out.
 */
final class Replica implements LocalCopy {
    private static final ClusterName CLUSTER = new ClusterName("lab");

    /** Small, so that an absence of a few hundred operations needs a compare. */
    private static final int SEGMENT_BYTES = 12 << 10;

    private static final int SEGMENTS = 4;

    private static final int FILE_OPERATIONS = 16;

    /** So that an absence of a thousand operations is too much to be told apart. */
    private static final Changes.Limits LIMITS = new Changes.Limits(64, 64);

    /** An operation ends with its number. */
    private static final int ID_AT = 32;

    private static final int OPERATION_BYTES = ID_AT + Long.BYTES;

    static final long REPLICA_TIMEOUT_NANOS = 1_000_000_000L;
    private static final long ALIVE_NANOS = REPLICA_TIMEOUT_NANOS / 4;
    private static final long TICK_NANOS = 10_000_000;
    private static final long FACTS_NANOS = 1_000_000_000L;
    private static final long LAZY_FLUSH_NANOS = 50_000_000;
    private static final long EVENT_THREAD_NANOS = 50_000;
    private static final long CONNECT_NANOS = 5_000_000;

    /** What the daemon hears from its volume. */
    interface Listener {
        void sessionOpened(long session, Relation relation);

        void sessionClosed(long session, String reason);

        void messageArrived(long session, byte[] message);

        void shrinkWanted(String reason);

        void growWanted(Seq equalAt);

        void diskFailed(String reason);

        void factsChanged();
    }

    /** How a promotion ended. */
    interface PromotionListener {
        void granted();

        void refused(String reason);
    }

    private final World world;
    private final Machine box;
    private final DaemonProcess process;
    private final ModelDisk disk;
    private final LocalClock clock;
    private final Listener listener;
    private final Journal journal;
    private final KnownChanges knownChanges;
    private final Replication machine;
    private final NodeName self;
    private final NodeName peer;
    private final RollingHash hash = new RollingHash();

    /** Every operation in the journal, synced or not; the tree has a prefix of it. */
    private final Operations history;

    private final Map<Seq, Root> roots = new HashMap<>();
    private long lastEventNanos;

    // The writer.
    private final Outflow<Session> outflow = new Outflow<>();
    private boolean mounted;
    private boolean closed;
    private boolean leading;
    private Seq syncWanted = Seq.NONE;
    private Seq completed = Seq.NONE;
    private boolean lazyFlushPlanned;
    private long promotion;
    private final PriorityQueue<Waiting> waiting =
            new PriorityQueue<>(Comparator.comparing(Waiting::upTo).thenComparing(Waiting::number));
    private long waitingNumber;
    private long tickAtNanos = Long.MAX_VALUE;

    // The link.
    private long sessionNumbers;
    private Optional<Session> current = Optional.empty();
    private Optional<Session> next = Optional.empty();
    private final Redialling redialling;
    private boolean dialling;

    private record Waiting(Seq upTo, long number, Runnable completion) {}

    private Replica(
            World world,
            Machine box,
            DaemonProcess process,
            Listener listener,
            Journal journal,
            KnownChanges knownChanges)
            throws IOException {
        this.world = world;
        this.box = box;
        this.process = process;
        this.disk = box.disk();
        this.clock = box.clock();
        this.listener = listener;
        this.journal = journal;
        this.knownChanges = knownChanges;
        this.self = new NodeName(box.name().value());
        this.peer = new NodeName(box.other().name().value());
        this.machine =
                new Replication(
                        self, peer, journal.superblock().promisedEpoch(), REPLICA_TIMEOUT_NANOS);
        this.redialling = new Redialling(world.agenda().nowNanos());
        redo();
        this.history = disk.tree().copy();
    }

    /** Recovers as the production volume does, and begins to look for the peer. */
    static Replica open(World world, Machine box, DaemonProcess process, Listener listener)
            throws IOException {
        var journal =
                Journal.open(
                        box.disk(),
                        SEGMENT_BYTES,
                        SEGMENTS,
                        () ->
                                Superblock.fresh(
                                        DeviceId.random(world.chance().generator()),
                                        CLUSTER,
                                        box.bootId().value()));
        finishSwitch(journal, box.disk());
        journal.update(editor -> editor.bootId(box.bootId().value()).clean(false).writer(false));
        var known = KnownChanges.open(box.disk(), journal, LIMITS);
        return new Replica(world, box, process, listener, journal, known);
    }

    /** As {@link io.leasehold.blockrep.resync.InterruptedSwitch} does. */
    private static void finishSwitch(Journal journal, ModelDisk disk) throws IOException {
        var pending = journal.superblock().pendingSwitch();
        boolean byPatch = pending.filter(to -> to.way() == PendingSwitch.Way.PATCH).isPresent();
        if (byPatch) {
            disk.carryOutPatch();
        }
        var unused =
                journal.finishSwitch(byPatch ? pending.get().directoryInode() : disk.treeInode());
    }

    /** The daemon has begun to listen to its volume. */
    void start() {
        lookForPeer(0);
        process.after(FACTS_NANOS, this::reportRegularly);
    }

    private void reportRegularly() {
        if (!closed) {
            listener.factsChanged();
            process.after(FACTS_NANOS, this::reportRegularly);
        }
    }

    /**
     * Another copy of the same history, but for its last operation: nothing on the disk says so.
     */
    static void copyGarbled(ModelDisk from, ModelDisk to, long garbledId) throws IOException {
        var read = Journal.open(from, SEGMENT_BYTES, SEGMENTS, Replica::neverEmpty);
        var superblock = read.superblock();
        var written =
                Journal.open(
                        to,
                        SEGMENT_BYTES,
                        SEGMENTS,
                        () -> Superblock.fresh(superblock.device(), CLUSTER, superblock.bootId()));
        written.update(editor ->
                editor.lineage(superblock.lineage())
                        .promisedEpoch(superblock.promisedEpoch())
                        .acknowledgedAlone(superblock.acknowledgedAlone()));
        var last = read.end().last();
        try (var cursor = read.read(Seq.NONE.next())) {
            for (var record = cursor.next(); record.isPresent(); record = cursor.next()) {
                var found = record.get();
                var bytes = found.seq().equals(last) ? operation(garbledId) : found.operation();
                var unused = written.append(found.epoch(), found.request(), ByteBuffer.wrap(bytes));
            }
        } catch (RecordsGoneException e) {
            throw new IOException("the history is too long to be copied from its beginning", e);
        }
        var unused = written.sync();
        to.writeRights(from.rights().orElseThrow(), () -> {});
    }

    private static Superblock neverEmpty() {
        throw new IllegalStateException("nothing was ever written to this disk");
    }

    private void redo() throws IOException {
        var checkpoint = journal.superblock().checkpoint();
        world.invariants().treeCovers(box, disk.tree().size(), checkpoint.value());
        disk.tree().truncate((int) checkpoint.value());
        try (var cursor = journal.read(checkpoint.next())) {
            for (var record = cursor.next(); record.isPresent(); record = cursor.next()) {
                disk.tree().add(idOf(record.get().operation()));
            }
        } catch (RecordsGoneException e) {
            throw new IllegalStateException("what no checkpoint covers is never overwritten", e);
        }
    }

    private static byte[] operation(long id) {
        var bytes = ByteBuffer.allocate(OPERATION_BYTES);
        var number = ByteBuffer.allocate(Long.BYTES).putLong(id).array();
        OperationCodec.encode(new Operation.Write(0, fileOf(id), 0, Bytes.copyOf(number)), bytes);
        return bytes.array();
    }

    private static long idOf(byte[] operation) {
        return ByteBuffer.wrap(operation).getLong(ID_AT);
    }

    private static FileId fileOf(long id) {
        return new FileId(2 + id / FILE_OPERATIONS);
    }

    // ---- facts ----

    Journal journal() {
        return journal;
    }

    Operations history() {
        return history;
    }

    NodeName self() {
        return self;
    }

    Replication machine() {
        return machine;
    }

    Seq committed() {
        var stored = journal.superblock().committed();
        return completed.isAfter(stored) ? completed : stored;
    }

    long sessionId() {
        return greeted().map(session -> session.protocol().id().value()).orElse(0L);
    }

    private Optional<Session> greeted() {
        return current.filter(session -> session.protocol().isGreeted());
    }

    /** Connected, and no completion is frozen. */
    boolean isSettled() {
        return sessionId() != 0 && machine.frozenSinceNanos().isEmpty();
    }

    /** Whether a front-end's operation would get a place at once. */
    boolean takesWrites() {
        return outflow.takesOperations() && mounted && !closed;
    }

    // ---- the front-end ----

    void mount() {
        if (machine.role() != Role.PRIMARY) {
            throw new IllegalStateException("this node is not the writer");
        }
        world.invariants().mounted(box, disk.tree(), history);
        mounted = true;
    }

    void unmount() {
        mounted = false;
    }

    /** Gives an operation its place; empty if the disk failed just now: no answer is ever given. */
    Optional<Seq> append(long id, RequestId request) {
        try {
            if (journal.bytesSinceCheckpoint() > (SEGMENTS - 2) * SEGMENT_BYTES) {
                checkpoint();
            }
            var bytes = operation(id);
            long epoch = outflow.epoch();
            var end = journal.append(epoch, request, ByteBuffer.wrap(bytes));
            history.add(id);
            roots.put(end.last(), end.root());
            outflow.live()
                    .ifPresent(session ->
                            session.put(
                                    epoch,
                                    end.last(),
                                    new Frame.OperationIs(request, end.root(), epoch, bytes)));
            planLazyFlush();
            return Optional.of(end.last());
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** Whether a request was carried out before its daemon died. */
    Optional<Seq> resolved(RequestId request) {
        try {
            return journal.resolved(request).map(record -> record.seq());
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private void planLazyFlush() {
        if (!lazyFlushPlanned) {
            lazyFlushPlanned = true;
            process.after(
                    LAZY_FLUSH_NANOS,
                    () -> {
                        lazyFlushPlanned = false;
                        var last = journal.end().last();
                        if (outflow.isWriter()
                                && machine.diskFailure().isEmpty()
                                && last.isAfter(completed)) {
                            whenDurable(last, () -> {});
                        }
                    });
        }
    }

    void whenDurable(Seq upTo, Runnable completion) {
        if (!upTo.isAfter(completed)) {
            completion.run();
            return;
        }
        waiting.add(new Waiting(upTo, waitingNumber++, completion));
        step(new Event.FlushWanted(upTo));
        flushToPeer(upTo);
        sync(upTo);
    }

    private void flushToPeer(Seq upTo) {
        var to = outflow.live();
        outflow.flushMark(upTo, journal.end().last())
                .ifPresent(mark ->
                        to.orElseThrow().put(outflow.epoch(), mark, new Frame.Flush(completed)));
    }

    private void sync(Seq upTo) {
        if (upTo.isAfter(syncWanted)) {
            syncWanted = upTo;
        }
        if (!leading) {
            leading = true;
            process.after(disk.latencyNanos(), this::syncAsLeader);
        }
    }

    private void syncAsLeader() {
        Seq durable;
        try {
            durable = journal.sync().durable();
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            return;
        }
        apply(durable);
        step(new Event.LocallyDurable(durable));
        // A wish beyond the end is of a history that this copy has given up since.
        if (syncWanted.isAfter(durable) && !syncWanted.isAfter(journal.end().last())) {
            process.after(disk.latencyNanos(), this::syncAsLeader);
        } else {
            syncWanted = durable;
            leading = false;
        }
    }

    private void apply(Seq upTo) {
        var tree = disk.tree();
        while (tree.size() < upTo.value()) {
            tree.add(history.get(tree.size()));
        }
    }

    private void checkpoint() throws IOException {
        var durable = journal.sync().durable();
        apply(durable);
        var reached = new Seq(disk.tree().size());
        if (reached.isAfter(journal.superblock().checkpoint())) {
            noteChanges(reached);
            journal.checkpointed(reached, completed);
        }
    }

    private void noteChanges(Seq reached) throws IOException {
        boolean follows = machine.session().isPresent() && machine.state().isFollowing();
        var peerHas =
                machine.role() == Role.PRIMARY
                        ? machine.peerDurable()
                        : follows ? reached : Seq.NONE;
        knownChanges.checkpoint(reached, peerHas, follows);
    }

    // ---- the machine ----

    private void step(Event happened) {
        for (var event : world.sabotage().volumeEvents(this, happened)) {
            take(event);
        }
    }

    private void take(Event event) {
        var due = new ArrayList<Runnable>();
        for (var effect : stepped(event)) {
            if (effect instanceof Effect.Complete(var upTo)) {
                world.invariants().completed(box, history, completed, upTo, mounted);
                completed = upTo;
                while (!waiting.isEmpty() && !waiting.peek().upTo.isAfter(upTo)) {
                    due.add(waiting.remove().completion);
                }
            } else {
                later(() -> perform(effect));
            }
        }
        due.forEach(Runnable::run);
        planTick();
    }

    private List<Effect> stepped(Event event) {
        if (world.coverage().isEmpty()) {
            return machine.step(clock.nowNanos(), event);
        }
        var coverage = world.coverage().get();
        var flow = Coverage.stateOf(machine);
        var completions = Coverage.completionsOf(machine);
        var effects = machine.step(clock.nowNanos(), event);
        var name = Coverage.nameOf(event);
        coverage.moved("replication", flow, Coverage.stateOf(machine), name);
        coverage.moved("completions", completions, Coverage.completionsOf(machine), name);
        return effects;
    }

    private void planTick() {
        var deadline = machine.nextDeadlineNanos();
        if (deadline.isPresent()) {
            long at =
                    Math.max(clock.worldNanos(deadline.getAsLong()), world.agenda().nowNanos() + 1);
            if (at < tickAtNanos) {
                tickAtNanos = at;
                process.at(at, this::tick);
            }
        }
    }

    private void tick() {
        if (world.agenda().nowNanos() < tickAtNanos) {
            return; // an earlier one was planned and has come
        }
        tickAtNanos = Long.MAX_VALUE;
        var deadline = machine.nextDeadlineNanos();
        if (deadline.isPresent() && clock.nowNanos() >= deadline.getAsLong()) {
            step(new Event.Tick());
            var still = machine.nextDeadlineNanos();
            if (still.isPresent() && still.getAsLong() <= clock.nowNanos()) {
                tickAtNanos = world.agenda().nowNanos() + TICK_NANOS;
                process.at(tickAtNanos, this::tick);
            }
        } else {
            planTick();
        }
    }

    /** On the event thread: soon, one after the other. */
    private void later(Runnable action) {
        lastEventNanos =
                Math.max(
                        lastEventNanos,
                        world.agenda().nowNanos() + world.chance().about(EVENT_THREAD_NANOS));
        process.at(lastEventNanos, action);
    }

    private void perform(Effect effect) {
        box.say(() -> "volume     " + effect);
        switch (effect) {
            case Effect.Complete _ -> throw new IllegalStateException("completions are not queued");
            case Effect.WantShrink(var reason) -> listener.shrinkWanted(reason);
            case Effect.WantGrow(var equalAt) -> {
                if (acknowledgesWithPeer()) {
                    listener.growWanted(equalAt);
                }
            }
            case Effect.StartReplay(var id, var plan, var from) -> {
                outflow.beginReplay(plan);
                withSession(id, session -> startReplay(session, plan, from));
            }
            case Effect.StartCompare compare ->
                    withSession(compare.session(), session -> startCompare(session, compare));
            case Effect.RefusePeer(var _, var reason) -> world.invariants().refused(reason);
            case Effect.CloseSession(var id, var reason) ->
                    withSession(id, session -> session.abort(reason));
            case Effect.ReportDivergence(var at) -> world.invariants().diverged(box, at.value());
        }
        listener.factsChanged();
    }

    /** R29. A wish that has ended before it came here is none. */
    private boolean acknowledgesWithPeer() {
        if (!machine.isGrowPending()) {
            return false;
        }
        try {
            durably(() -> journal.update(editor -> editor.acknowledgedAlone(Optional.empty())));
            return true;
        } catch (IOException e) {
            box.say(() -> "volume     " + e.getMessage());
            return false;
        }
    }

    private void withSession(SessionId id, Consumer<Session> action) {
        greeted().filter(open -> open.protocol().id().equals(id)).ifPresent(action);
    }

    private void diskFailed(String reason) {
        outflow.fail();
        if (machine.diskFailure().isEmpty()) {
            step(new Event.DiskFailed(reason));
            later(() -> {
                listener.diskFailed(reason);
                listener.factsChanged();
            });
        }
    }

    /** R2, as it is durable. */
    long promisedEpoch() {
        return journal.superblock().promisedEpoch();
    }

    // ---- what the daemon orders ----

    /** R2; false if a higher epoch is promised already. */
    boolean promise(long epoch) throws IOException {
        settleReader();
        long promised = journal.superblock().promisedEpoch();
        if (epoch <= promised) {
            return epoch == promised;
        }
        durably(() -> journal.update(editor -> editor.promisedEpoch(epoch)));
        step(new Event.Promised(epoch));
        announceStanding();
        return true;
    }

    void promote(
            long epoch,
            Set<NodeName> inSync,
            long generation,
            Set<Long> forcedEpochs,
            long limitNanos,
            PromotionListener result) {
        settleReader();
        var refusal = refusal(epoch, inSync);
        if (refusal.isPresent()) {
            result.refused(refusal.get());
            return;
        }
        try {
            durably(this::settle);
            var tail = journal.end().last();
            if (isWrittenAgain(epoch)) {
                durably(() -> journal.update(editor -> editor.writer(true)));
            } else {
                var tenure = Tenure.begin(epoch, inSync, standing(), peer);
                durably(() ->
                        journal.update(editor ->
                                editor.promisedEpoch(tenure.promisedEpoch())
                                        .lineage(tenure.lineage())
                                        .writer(true)
                                        .acknowledgedAlone(tenure.acknowledgedAlone())));
            }
            outflow.becomeWriter(epoch);
            completed = Seq.NONE;
            roots.clear();
            long mine = ++promotion;
            step(
                    new Event.Promoted(
                            epoch,
                            inSync,
                            generation,
                            tail,
                            journal.end().durable(),
                            journal.superblock().lineage().only(forcedEpochs)));
            whenDurable(
                    tail,
                    () -> {
                        if (promotion == mine) {
                            promotion++;
                            later(result::granted);
                        }
                    });
            process.after(
                    limitNanos,
                    () -> {
                        if (promotion == mine) {
                            promotion++;
                            demoteQuietly();
                            result.refused("operation " + tail + " is not durable on " + inSync);
                        }
                    });
        } catch (IOException e) {
            result.refused(String.valueOf(e.getMessage()));
        }
    }

    /** Only if that rule is switched off. */
    private boolean isWrittenAgain(long epoch) {
        return !world.sabotage().writesAnEpochOnce()
                && epoch == journal.superblock().lineage().headEpoch();
    }

    private Optional<String> refusal(long epoch, Set<NodeName> inSync) {
        if (closed) {
            return Optional.of("the volume is closed");
        }
        if (isWrittenAgain(epoch)) {
            return Optional.empty();
        }
        boolean comparing = current.filter(session -> session.protocol().isComparing()).isPresent();
        return machine.diskFailure()
                .or(() ->
                        Tenure.refusal(epoch, inSync, standing(), machine.peer(), comparing)
                                .map(Promotion.Refused::detail));
    }

    void recordChanged(long epoch, Set<NodeName> inSync, long generation) throws IOException {
        if (machine.role() != Role.PRIMARY || machine.epoch() != epoch) {
            return;
        }
        durably(() ->
                journal.update(editor ->
                        editor.acknowledgedAlone(
                                Tenure.acknowledgedAlone(
                                        inSync,
                                        peer,
                                        completed,
                                        journal.superblock().acknowledgedAlone()))));
        step(new Event.RecordChanged(epoch, inSync, generation));
        greeted()
                .ifPresent(session ->
                        session.putInOrder(_ -> new Frame.InSync(inSync.contains(peer))));
        listener.factsChanged();
    }

    /** R17: what is written from now on waits; told once everything before is on all of inSync. */
    void park(long limitNanos, Consumer<Journal.End> drained, Runnable timedOut) {
        outflow.park();
        var last = journal.end().last();
        var over = new boolean[1];
        whenDurable(
                last,
                () -> {
                    if (!over[0]) {
                        over[0] = true;
                        later(() -> drained.accept(journal.end()));
                    }
                });
        process.after(
                limitNanos,
                () -> {
                    if (!over[0]) {
                        over[0] = true;
                        outflow.unpark();
                        timedOut.run();
                    }
                });
    }

    void unpark() {
        outflow.unpark();
    }

    void demote() throws IOException {
        if (mounted) {
            throw new IllegalStateException("R38: still mounted");
        }
        demoteLocked();
        announceStanding();
        listener.factsChanged();
    }

    private void demoteQuietly() {
        try {
            demoteLocked();
        } catch (IOException e) {
            box.say(() -> "volume     " + e.getMessage());
        }
    }

    private void demoteLocked() throws IOException {
        outflow.stopWriting();
        settleReader();
        step(new Event.Demoted());
        durably(() -> {
            apply(journal.sync().durable());
            journal.update(editor -> editor.writer(false));
        });
    }

    void endSession(String reason) {
        current.ifPresent(session -> session.abort(reason));
    }

    /** Opaque, in order with everything else; false if there is no session. */
    boolean sendToPeer(byte[] message) {
        var open = greeted();
        open.ifPresent(session ->
                session.put(machine.promisedEpoch(), Seq.NONE, new Frame.ClusterMessage(message)));
        return open.isPresent();
    }

    /** In order: synced and marked clean. */
    void close() {
        closed = true;
        current.ifPresent(session -> session.abort("this node closed the volume"));
        outflow.stopWriting();
        settleReader();
        try {
            if (machine.diskFailure().isEmpty()) {
                settle();
                var end = journal.sync();
                apply(end.durable());
                journal.update(editor -> editor.clean(true).writer(false).durable(end.durable()));
            }
        } catch (IOException e) {
            box.say(() -> "volume     not closed in order: " + e.getMessage());
        }
    }

    private interface DiskAction {
        void run() throws IOException;
    }

    private void durably(DiskAction action) throws IOException {
        try {
            action.run();
        } catch (IOException e) {
            diskFailed(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private void settle() throws IOException {
        if (current.isPresent()) {
            current.get().perform(new Input.Settling());
        } else {
            var unused = journal.sync();
        }
    }

    /** Whoever takes the reader's lock finds it between two frames. */
    private void settleReader() {
        current.ifPresent(Session::finishCommit);
    }

    @Override
    public Standing standing() {
        var superblock = journal.superblock();
        var end = journal.end();
        return new Standing(
                self,
                superblock.device(),
                machine.role(),
                superblock.promisedEpoch(),
                superblock.lineage(),
                end.last(),
                committed(),
                end.root(),
                superblock.acknowledgedAlone());
    }

    @Override
    public Optional<String> rejects(long frameEpoch) {
        return machine.rejects(frameEpoch);
    }

    @Override
    public boolean isLive() {
        return machine.isLive();
    }

    @Override
    public RootCheck check(Seq seq, Root root) {
        var mine = roots.get(seq);
        return mine == null
                ? RootCheck.UNKNOWN
                : mine.equals(root) ? RootCheck.EQUAL : RootCheck.DIFFERENT;
    }

    private void announceStanding() throws IOException {
        if (current.isPresent()) {
            current.get().perform(new Input.StandingChanged());
        }
    }

    // ---- replay and compare, as source ----

    private void startReplay(Session session, long plan, Seq from) {
        long epoch = outflow.epoch();
        process.after(
                world.chance().about(EVENT_THREAD_NANOS), () -> replay(session, plan, from, epoch));
    }

    private void replay(Session session, long plan, Seq from, long epoch) {
        var sent = new Seq(from.value() - 1);
        session.put(epoch, sent, new Frame.ReplayBegins(journal.superblock().lineage()));
        try (var cursor = journal.read(from)) {
            while (!session.over() && outflow.replays(plan)) {
                var found = cursor.next();
                if (found.isEmpty()) {
                    session.put(epoch, sent, new Frame.Flush(completed));
                    goLive(session, plan, sent);
                    return;
                }
                var record = found.get();
                session.put(
                        epoch,
                        record.seq(),
                        new Frame.OperationIs(
                                record.request(),
                                record.root(),
                                record.epoch(),
                                record.operation()));
                sent = record.seq();
            }
        } catch (RecordsGoneException e) {
            session.abort("replay was overtaken: " + e.getMessage());
        } catch (IOException e) {
            session.abort("replay failed: " + e.getMessage());
            diskFailed(String.valueOf(e.getMessage()));
        }
    }

    private void goLive(Session session, long plan, Seq sent) {
        var end = journal.end();
        if (outflow.goLive(plan, session, sent, end.last()) != Outflow.Reached.LIVE) {
            throw new IllegalStateException("nothing came in between");
        }
        session.put(outflow.epoch(), sent, new Frame.Live());
        session.put(outflow.epoch(), sent, new Frame.Flush(completed));
        roots.put(end.last(), end.root());
        step(new Event.WentLive(session.protocol().id(), plan, sent));
    }

    private void startCompare(Session session, Effect.StartCompare wanted) {
        long epoch = outflow.epoch();
        var lineage = journal.superblock().lineage();
        process.after(disk.latencyNanos(), () -> beginCompare(session, epoch, lineage, wanted));
    }

    private void beginCompare(
            Session session, long epoch, Lineage lineage, Effect.StartCompare wanted) {
        var base = new Seq(disk.tree().size());
        try {
            var root = journal.rootAt(base);
            if (root.isEmpty()) {
                session.abort("compare failed: the journal has no root for operation " + base);
                return;
            }
            var own =
                    wanted.common().isPresent()
                            ? knownChanges.since(wanted.common().get(), base)
                            : Optional.<KnownChanges.Since>empty();
            session.put(
                    epoch,
                    base,
                    new Frame.CompareBegins(wanted.reason(), wanted.keepBranch(), root.get()));
            if (own.isPresent()) {
                var place = own.get().place();
                session.put(epoch, place.seq(), new Frame.SharedPoint(place.root()));
                session.offered = Optional.of(new Offer(epoch, lineage, base, own.get()));
            } else {
                sendEverything(session, epoch, base);
                sendCatchUpSoon(session, epoch, lineage, base);
            }
        } catch (IOException e) {
            session.abort("compare failed: " + e.getMessage());
        }
    }

    private void sendEverything(Session session, long epoch, Seq base) {
        var manifest = ByteBuffer.allocate((int) base.value() * Long.BYTES);
        for (int i = 0; i < base.value(); i++) {
            manifest.putLong(disk.tree().get(i));
        }
        session.put(epoch, base, new Frame.ManifestPart(manifest.array(), true));
    }

    /** What either has touched; of each operation its place and its number. */
    private void sendTouched(Session session, Offer offer, Changes theirs) {
        var own = world.sabotage().touchedBySource(offer.own.touched());
        var set = Changes.union(own, theirs);
        session.put(offer.epoch, offer.base, new Frame.ResyncSet(set.encode(), true));
        var files = set.files();
        var tree = disk.tree();
        var manifest = ByteBuffer.allocate((int) offer.base.value() * 2 * Long.BYTES);
        for (int i = 0; i < offer.base.value(); i++) {
            if (files.contains(fileOf(tree.get(i)))) {
                manifest.putLong(i).putLong(tree.get(i));
            }
        }
        session.put(
                offer.epoch,
                offer.base,
                new Frame.ManifestPart(Arrays.copyOf(manifest.array(), manifest.position()), true));
    }

    private void sendCatchUpSoon(Session session, long epoch, Lineage lineage, Seq base) {
        process.after(disk.latencyNanos() * 4, () -> sendCatchUp(session, epoch, lineage, base));
    }

    private void sendCatchUp(Session session, long epoch, Lineage lineage, Seq base) {
        if (session.over()) {
            return;
        }
        try (var cursor = journal.read(base.next())) {
            var end = journal.end();
            // The target will stand here: it must never be ahead of a source that loses power.
            var unused = journal.sync();
            while (true) {
                var found = cursor.next();
                if (found.isEmpty() || found.get().seq().isAfter(end.last())) {
                    break;
                }
                var record = found.get();
                session.put(
                        epoch,
                        record.seq(),
                        new Frame.CatchUp(
                                record.request(),
                                record.root(),
                                record.epoch(),
                                record.operation()));
            }
            step(new Event.CompareSent(session.protocol().id(), end.last(), end.root()));
            session.put(epoch, end.last(), new Frame.CompareEnds(end.root(), lineage));
        } catch (RecordsGoneException e) {
            session.abort("compare was overtaken by writers: " + e.getMessage());
        } catch (IOException e) {
            session.abort("compare failed: " + e.getMessage());
        }
    }

    // ---- the link ----

    /** The machine with the higher name dials. */
    private void lookForPeer(long pauseNanos) {
        if (box.index() != 1 || dialling || closed) {
            return;
        }
        dialling = true;
        process.after(world.chance().about(CONNECT_NANOS + pauseNanos), this::dial);
    }

    private void dial() {
        if (closed || current.isPresent()) {
            dialling = false;
            return;
        }
        var other = box.other().replica();
        if (!world.network().isReplicationUp() || other.isEmpty() || other.get().closed) {
            long pause = redialling.failed(world.agenda().nowNanos());
            process.after(world.chance().about(pause), this::dial);
            return;
        }
        dialling = false;
        redialling.connected(world.agenda().nowNanos());
        var mine = new Session();
        var theirs = other.get().new Session();
        var connection = world.network().connect(theirs, mine);
        mine.connection = Optional.of(connection);
        theirs.connection = Optional.of(connection);
        offer(mine);
        var listening = other.get();
        listening.process.run(() -> listening.offer(theirs));
    }

    private void offer(Session session) {
        next.ifPresent(older -> older.abort("replaced by a newer session"));
        if (current.isPresent()) {
            next = Optional.of(session);
            current.get().abort("replaced by a newer session");
        } else {
            session.begin();
        }
    }

    /** The daemon is gone: its sockets are closed by the kernel, or nobody is left to do it. */
    void gone(boolean kernelLives) {
        for (var session : List.of(current, next)) {
            session.ifPresent(open -> open.gone(kernelLives));
        }
    }

    /** A compare whose target was asked what it has touched itself. */
    private record Offer(long epoch, Lineage lineage, Seq base, KnownChanges.Since own) {}

    /** What the target knows of a compare under way. */
    private static final class Compare {
        private final long epoch;
        private final Seq base;
        private final Frame.CompareBegins begins;
        private Optional<Changes> set = Optional.empty();
        private Operations shadow = new Operations();
        private Seq caughtUp;
        private Root root;

        private Compare(long epoch, Seq base, Frame.CompareBegins begins) {
            this.epoch = epoch;
            this.base = base;
            this.begins = begins;
            this.caughtUp = base;
            this.root = begins.root();
        }
    }

    /** One connection to the peer, and the thread that reads it. */
    final class Session {
        private Optional<Network.Connection> connection = Optional.empty();
        private Optional<SessionProtocol> begun = Optional.empty();
        private boolean running;
        private boolean refused;
        private boolean ended;
        private Optional<String> endReason = Optional.empty();
        private final Deque<Envelope> arrived = new ArrayDeque<>();
        private long heardNanos;
        private boolean committing;
        private long commits;
        private Optional<Compare> compare = Optional.empty();
        private Optional<Offer> offered = Optional.empty();

        /** Exists as soon as the session is handled. */
        private SessionProtocol protocol() {
            return begun.orElseThrow();
        }

        private boolean over() {
            return endReason.isPresent() || ended;
        }

        private void begin() {
            current = Optional.of(this);
            running = true;
            begun =
                    Optional.of(
                            new SessionProtocol(
                                    new SessionId(++sessionNumbers), CLUSTER, peer, Replica.this));
            heardNanos = world.agenda().nowNanos();
            takeAll(new Input.Opened());
            signOfLife();
            watchSilence();
            pump();
        }

        private void put(long epoch, Seq seq, Frame frame) {
            if (!over()) {
                connection.orElseThrow().send(box.index(), new Envelope(epoch, seq, frame));
            }
        }

        private boolean putInOrder(java.util.function.Function<Journal.End, Frame> frame) {
            if (!outflow.isInOrder(this)) {
                return false;
            }
            var end = journal.end();
            put(
                    outflow.isWriter() ? outflow.epoch() : machine.promisedEpoch(),
                    end.last(),
                    frame.apply(end));
            return true;
        }

        private void signOfLife() {
            process.after(
                    world.chance().about(ALIVE_NANOS),
                    () -> {
                        if (!over() && current.filter(open -> open == this).isPresent()) {
                            if (protocol().isGreeted()
                                    && !putInOrder(end -> new Frame.Alive(end.root()))) {
                                put(machine.promisedEpoch(), Seq.NONE, new Frame.Alive(Root.EMPTY));
                            }
                            signOfLife();
                        }
                    });
        }

        private void watchSilence() {
            process.at(
                    heardNanos + REPLICA_TIMEOUT_NANOS + TICK_NANOS,
                    () -> {
                        if (over()) {
                            return;
                        }
                        if (!committing
                                && world.agenda().nowNanos() - heardNanos > REPLICA_TIMEOUT_NANOS) {
                            abort("nothing heard for a replica-timeout");
                        } else {
                            heardNanos = committing ? world.agenda().nowNanos() : heardNanos;
                            watchSilence();
                        }
                    });
        }

        private void abort(String reason) {
            if (endReason.isEmpty()) {
                endReason = Optional.of(reason);
                connection.orElseThrow().close(box.index(), reason);
                process.after(world.chance().about(EVENT_THREAD_NANOS), this::end);
            }
        }

        void closedByPeer(String reason) {
            process.run(() -> {
                if (endReason.isEmpty()) {
                    endReason = Optional.of("connection closed by the peer: " + reason);
                    connection.orElseThrow().close(box.index(), "closed");
                    end();
                }
            });
        }

        private void gone(boolean kernelLives) {
            if (!ended) {
                ended = true;
                if (kernelLives) {
                    connection.orElseThrow().close(box.index(), "connection reset");
                } else {
                    connection.orElseThrow().vanish(box.index());
                }
            }
        }

        void arrived(Envelope envelope) {
            process.run(() -> {
                heardNanos = world.agenda().nowNanos();
                arrived.add(envelope);
                pump();
            });
        }

        private void pump() {
            while (running && !committing && !over() && !arrived.isEmpty()) {
                takeAll(new Input.Arrived(arrived.remove()));
                if (!over() && isSyncDue()) {
                    committing = true;
                    long mine = ++commits;
                    process.after(
                            disk.latencyNanos(),
                            () -> {
                                if (commits == mine) {
                                    finishCommit();
                                    pump();
                                }
                            });
                }
            }
        }

        private boolean isSyncDue() {
            return protocol()
                    .step(new Input.Handled(!arrived.isEmpty()))
                    .contains(new Order.Sync(true));
        }

        private void finishCommit() {
            if (committing) {
                committing = false;
                commits++;
                try {
                    perform(new Order.Sync(true));
                } catch (IOException e) {
                    abort(String.valueOf(e.getMessage()));
                }
            }
        }

        private void end() {
            if (ended) {
                return;
            }
            ended = true;
            running = false;
            committing = false;
            commits++;
            current = Optional.empty();
            outflow.sessionEnded(this);
            for (var order : stepped(new Input.Closed(endReason.orElse("ended")))) {
                try {
                    perform(order);
                } catch (IOException e) {
                    box.say(() -> "volume     " + e.getMessage());
                }
            }
            if (next.isPresent()) {
                var successor = next.get();
                next = Optional.empty();
                successor.begin();
            } else {
                lookForPeer(redialling.ended(world.agenda().nowNanos(), refused));
            }
        }

        // ---- orders ----

        /** On the reader's thread: what goes wrong ends the session. */
        private void takeAll(Input input) {
            try {
                perform(input);
            } catch (IOException e) {
                abort(String.valueOf(e.getMessage()));
            }
        }

        private void perform(Input input) throws IOException {
            for (var order : stepped(input)) {
                perform(order);
            }
        }

        private List<Order> stepped(Input input) {
            var before = protocol().phase();
            var orders = protocol().step(input);
            if (world.coverage().isPresent()) {
                world.coverage()
                        .get()
                        .moved(
                                "session",
                                before.name(),
                                protocol().phase().name(),
                                Coverage.nameOf(input));
            }
            return orders;
        }

        private void perform(Order order) throws IOException {
            var id = protocol().id();
            switch (order) {
                case Order.Send(var epoch, var seq, var frame) -> put(epoch, seq, frame);
                case Order.End(var reason, var cause) -> {
                    refused = cause != Order.Cause.ORDINARY;
                    abort(reason);
                }
                case Order.Tell(var event) -> step(event);
                case Order.Greeted(var facts) ->
                        later(() -> listener.sessionOpened(id.value(), facts.relation()));
                case Order.CheckReplay(var facts) -> checkReplay(id, facts);
                case Order.Deliver(var bytes) ->
                        later(() -> listener.messageArrived(id.value(), bytes));
                case Order.NoteRootsEqual _, Order.NoteRejected _ -> {}
                case Order.ReportDivergence(var at, var _) ->
                        world.invariants().diverged(box, at.value());
                case Order.Farewell(var reason) ->
                        later(() -> listener.sessionClosed(id.value(), reason));
                case Order.Promise(var epoch) -> {
                    journal.update(editor -> editor.promisedEpoch(epoch));
                    step(new Event.Promised(epoch));
                }
                case Order.AdoptLineage(var lineage, var promised) ->
                        journal.update(editor ->
                                editor.lineage(lineage)
                                        .promisedEpoch(promised)
                                        .acknowledgedAlone(Optional.empty()));
                case Order.MakeRoom() -> {
                    if (journal.bytesSinceCheckpoint() > (SEGMENTS - 2) * SEGMENT_BYTES) {
                        perform(new Input.RoomNeeded());
                        checkpoint();
                    }
                }
                case Order.Append(var seq, var operation) -> append(seq, operation);
                case Order.Sync(var acknowledge) -> sync(acknowledge);
                case Order.Apply() -> {
                    if (world.sabotage().applies(Replica.this)) {
                        apply(journal.end().durable());
                    }
                }
                case Order.BeginCompare(var epoch, var base, var begins) -> {
                    compare = Optional.of(new Compare(epoch, base, begins));
                    if (!world.sabotage().resyncsIntoAShadow()) {
                        history.truncate(0);
                    }
                    world.compareBegins(box);
                }
                case Order.TakePart(var seq, Frame.SharedPoint(var root)) -> sayTouched(seq, root);
                case Order.TakePart(var _, Frame.ResyncSet(var bytes, var _)) ->
                        compare.orElseThrow().set =
                                Optional.of(Changes.decode(ByteBuffer.wrap(bytes)));
                case Order.TakePart(var _, Frame.ManifestPart part) -> takeManifest(part);
                case Order.TakePart(var seq, Frame.CatchUp operation) -> catchUp(seq, operation);
                case Order.TakePart(var _, Frame.ChunkHashes _) -> throw neverSent(order);
                case Order.TakePart(var _, Frame.Chunk _) -> throw neverSent(order);
                case Order.EndCompare(var seq, var ends) -> endCompare(seq, ends);
                case Order.AbandonCompare() -> compare = Optional.empty();
                case Order.Provide(var seq, Frame.ChangedHere(var bytes, var _)) ->
                        provide(seq, bytes);
                case Order.Provide _, Order.AnswerVerify _, Order.Verified _ ->
                        throw neverSent(order);
            }
        }

        private static IllegalStateException neverSent(Order order) {
            return new IllegalStateException("never sent here: " + order);
        }

        private void checkReplay(SessionId id, PeerFacts facts) throws IOException {
            box.say(() ->
                    "volume     session %d: the peer is %s, at %s, we at %s"
                            .formatted(
                                    id.value(),
                                    facts.relation(),
                                    facts.standing().last(),
                                    journal.end().last()));
            var root = journal.rootAt(facts.standing().last());
            step(new Event.PeerReady(id, facts, facts.replayCheck(journal.oldest(), root)));
        }

        private void append(Seq seq, Frame.OperationIs operation) throws IOException {
            var bytes = operation.operation();
            boolean sameRoot =
                    journal.appendReplica(
                            operation.writerEpoch(),
                            operation.request(),
                            ByteBuffer.wrap(bytes),
                            operation.root());
            if (sameRoot) {
                history.add(idOf(bytes));
            }
            perform(new Input.Appended(seq, bytes.length, sameRoot));
        }

        private void sync(boolean acknowledge) throws IOException {
            try {
                var end = journal.sync();
                perform(new Input.Synced(end.last(), end.root(), acknowledge));
            } catch (IOException e) {
                diskFailed(String.valueOf(e.getMessage()));
                throw e;
            }
        }

        private void catchUp(Seq seq, Frame.CatchUp operation) throws IOException {
            var target = compare.orElseThrow();
            var root =
                    hash.next(
                            target.root,
                            seq,
                            operation.writerEpoch(),
                            ByteBuffer.wrap(operation.operation()));
            if (!seq.equals(target.caughtUp.next()) || !root.equals(operation.root())) {
                throw new ProtocolException(
                        "operation " + seq + " does not follow " + target.caughtUp);
            }
            target.shadow.add(idOf(operation.operation()));
            target.caughtUp = seq;
            target.root = root;
        }

        /** As a target: was this copy the same there, and what has it touched since? */
        private void sayTouched(Seq shared, Root root) throws IOException {
            var target = compare.orElseThrow();
            var own =
                    JournalChanges.since(journal, shared, root)
                            .map(world.sabotage()::touchedByTarget);
            put(
                    target.epoch,
                    own.isPresent() ? shared : Seq.NONE,
                    new Frame.ChangedHere(own.map(Changes::encode).orElse(new byte[0]), true));
        }

        private void provide(Seq shared, byte[] theirs) {
            var offer = offered.orElseThrow();
            offered = Optional.empty();
            if (shared.equals(offer.own.place().seq())) {
                sendTouched(this, offer, Changes.decode(ByteBuffer.wrap(theirs)));
            } else {
                sendEverything(this, offer.epoch, offer.base);
            }
            sendCatchUpSoon(this, offer.epoch, offer.lineage, offer.base);
        }

        private void takeManifest(Frame.ManifestPart part) {
            var target = compare.orElseThrow();
            var in = ByteBuffer.wrap(part.bytes());
            if (target.set.isEmpty()) {
                while (in.hasRemaining()) {
                    target.shadow.add(in.getLong());
                }
                return;
            }
            var ids = new long[(int) target.base.value()];
            while (in.hasRemaining()) {
                ids[(int) in.getLong()] = in.getLong();
            }
            var files = target.set.get().files();
            var tree = disk.tree();
            for (int i = 0; i < ids.length; i++) {
                boolean own = i < tree.size() && !files.contains(fileOf(tree.get(i)));
                world.invariants().resyncSetHas(box, i, ids[i] != 0, own);
                target.shadow.add(own ? tree.get(i) : ids[i]);
            }
            for (int i = ids.length; i < tree.size(); i++) {
                world.invariants().resyncSetHas(box, i, files.contains(fileOf(tree.get(i))), false);
            }
        }

        private void endCompare(Seq seq, Frame.CompareEnds ends) throws IOException {
            var target = compare.orElseThrow();
            if (!seq.equals(target.caughtUp)
                    || !ends.root().equals(target.root)
                    || target.shadow.size() != seq.value()) {
                throw new ProtocolException(
                        "compare of %s ends at %s, but this node got up to %s"
                                .formatted(target.base, seq, target.caughtUp));
            }
            boolean keep = target.begins.keepBranch();
            var way = target.set.isPresent() ? PendingSwitch.Way.PATCH : PendingSwitch.Way.EXCHANGE;
            var to = new PendingSwitch(way, disk.newInode(), seq, target.root, ends.lineage());
            if (way == PendingSwitch.Way.PATCH) {
                disk.writePatch(target.shadow, keep);
            }
            journal.switchTo(
                    to,
                    () -> {
                        world.invariants()
                                .aftermath()
                                .replaced(
                                        box,
                                        disk.tree(),
                                        target.shadow,
                                        keep,
                                        target.begins.reason());
                        if (way == PendingSwitch.Way.PATCH) {
                            disk.carryOutPatch();
                        } else {
                            disk.exchangeTree(target.shadow, to.directoryInode(), keep);
                        }
                    });
            completed = Seq.NONE;
            knownChanges.restart();
            history.truncate(0);
            for (int i = 0; i < disk.tree().size(); i++) {
                history.add(disk.tree().get(i));
            }
            compare = Optional.empty();
            perform(new Input.CompareEnded());
        }
    }
}
