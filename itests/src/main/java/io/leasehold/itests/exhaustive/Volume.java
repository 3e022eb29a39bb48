package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Effect;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Outflow;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.replication.Tenure;
import io.leasehold.blockrep.session.Input;
import io.leasehold.blockrep.session.LocalCopy;
import io.leasehold.blockrep.session.Order;
import io.leasehold.blockrep.session.SessionProtocol;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.heartbeat.record.Epoch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The volume of one box: the production machines {@link Replication}, {@link Outflow}, {@link
 * Tenure} and {@link SessionProtocol} with its frames, and around them a journal of a few
 * operations and one end of a connection, which do what {@code Replicator} and {@code Conversation}
 * do. What waits for the disk ({@link #isSyncDue}, {@link #isCommitDue}) or for the sender's thread
 * ({@link #isCopyDue}) is a step of its own; what production leaves to its event thread is done at
 * the end of the step.
 */
final class Volume {
    static final long REPLICA_TIMEOUT_NANOS = 1_500_000_000L;

    private static final ClusterName CLUSTER = new ClusterName("scope");

    /** What the box is told; it passes it on to its daemon, later. */
    interface Listener {
        void sessionOpened(long session, Relation relation);

        void sessionClosed(long session, String reason);

        void messageArrived(long session, byte[] message);

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

    private record Waiting(long upTo, Purpose purpose, long epoch) {}

    /** A production machine that lives as long as a daemon or a session, and is then made anew. */
    private static final class Core<T> {
        private final T machine;
        private final transient Memory memory;
        private final transient @Nullable Object[] fresh;

        private Core(T machine) {
            this.machine = machine;
            this.memory = new Memory(machine);
            this.fresh = memory.read();
        }

        private void beginAnew() {
            memory.write(fresh);
        }
    }

    private final transient Listener listener;
    private final NodeName self;
    private final NodeName peer;
    private final DeviceId device;
    private final transient Mutation mutation;
    private final Core<Replication> replication;
    private final Core<Outflow<SessionId>> outflow;

    /** Two are enough: what belongs to the one before is gone when a third begins. */
    private final List<Core<SessionProtocol>> protocols;

    // On disk. What is behind "synced" is lost with the power.
    private final List<Operation> log = new ArrayList<>();
    private long synced;
    private long promised;
    private Lineage lineage = Lineage.EMPTY;
    private Optional<Seq> acknowledgedAlone = Optional.empty();

    // Of this run of the daemon.
    private boolean open;
    private boolean mounted;
    private long completed;
    private boolean syncDue;
    private final List<Waiting> waiting = new ArrayList<>();

    // The connection.
    private long session;
    private boolean connected;
    private Optional<Effect> copyDue = Optional.empty();
    private boolean commitDue;
    private final List<Operation> shadow = new ArrayList<>();
    private long silentQuanta;

    /** What is left to the event thread while a session's orders are carried out. */
    private transient @Nullable Deque<Runnable> held;

    Volume(String self, String peer, DeviceId device, Mutation mutation, Listener listener) {
        this.listener = listener;
        this.mutation = mutation;
        this.self = new NodeName(self);
        this.peer = new NodeName(peer);
        this.device = device;
        this.replication =
                new Core<>(new Replication(this.self, this.peer, 0, REPLICA_TIMEOUT_NANOS));
        this.outflow = new Core<>(new Outflow<>());
        this.protocols = List.of(protocol(1), protocol(2));
    }

    private Core<SessionProtocol> protocol(long number) {
        return new Core<>(
                new SessionProtocol(new SessionId(number), CLUSTER, peer, new OwnCopy(this)));
    }

    // ---- facts ----

    Replication machine() {
        return replication.machine;
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

    private Seq last() {
        return new Seq(log.size());
    }

    boolean hasUnsynced() {
        return synced < log.size();
    }

    boolean takesWrites() {
        return open && mounted && outflow.machine.takesOperations();
    }

    boolean isSyncDue() {
        return syncDue;
    }

    boolean isCommitDue() {
        return commitDue;
    }

    boolean isCopyDue() {
        return copyDue.isPresent();
    }

    boolean isConnected() {
        return connected;
    }

    private SessionProtocol protocol() {
        return protocols.get((int) session - 1).machine;
    }

    /** The session of which the daemon knows; 0 without one. */
    long greetedSession() {
        return connected && protocol().isGreeted() ? session : 0;
    }

    boolean isTickDue() {
        var deadline = machine().nextDeadlineNanos();
        return open && deadline.isPresent() && deadline.getAsLong() <= Clock.NOW_NANOS;
    }

    // ---- life ----

    /** A daemon starts: what was in the journal is found, and durable from then on. */
    void open() {
        open = true;
        synced = log.size();
        step(new Event.Promised(promised));
    }

    /** The daemon is gone; what it knew is, too. */
    void gone() {
        open = false;
        mounted = false;
        completed = 0;
        syncDue = false;
        waiting.clear();
        endConnection();
        session = 0;
        replication.beginAnew();
        outflow.beginAnew();
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
        if (machine().role() != Role.PRIMARY) {
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
            long epoch = outflow.machine.epoch();
            var operation = new Operation(id, epoch);
            log.add(operation);
            found = log.size();
            if (outflow.machine.live().isPresent()) {
                send(epoch, last(), operation.framed(root()));
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
        outflow.machine
                .flushMark(new Seq(wish.upTo), last())
                .ifPresent(mark -> send(outflow.machine.epoch(), mark, flush()));
        syncDue = true;
    }

    /** What is complete by now is for a person who reads the frame. */
    private static Frame flush() {
        return new Frame.Flush(Seq.NONE);
    }

    private void done(Waiting wish) {
        switch (wish.purpose) {
            case CLIENT -> {}
            case PROMOTION -> later(() -> listener.promoted(new Epoch(wish.epoch)));
            case DRAIN -> later(() -> listener.drained(log.size(), root()));
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
        for (var effect : machine().step(Clock.NOW_NANOS, event)) {
            if (effect instanceof Effect.Complete(var upTo)) {
                listener.acknowledged(log(), upTo.value());
                completed = upTo.value();
                due.addAll(waiting.stream().filter(wish -> wish.upTo <= completed).toList());
                waiting.removeAll(due);
            } else {
                later(() -> perform(effect));
            }
        }
        due.forEach(this::done);
    }

    private void later(Runnable action) {
        if (held == null) {
            action.run();
        } else {
            held.add(action);
        }
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.Complete _ -> throw new IllegalStateException("completed before");
            case Effect.WantShrink(var reason) -> listener.shrinkWanted(reason);
            case Effect.WantGrow(var equalAt) -> {
                acknowledgedAlone = Optional.empty();
                listener.growWanted(greetedSession(), equalAt.value());
            }
            case Effect.StartReplay(var id, long plan, var _) -> {
                outflow.machine.beginReplay(plan);
                copyDue = isOpen(id) ? Optional.of(effect) : Optional.empty();
            }
            case Effect.StartCompare(var id, _, _, _) ->
                    copyDue = isOpen(id) ? Optional.of(effect) : Optional.empty();
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
        return id.value() == greetedSession();
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
        var refusal =
                Tenure.refusal(
                        epoch,
                        inSync,
                        standing(),
                        machine().peer(),
                        connected && protocol().isComparing());
        if (refusal.isPresent()) {
            listener.promotionFailed(wanted, refusal.map(Promotion.Refused::detail).orElseThrow());
            return;
        }
        if (connected) {
            carryOut(new Input.Settling());
        } else {
            synced = log.size();
        }
        var tail = last();
        var tenure = Tenure.begin(epoch, inSync, standing(), peer);
        promised = tenure.promisedEpoch();
        lineage = tenure.lineage();
        acknowledgedAlone = tenure.acknowledgedAlone();
        outflow.machine.becomeWriter(epoch);
        completed = 0;
        waiting.removeIf(wish -> wish.purpose == Purpose.PROMOTION);
        step(
                new Event.Promoted(
                        epoch, inSync, generation, tail, new Seq(synced), lineage.only(forced)));
        whenDurable(new Waiting(tail.value(), Purpose.PROMOTION, epoch));
    }

    void recordChanged(long epoch, Set<NodeName> inSync, long generation) {
        if (machine().role() != Role.PRIMARY || machine().epoch() != epoch) {
            return;
        }
        acknowledgedAlone =
                Tenure.acknowledgedAlone(inSync, peer, new Seq(completed), acknowledgedAlone);
        step(new Event.RecordChanged(epoch, inSync, generation));
        if (greetedSession() != 0 && outflow.machine.isInOrder(protocol().id())) {
            send(
                    outflow.machine.isWriter()
                            ? outflow.machine.epoch()
                            : machine().promisedEpoch(),
                    last(),
                    new Frame.InSync(inSync.contains(peer)));
        }
        listener.factsChanged();
    }

    /** R17: what is written from now on waits; told once everything before is on all of inSync. */
    void park() {
        outflow.machine.park();
        whenDurable(new Waiting(log.size(), Purpose.DRAIN, 0));
    }

    void unpark() {
        outflow.machine.unpark();
        waiting.removeIf(wish -> wish.purpose == Purpose.DRAIN);
    }

    void demote() {
        if (mounted) {
            throw new Violation("R38", self + " demotes while openers can still write");
        }
        outflow.machine.stopWriting();
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

    /** Opaque, in order with everything else. */
    void sendToPeer(byte[] message) {
        if (greetedSession() != 0) {
            send(machine().promisedEpoch(), Seq.NONE, new Frame.ClusterMessage(message));
        }
    }

    // ---- the connection ----

    private void send(long epoch, Seq seq, Frame frame) {
        listener.send(Packet.Framed.of(epoch, seq, frame));
    }

    void connect() {
        connected = true;
        silentQuanta = 0;
        session = session == 1 ? 2 : 1;
        carryOut(new Input.Opened());
    }

    private void announceStanding() {
        if (connected) {
            carryOut(new Input.StandingChanged());
        }
    }

    /** What is known to be complete is of this run: no checkpoint has written it down. */
    private Standing standing() {
        return new Standing(
                self,
                device,
                machine().role(),
                promised,
                lineage,
                last(),
                new Seq(completed),
                root(),
                acknowledgedAlone);
    }

    /** This end closes; what is under way to it arrives nowhere. */
    private void close(String reason) {
        listener.send(new Packet.Closed(reason));
        later(() -> ended(reason));
    }

    private void ended(String reason) {
        if (!connected) {
            return;
        }
        connected = false;
        outflow.machine.sessionEnded(protocol().id());
        carryOut(new Input.Closed(reason));
        endConnection();
    }

    private void endConnection() {
        connected = false;
        copyDue = Optional.empty();
        commitDue = false;
        shadow.clear();
        silentQuanta = 0;
        protocols.forEach(Core::beginAnew);
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

    /** What one step of the peer sent. */
    void receive(List<Packet> together) {
        for (int i = 0; i < together.size() && connected; i++) {
            switch (together.get(i)) {
                case Packet.Closed(var reason) -> ended("connection closed by the peer: " + reason);
                case Packet.Framed frame -> {
                    carryOut(new Input.Arrived(frame.envelope()));
                    // What comes before the commit is made durable with it.
                    boolean moreIsHere = i + 1 < together.size();
                    commitDue =
                            connected
                                    && protocol()
                                            .step(new Input.Handled(moreIsHere))
                                            .contains(new Order.Sync(true));
                }
            }
        }
    }

    /** What came from the peer is durable, and acknowledged. */
    void commit() {
        commitDue = false;
        carryOut(new Order.Sync(true));
    }

    /** Whoever takes the reader's lock finds it between two frames. */
    private void settleReader() {
        if (commitDue) {
            commit();
        }
    }

    // ---- what the session orders ----

    private void carryOut(Input input) {
        inOrder(() -> perform(input));
    }

    private void carryOut(Order order) {
        inOrder(() -> perform(order));
    }

    /** What the machine wants because of an order waits until all of them are done. */
    private void inOrder(Runnable orders) {
        if (held != null) {
            throw new IllegalStateException("the session's orders are being carried out already");
        }
        Deque<Runnable> after = new ArrayDeque<>();
        held = after;
        try {
            orders.run();
        } finally {
            held = null;
        }
        after.forEach(Runnable::run);
    }

    private void perform(Input input) {
        for (var order : protocol().step(input)) {
            perform(order);
        }
    }

    private void perform(Order order) {
        switch (order) {
            case Order.Send(long epoch, var seq, var frame) -> send(epoch, seq, frame);
            case Order.End(var reason, var _) -> close(reason);
            case Order.Tell(var event) -> step(event);
            case Order.Greeted(var facts) -> {
                long opened = session;
                later(() -> listener.sessionOpened(opened, facts.relation()));
            }
            case Order.CheckReplay(var facts) ->
                    step(
                            new Event.PeerReady(
                                    protocol().id(),
                                    facts,
                                    facts.replayCheck(
                                            new Seq(1), rootAt(facts.standing().last()))));
            case Order.Deliver(var message) -> {
                long from = session;
                later(() -> listener.messageArrived(from, message));
            }
            case Order.NoteRootsEqual _, Order.NoteRejected _, Order.MakeRoom(), Order.Apply() -> {}
            case Order.ReportDivergence(var at, var what) ->
                    throw new Violation("I2", self + " and its peer differ at " + at + ": " + what);
            case Order.Farewell(var reason) -> {
                long over = session;
                later(() -> listener.sessionClosed(over, reason));
            }
            case Order.Promise(long epoch) -> {
                promised = epoch;
                step(new Event.Promised(epoch));
            }
            case Order.AdoptLineage(var adopted, long promisedWithIt) -> {
                lineage = adopted;
                promised = promisedWithIt;
                acknowledgedAlone = Optional.empty();
            }
            case Order.Append(var seq, var framed) -> {
                var operation = Operation.of(framed);
                boolean sameRoot = operation.rootAfter(root()).equals(framed.root());
                if (sameRoot) {
                    log.add(operation);
                }
                perform(new Input.Appended(seq, framed.operation().length, sameRoot));
            }
            case Order.Sync(boolean acknowledge) -> {
                synced = log.size();
                perform(new Input.Synced(last(), root(), acknowledge));
            }
            case Order.BeginCompare _, Order.AbandonCompare() -> shadow.clear();
            case Order.TakePart(var _, Frame.ManifestPart part) ->
                    shadow.addAll(Operation.ofManifest(part.bytes()));
            case Order.EndCompare(var seq, var ends) -> endCompare(seq, ends);
            case Order.TakePart _, Order.Provide _, Order.AnswerVerify _, Order.Verified _ ->
                    throw new IllegalStateException("never sent here: " + order);
        }
    }

    private void endCompare(Seq seq, Frame.CompareEnds ends) {
        if (shadow.size() != seq.value() || !Operation.rootOf(shadow).equals(ends.root())) {
            throw new Violation("R31", self + " has another shadow than the compare's: " + shadow);
        }
        log.clear();
        log.addAll(shadow);
        shadow.clear();
        synced = log.size();
        lineage = ends.lineage().upTo(seq);
        promised = Math.max(promised, ends.lineage().headEpoch());
        acknowledgedAlone = Optional.empty();
        perform(new Input.CompareEnded());
    }

    private Optional<Root> rootAt(Seq seq) {
        return seq.value() <= log.size()
                ? Optional.of(Operation.rootOf(log.subList(0, (int) seq.value())))
                : Optional.empty();
    }

    // ---- as source ----

    /** The sender's thread gets to it. */
    void copy() {
        var due = copyDue.orElseThrow();
        copyDue = Optional.empty();
        switch (due) {
            case Effect.StartReplay(var id, long plan, var from) -> replay(id, plan, from);
            case Effect.StartCompare(_, var reason, boolean keepBranch, _) ->
                    compare(reason, keepBranch);
            default -> throw new IllegalStateException("nothing to send: " + due);
        }
    }

    private void replay(SessionId to, long plan, Seq from) {
        if (!outflow.machine.replays(plan)) {
            return;
        }
        long epoch = outflow.machine.epoch();
        int sent = (int) from.value() - 1;
        send(epoch, new Seq(sent), new Frame.ReplayBegins(lineage));
        while (sent < log.size()) {
            var operation = log.get(sent++);
            send(epoch, new Seq(sent), operation.framed(Operation.rootOf(log.subList(0, sent))));
        }
        var reached = outflow.machine.goLive(plan, to, last(), last());
        if (reached != Outflow.Reached.LIVE) {
            throw new IllegalStateException("nothing came in between: " + reached);
        }
        send(epoch, last(), new Frame.Live());
        send(epoch, last(), flush());
        step(new Event.WentLive(to, plan, last()));
    }

    private void compare(String reason, boolean keepBranch) {
        long epoch = outflow.machine.epoch();
        send(epoch, last(), new Frame.CompareBegins(reason, keepBranch, root()));
        send(epoch, last(), new Frame.ManifestPart(Operation.manifest(log), true));
        // The target will stand here: it must never be ahead of a source that loses power.
        synced = log.size();
        step(new Event.CompareSent(protocol().id(), last(), root()));
        send(epoch, last(), new Frame.CompareEnds(root(), lineage));
    }

    /** The copy, as a session looks at it. */
    private static final class OwnCopy implements LocalCopy {
        private final transient Volume volume;

        private OwnCopy(Volume volume) {
            this.volume = volume;
        }

        @Override
        public Standing standing() {
            return volume.standing();
        }

        @Override
        public Optional<String> rejects(long frameEpoch) {
            return volume.machine().rejects(frameEpoch);
        }

        @Override
        public boolean isLive() {
            return volume.machine().isLive();
        }

        @Override
        public RootCheck check(Seq seq, Root root) {
            return volume.rootAt(seq)
                    .map(own -> own.equals(root) ? RootCheck.EQUAL : RootCheck.DIFFERENT)
                    .orElse(RootCheck.UNKNOWN);
        }
    }

    static NodeName name(io.leasehold.heartbeat.record.NodeName name) {
        return new NodeName(Objects.requireNonNull(name).value());
    }
}
