package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Effect;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.heartbeat.record.Epoch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The volume of one box: the production {@link Replication}, and around it a journal of a few
 * operations and one end of a session, which do what {@code Replicator} and {@code Conversation}
 * do. What waits for the disk ({@link #syncDue}, {@link #commitDue}) is a step of its own.
 */
final class Volume {
    static final long REPLICA_TIMEOUT_NANOS = 1_500_000_000L;

    /** What the box is told; it passes it on to its daemon, later. */
    interface Listener {
        void sessionOpened(long session, Relation relation);

        void sessionClosed(long session, String reason);

        void messageArrived(long session, Packet.Cluster message);

        void shrinkWanted(String reason);

        void growWanted(long session, long equalAt);

        void promoted(Epoch epoch);

        void promotionFailed(Epoch epoch, String reason);

        void drained(long seq, Root root);

        void factsChanged();

        void acknowledged(List<Operation> history, long upTo);

        void send(Packet packet);
    }

    private enum Purpose {
        CLIENT,
        PROMOTION,
        DRAIN
    }

    /** What the sender's thread has to send. */
    private enum Copy {
        NONE,
        REPLAY,
        COMPARE
    }

    private record Waiting(long upTo, Purpose purpose, long epoch) {}

    private final transient Listener listener;
    private final transient Mutation mutation;
    private final NodeName self;
    private final NodeName peer;
    private final DeviceId device;
    private final Replication machine;
    private final transient Memory machineMemory;
    private final transient @Nullable Object[] machineFresh;

    // On disk. What is behind "synced" is lost with the power.
    private final List<Operation> log = new ArrayList<>();
    private long synced;
    private long promised;
    private Lineage lineage = Lineage.EMPTY;
    private Optional<Seq> acknowledgedAlone = Optional.empty();

    // Of this run of the daemon.
    private boolean open;
    private boolean writer;
    private long writerEpoch;
    private boolean parked;
    private boolean mounted;
    private long completed;
    private boolean syncDue;
    private long flushMark;
    private final List<Waiting> waiting = new ArrayList<>();

    // The session.
    private long session;
    private boolean connected;
    private boolean announced;
    private boolean live;
    private Copy copyDue = Copy.NONE;
    private long replayPlan;
    private long replayFrom;
    private boolean receiving;
    private boolean awaitingBegin;
    private boolean comparing;
    private boolean flushAsked;
    private boolean commitDue;
    private Lineage sourceLineage = Lineage.EMPTY;
    private long silentQuanta;

    Volume(String self, String peer, DeviceId device, Mutation mutation, Listener listener) {
        this.listener = listener;
        this.mutation = mutation;
        this.self = new NodeName(self);
        this.peer = new NodeName(peer);
        this.device = device;
        this.machine = new Replication(this.self, this.peer, 0, REPLICA_TIMEOUT_NANOS);
        this.machineMemory = new Memory(machine);
        this.machineFresh = machineMemory.read();
    }

    // ---- facts ----

    Replication machine() {
        return machine;
    }

    NodeName self() {
        return self;
    }

    List<Operation> log() {
        return Collections.unmodifiableList(log);
    }

    DeviceId device() {
        return device;
    }

    Lineage lineage() {
        return lineage;
    }

    long promised() {
        return promised;
    }

    long completed() {
        return completed;
    }

    Root root() {
        return Operation.rootOf(log);
    }

    boolean hasUnsynced() {
        return synced < log.size();
    }

    boolean takesWrites() {
        return open && writer && mounted && !parked;
    }

    boolean isSyncDue() {
        return syncDue;
    }

    boolean isCommitDue() {
        return commitDue;
    }

    boolean isCopyDue() {
        return copyDue != Copy.NONE;
    }

    boolean isConnected() {
        return connected;
    }

    long announcedSession() {
        return connected && announced ? session : 0;
    }

    boolean isTickDue() {
        var deadline = machine.nextDeadlineNanos();
        return open && deadline.isPresent() && deadline.getAsLong() <= Clock.NOW_NANOS;
    }

    // ---- life ----

    /** A daemon starts: what was in the journal is found. */
    void open() {
        machineMemory.write(machineFresh);
        open = true;
        step(new Event.Promised(promised));
    }

    /** The daemon is gone; what it knew is, too. */
    void gone() {
        open = false;
        writer = false;
        writerEpoch = 0;
        parked = false;
        mounted = false;
        completed = 0;
        syncDue = false;
        flushMark = 0;
        waiting.clear();
        endSession();
        session = 0;
        replayPlan = 0;
        replayFrom = 0;
        machineMemory.write(machineFresh);
    }

    void losePower(boolean losesTail) {
        if (losesTail) {
            while (log.size() > synced) {
                log.removeLast();
            }
        }
        synced = log.size();
    }

    // ---- the front-end ----

    void mount() {
        if (machine.role() != Role.PRIMARY) {
            throw new Violation("R38", self + " mounts without being the writer");
        }
        mounted = true;
    }

    void unmount() {
        mounted = false;
    }

    /** A client's operation; one that was carried out already is only waited for. */
    void write(long id) {
        var found = 0;
        for (int i = 0; i < log.size(); i++) {
            if (log.get(i).id() == id) {
                found = i + 1;
            }
        }
        if (found == 0) {
            var operation = new Operation(id, writerEpoch);
            log.add(operation);
            found = log.size();
            if (live) {
                listener.send(new Packet.OperationIs(writerEpoch, found, operation));
            }
        }
        whenDurable(new Waiting(found, Purpose.CLIENT, 0));
    }

    private void whenDurable(Waiting wish) {
        if (wish.upTo <= completed) {
            done(wish);
            return;
        }
        waiting.add(wish);
        step(new Event.FlushWanted(new Seq(wish.upTo)));
        if (live && wish.upTo > flushMark) {
            flushMark = log.size();
            listener.send(new Packet.Flush(writerEpoch));
        }
        syncDue = true;
    }

    private void done(Waiting wish) {
        switch (wish.purpose) {
            case CLIENT -> {}
            case PROMOTION -> listener.promoted(new Epoch(wish.epoch));
            case DRAIN -> {
                if (parked) {
                    listener.drained(log.size(), root());
                }
            }
        }
    }

    void sync() {
        syncDue = false;
        synced = log.size();
        step(new Event.LocallyDurable(new Seq(synced)));
    }

    // ---- the machine ----

    void tick() {
        if (isTickDue()) {
            step(new Event.Tick());
        }
    }

    private void step(Event happened) {
        for (var event : mutation.volumeEvents(this, happened)) {
            take(event);
        }
    }

    private void take(Event event) {
        var due = new ArrayList<Waiting>();
        for (var effect : machine.step(Clock.NOW_NANOS, event)) {
            if (effect instanceof Effect.Complete(var upTo)) {
                listener.acknowledged(log(), upTo.value());
                completed = upTo.value();
                due.addAll(waiting.stream().filter(wish -> wish.upTo <= completed).toList());
                waiting.removeAll(due);
            } else {
                perform(effect);
            }
        }
        due.forEach(this::done);
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.Complete _ -> throw new IllegalStateException("completed before");
            case Effect.WantShrink(var reason) -> listener.shrinkWanted(reason);
            case Effect.WantGrow(var equalAt) ->
                    listener.growWanted(announcedSession(), equalAt.value());
            case Effect.StartReplay(var id, long plan, var from) -> {
                replayPlan = plan;
                live = false;
                copyDue = isOpen(id) ? Copy.REPLAY : Copy.NONE;
                replayFrom = from.value();
            }
            case Effect.StartCompare(var id, _, _) -> {
                live = false;
                copyDue = isOpen(id) ? Copy.COMPARE : Copy.NONE;
            }
            case Effect.RefusePeer(_, var reason) -> {
                if (reason.startsWith("R29") || reason.startsWith("R30")) {
                    throw new Violation("R29", "split brain: " + reason);
                }
            }
            case Effect.CloseSession(var id, var reason) -> {
                if (isOpen(id)) {
                    close(reason);
                }
            }
            case Effect.ReportDivergence(var at) ->
                    throw new Violation(
                            "I2", self + " and its peer hold different operations at " + at);
        }
        listener.factsChanged();
    }

    private boolean isOpen(SessionId id) {
        return connected && announced && id.value() == session;
    }

    // ---- what the daemon orders ----

    /** R2; false if a higher epoch is promised already. */
    boolean promise(long epoch) {
        settleReader();
        if (epoch <= promised) {
            return epoch == promised;
        }
        promised = epoch;
        step(new Event.Promised(epoch));
        announceStanding();
        return true;
    }

    void promote(Epoch wanted, Set<NodeName> inSync, long generation, Set<Long> forced) {
        settleReader();
        long epoch = wanted.value();
        var refusal = refusal(epoch, inSync);
        if (refusal.isPresent()) {
            listener.promotionFailed(wanted, refusal.get());
            return;
        }
        synced = log.size();
        receiving = false;
        var tail = new Seq(log.size());
        promised = epoch;
        lineage = lineage.begin(epoch, tail.next(), device);
        acknowledgedAlone = aloneSince(inSync, log.size());
        writerEpoch = epoch;
        writer = true;
        parked = false;
        completed = 0;
        waiting.removeIf(wish -> wish.purpose == Purpose.PROMOTION);
        step(
                new Event.Promoted(
                        epoch,
                        inSync,
                        generation,
                        tail,
                        tail,
                        lineage.only(new HashSet<>(forced))));
        whenDurable(new Waiting(tail.value(), Purpose.PROMOTION, epoch));
    }

    private Optional<String> refusal(long epoch, Set<NodeName> inSync) {
        if (epoch < promised || epoch <= lineage.headEpoch()) {
            return Optional.of("epoch " + epoch + ", promised " + promised);
        }
        if (comparing) {
            return Optional.of("R31: this copy is being compared");
        }
        var facts = machine.peer();
        if (inSync.contains(peer) && facts.isPresent()) {
            return switch (facts.get().relation()) {
                case PEER_AHEAD, DIVERGED, UNRELATED ->
                        Optional.of("the peer's history is " + facts.get().relation());
                case EQUAL, PEER_BEHIND -> Optional.empty();
            };
        }
        return Optional.empty();
    }

    private Optional<Seq> aloneSince(Set<NodeName> inSync, long last) {
        if (inSync.contains(peer)) {
            return Optional.empty();
        }
        return acknowledgedAlone.isPresent() ? acknowledgedAlone : Optional.of(new Seq(last + 1));
    }

    void recordChanged(long epoch, Set<NodeName> inSync, long generation) {
        if (machine.role() != Role.PRIMARY || machine.epoch() != epoch) {
            return;
        }
        acknowledgedAlone = aloneSince(inSync, completed);
        step(new Event.RecordChanged(epoch, inSync, generation));
        if (live) {
            listener.send(new Packet.InSync(writerEpoch, inSync.contains(peer)));
        }
        listener.factsChanged();
    }

    void park() {
        parked = true;
        whenDurable(new Waiting(log.size(), Purpose.DRAIN, 0));
    }

    void unpark() {
        parked = false;
        waiting.removeIf(wish -> wish.purpose == Purpose.DRAIN);
    }

    void demote() {
        if (mounted) {
            throw new Violation("R38", self + " demotes while openers can still write");
        }
        writer = false;
        parked = false;
        live = false;
        waiting.clear();
        settleReader();
        step(new Event.Demoted());
        synced = log.size();
        syncDue = false;
        announceStanding();
        listener.factsChanged();
    }

    void endSession(String reason) {
        if (connected) {
            close(reason);
        }
    }

    void sendToPeer(Packet.Cluster message) {
        if (announcedSession() != 0) {
            listener.send(message);
        }
    }

    // ---- the session ----

    /** A connection was made; the standing is said first. */
    void connect() {
        connected = true;
        announced = false;
        silentQuanta = 0;
        // Two numbers are enough: what belongs to the one before is gone when a third begins.
        session = session == 1 ? 2 : 1;
        announceStanding();
    }

    private void announceStanding() {
        if (connected) {
            listener.send(new Packet.StandingIs(standing()));
        }
    }

    private Standing standing() {
        return new Standing(
                self,
                device,
                machine.role(),
                promised,
                lineage,
                new Seq(log.size()),
                Seq.NONE,
                root(),
                acknowledgedAlone);
    }

    /** This end closes; what is under way to it arrives nowhere. */
    private void close(String reason) {
        listener.send(new Packet.Closed(reason));
        ended(reason);
    }

    private void ended(String reason) {
        var was = announcedSession();
        synced = log.size();
        endSession();
        if (was != 0) {
            step(new Event.SessionClosed(new SessionId(was), reason));
            listener.sessionClosed(was, reason);
        }
    }

    private void endSession() {
        connected = false;
        announced = false;
        live = false;
        copyDue = Copy.NONE;
        receiving = false;
        awaitingBegin = false;
        comparing = false;
        flushAsked = false;
        commitDue = false;
        sourceLineage = Lineage.EMPTY;
        silentQuanta = 0;
    }

    /** A quantum has passed, in which the peer's signs of life came through or not. */
    void quantumPassed(boolean heard) {
        if (!connected) {
            return;
        }
        silentQuanta = heard ? 0 : silentQuanta + 1;
        if (silentQuanta * Clock.QUANTUM_NANOS > REPLICA_TIMEOUT_NANOS) {
            close("nothing heard for a replica-timeout");
        }
    }

    void receive(Packet packet) {
        if (!connected) {
            return;
        }
        if (packet instanceof Packet.Closed(var reason)) {
            ended("connection closed by the peer: " + reason);
            return;
        }
        if (!announced) {
            if (!(packet instanceof Packet.StandingIs(var standing))) {
                close("the first frame must be the standing");
                return;
            }
            announced = true;
            var facts = PeerFacts.of(standing(), standing);
            listener.sessionOpened(session, facts.relation());
            ready(facts);
            return;
        }
        handle(packet);
        if (flushAsked && connected) {
            commitDue = true;
        }
    }

    private void handle(Packet packet) {
        switch (packet) {
            case Packet.StandingIs(var standing) -> ready(PeerFacts.of(standing(), standing));
            case Packet.Cluster message -> listener.messageArrived(session, message);
            case Packet.Rejected(var reason) -> close("the peer rejects us: " + reason);
            case Packet.Durable(long seq, var root) ->
                    step(
                            new Event.PeerDurable(
                                    new SessionId(session), new Seq(seq), check(seq, root)));
            case Packet.ReplayBegins(long epoch, long after, var from) -> {
                if (accepts(epoch)) {
                    replayBegins(after, from);
                }
            }
            case Packet.OperationIs(long epoch, long seq, var operation) -> {
                if (accepts(epoch) && isReceiving()) {
                    received(seq, operation);
                }
            }
            case Packet.Live(long epoch) -> {
                if (accepts(epoch) && isReceiving()) {
                    adoptLineage();
                    began(ReplicationState.MIRRORING);
                }
            }
            case Packet.Flush(long epoch) -> {
                if (accepts(epoch) && isReceiving()) {
                    flushAsked = true;
                }
            }
            case Packet.InSync(long epoch, boolean receiver) -> {
                if (accepts(epoch) && isReceiving()) {
                    began(receiver ? ReplicationState.ESTABLISHED : ReplicationState.MIRRORING);
                }
            }
            case Packet.CompareBegins(long epoch) -> {
                if (accepts(epoch)) {
                    if (comparing) {
                        close("a compare begins within another one");
                        return;
                    }
                    receiving = false;
                    awaitingBegin = false;
                    comparing = true;
                    began(ReplicationState.COMPARE_TARGET);
                }
            }
            case Packet.CompareEnds(long epoch, var theirs, var from) -> {
                if (accepts(epoch) && !awaitingBegin) {
                    if (!comparing) {
                        close("no compare has begun");
                        return;
                    }
                    compareEnds(theirs, from);
                }
            }
            case Packet.Closed _ -> throw new IllegalStateException("handled before");
        }
    }

    private boolean isReceiving() {
        if (!receiving && !awaitingBegin && connected) {
            close("operations without a begin of replay");
        }
        return receiving && !awaitingBegin && connected;
    }

    private void began(ReplicationState state) {
        step(new Event.SourceBegan(new SessionId(session), state));
    }

    /** R2. */
    private boolean accepts(long epoch) {
        var rejection = mutation.rejects(machine.rejects(epoch));
        if (rejection.isPresent()) {
            listener.send(new Packet.Rejected(rejection.get()));
            close("rejected: " + rejection.get());
            return false;
        }
        if (machine.role() == Role.PRIMARY) {
            close("R2: the peer writes a higher epoch than ours: " + epoch);
            return false;
        }
        if (epoch > promised) {
            promised = epoch;
            step(new Event.Promised(epoch));
        }
        return true;
    }

    private void replayBegins(long after, Lineage from) {
        if (after != log.size()) {
            receiving = false;
            awaitingBegin = true;
            announceStanding();
            return;
        }
        awaitingBegin = false;
        sourceLineage = from;
        receiving = true;
        adoptLineage();
        began(ReplicationState.REPLAY_TARGET);
    }

    private void adoptLineage() {
        var reached = sourceLineage.upTo(new Seq(log.size()));
        if (!reached.equals(lineage)) {
            lineage = reached;
            promised = Math.max(promised, reached.headEpoch());
            acknowledgedAlone = Optional.empty();
        }
    }

    private void received(long seq, Operation operation) {
        if (seq != log.size() + 1) {
            close("operation " + seq + " behind " + log.size());
            return;
        }
        if (operation.epoch() > lineage.headEpoch()) {
            adoptLineage();
        }
        log.add(operation);
    }

    private void compareEnds(List<Operation> theirs, Lineage from) {
        log.clear();
        log.addAll(theirs);
        synced = log.size();
        lineage = from.upTo(new Seq(log.size()));
        promised = Math.max(promised, from.headEpoch());
        acknowledgedAlone = Optional.empty();
        comparing = false;
        announceStanding();
    }

    /** Durable, then acknowledged. */
    void commit() {
        commitDue = false;
        flushAsked = false;
        synced = log.size();
        if (connected && receiving) {
            listener.send(new Packet.Durable(synced, root()));
        }
    }

    /** Whoever needs the reader's lock finds it between two frames. */
    private void settleReader() {
        if (commitDue) {
            commit();
        }
    }

    private RootCheck check(long seq, Root root) {
        if (seq > log.size()) {
            return RootCheck.UNKNOWN;
        }
        return Operation.rootOf(log.subList(0, (int) seq)).equals(root)
                ? RootCheck.EQUAL
                : RootCheck.DIFFERENT;
    }

    // ---- as source ----

    private void ready(PeerFacts facts) {
        step(new Event.PeerReady(new SessionId(session), facts, replayCheck(facts)));
    }

    private ReplayCheck replayCheck(PeerFacts facts) {
        long last = facts.standing().last().value();
        return facts.replayCheck(
                new Seq(1),
                last <= log.size()
                        ? Optional.of(Operation.rootOf(log.subList(0, (int) last)))
                        : Optional.empty());
    }

    /** The sender's thread gets to it. */
    void copy() {
        var due = copyDue;
        copyDue = Copy.NONE;
        if (!connected || !writer) {
            return;
        }
        switch (due) {
            case NONE -> {}
            case REPLAY -> replay();
            case COMPARE -> compare();
        }
    }

    private void replay() {
        long sent = replayFrom - 1;
        listener.send(new Packet.ReplayBegins(writerEpoch, sent, lineage));
        while (sent < log.size()) {
            sent++;
            listener.send(new Packet.OperationIs(writerEpoch, sent, log.get((int) sent - 1)));
        }
        listener.send(new Packet.Live(writerEpoch));
        listener.send(new Packet.Flush(writerEpoch));
        live = true;
        flushMark = sent;
        step(new Event.WentLive(new SessionId(session), replayPlan, new Seq(sent)));
    }

    private void compare() {
        listener.send(new Packet.CompareBegins(writerEpoch));
        // The target will stand here: it must never be ahead of a source that loses power.
        synced = log.size();
        step(new Event.CompareSent(new SessionId(session), new Seq(log.size()), root()));
        listener.send(new Packet.CompareEnds(writerEpoch, List.copyOf(log), lineage));
    }

    static NodeName name(io.leasehold.heartbeat.record.NodeName name) {
        return new NodeName(Objects.requireNonNull(name).value());
    }
}
