package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.controller.ClusterMessageCodec;
import io.leasehold.heartbeat.controller.CommandId;
import io.leasehold.heartbeat.controller.Controller;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.controller.VolumeStatus;
import io.leasehold.heartbeat.controller.WallClock;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.fencing.FencingArbiter;
import io.leasehold.heartbeat.record.arbiter.operator.OperatorArbiter;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import io.leasehold.heartbeat.resource.ResourceName;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One box: power, keeper with gate and beats, the daemon with the production {@link Controller},
 * and its {@link Volume}. What it does depends on its state and the input alone.
 *
 * <p>There is one of these per node; {@link Boxes} puts it into the state that an input is for.
 */
final class Box implements Volume.Listener {
    private static final WallClock WALL_CLOCK =
            new WallClock(Clock.NOW_NANOS, Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);

    /** Enough to tell a daemon from the one before; nobody compares more. */
    private static final int INCARNATIONS = 4;

    /** What a crash within a step can come before or behind. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private Died() {
            super("", null, false, false);
        }
    }

    /** What is fixed in a controller when it is made; one is kept for each. */
    private record Life(String bootId, long incarnation, boolean stateFound, boolean poweredOn) {}

    private record Run(Controller controller, Memory memory) {}

    private final NodeName name;
    private final NodeName peer;
    private final ArbitrationMode mode;
    private final transient Mutation mutation;
    private final transient Map<Life, Run> runs = new HashMap<>();
    private final transient List<Output> outputs = new ArrayList<>();
    private final transient List<Packet> packets = new ArrayList<>();
    private final transient List<String> told = new ArrayList<>();
    private final transient Deque<Effect> ordered = new ArrayDeque<>();
    private transient int effectsPerformed;
    private transient int effectsMax;
    private transient @Nullable Run run;

    private final Volume volume;

    // Power and disk.
    private boolean powered;
    private long boots;
    private Optional<DurableState> rights = Optional.empty();

    // Keeper.
    private Optional<Announcement> payload = Optional.empty();
    private long gateUntilNanos;
    private boolean volumeRuns;
    private long progressNanos;
    private boolean shutDown;
    private long incarnations;

    /** A client waits for its operation; the kernel keeps the request while the mount lives. */
    private long writeInFlight;

    // Daemon.
    private Optional<Life> life = Optional.empty();
    private final List<Event> inbox = new ArrayList<>();
    private final List<Effect> orders = new ArrayList<>();
    private Optional<VolumeStatus> reported = Optional.empty();
    private boolean tickDue;

    /** It takes its events one by one, later than its volume goes on. */
    private boolean lags;

    Box(int index, ArbitrationMode mode, Mutation mutation) {
        this.name = Scope.NODES.get(index);
        this.peer = Scope.NODES.get(1 - index);
        this.mode = mode;
        this.mutation = mutation;
        this.volume =
                new Volume(name.value(), peer.value(), new DeviceId(index + 1, 0), mutation, this);
    }

    // ---- its state, for Boxes ----

    /** What the daemon's machines remember; empty without a daemon. */
    @Nullable Object[] daemonMemory() {
        return run == null ? new @Nullable Object[0] : run.memory.read();
    }

    /** To be called when everything else of the box is as it shall be. */
    void daemonMemory(@Nullable Object[] values) {
        if (life.isEmpty()) {
            run = null;
            return;
        }
        run = runOf(life.get());
        run.memory.write(values);
    }

    /** The same, a quantum later. */
    void daemonMemory(@Nullable Object[] values, Renumbering renumbering) {
        if (life.isEmpty()) {
            run = null;
            return;
        }
        run = runOf(life.get());
        run.memory.write(run.memory.older(values, Clock.QUANTUM_NANOS, renumbering));
    }

    private Run runOf(Life wanted) {
        var known = runs.get(wanted);
        if (known != null) {
            return known;
        }
        var boot = new BootId(wanted.bootId);
        // Any state of this power-on or of another one: what it says is overwritten at once.
        var state = DurableState.fresh(mode, name, wanted.poweredOn ? new BootId("another") : boot);
        var controller =
                new Controller(
                        Scope.configuration(name, mode),
                        arbiter(),
                        boot,
                        wanted.incarnation,
                        wanted.stateFound ? Optional.of(state) : Optional.empty(),
                        WALL_CLOCK);
        var made = new Run(controller, new Memory(controller));
        runs.put(wanted, made);
        return made;
    }

    private Arbiter arbiter() {
        return mutation.arbiter(
                switch (mode) {
                    case FENCING -> new FencingArbiter(name, peer);
                    case OPERATOR -> new OperatorArbiter(name, peer);
                    case ZOOKEEPER -> new ZookeeperArbiter(name, peer);
                });
    }

    Facts facts() {
        return new Facts(
                powered,
                life.isPresent(),
                powered && life.isEmpty() && !shutDown,
                inbox.size(),
                !orders.isEmpty(),
                volume.isSyncDue(),
                volume.isCommitDue(),
                volume.isCopyDue(),
                tickDue,
                volume.isConnected(),
                powered && volumeRuns && volume.takesWrites() && writeInFlight == 0,
                volume.hasUnsynced(),
                powered && volumeRuns && Clock.NOW_NANOS < gateUntilNanos,
                powered ? payload : Optional.empty(),
                Clock.NOW_NANOS - progressNanos,
                rights,
                List.copyOf(volume.log()),
                volume.machine().role() == io.leasehold.blockrep.replication.Role.PRIMARY);
    }

    // ---- what happens ----

    /** What it did, in order. */
    List<Output> take(Input input) {
        outputs.clear();
        packets.clear();
        told.clear();
        ordered.clear();
        effectsPerformed = 0;
        effectsMax = Integer.MAX_VALUE;
        if (input instanceof Input.DiesWithin(var first, int effects, var death)) {
            effectsMax = effects;
            try {
                happen(first);
                throw new IllegalStateException("it has no " + effects + " effects: " + first);
            } catch (Died _) {
                ordered.clear();
                effectsMax = Integer.MAX_VALUE;
                happen(death);
            }
        } else {
            happen(input);
        }
        flushPackets();
        return List.copyOf(outputs);
    }

    private void happen(Input input) {
        begin(input);
        while (!lags && life.isPresent() && !inbox.isEmpty()) {
            hear();
        }
    }

    private void flushPackets() {
        if (!packets.isEmpty()) {
            outputs.add(new Output.Send(packets));
            packets.clear();
        }
    }

    /** How many effects the last input had, of those that a crash could come in between of. */
    int effectsPerformed() {
        return effectsPerformed;
    }

    /** What the daemon said about it. */
    List<String> told() {
        return List.copyOf(told);
    }

    private void begin(Input input) {
        switch (input) {
            case Input.Inbox() -> hear();
            case Input.Lag() -> lags = true;
            case Input.Order() -> carryOut(orders.removeFirst());
            case Input.Sync() -> volume.sync();
            case Input.Commit() -> volume.commit();
            case Input.Copy() -> volume.copy();
            case Input.Tick() -> {
                tickDue = false;
                volume.tick();
                if (life.isPresent()) {
                    step(new Event.Tick());
                }
            }
            case Input.Beat(var said, long ageNanos) -> {
                if (life.isPresent()) {
                    step(beat(said, ageNanos));
                }
            }
            case Input.Receive(var packets) -> {
                if (life.isPresent()) {
                    volume.receive(packets);
                }
            }
            case Input.Connect() -> volume.connect();
            case Input.Pass(boolean session, var beat, long ageNanos, _) ->
                    pass(session, beat, ageNanos);
            case Input.Write(long id) -> {
                writeInFlight = id;
                volume.write(id);
            }
            case Input.FenceAnswer(var request, var outcome, boolean off) -> {
                if (life.isPresent()) {
                    if (off) {
                        volume.endSession(peer + " was powered off");
                    }
                    step(new Event.FenceResult(request, outcome));
                }
            }
            case Input.HearEnsemble(var event) -> {
                if (life.isPresent()) {
                    step(new Event.EnsembleHeard(event));
                }
            }
            case Input.PowerOn() -> {
                powered = true;
                boots++;
                incarnations = 0;
                startDaemon();
            }
            case Input.PowerOff(boolean losesTail) -> {
                flushPackets();
                outputs.add(new Output.Vanish());
                daemonEnds();
                volume.losePower(losesTail);
                powered = false;
                keeperEnds();
                shutDown = false;
                progressNanos = 0;
                boots = boots % 2;
            }
            case Input.KillDaemon() -> killDaemon("killed");
            case Input.StartDaemon() -> startDaemon();
            case Input.Terminate() -> step(new Event.ShutdownRequested("SIGTERM"));
            case Input.Ask(var command) ->
                    step(new Event.CommandReceived(new CommandId(1), command));
            case Input.DiesWithin _ -> throw new IllegalStateException("died once already");
        }
    }

    private void hear() {
        step(inbox.removeFirst());
        // What only says how things are now is taken in with what led to it.
        while (!inbox.isEmpty() && inbox.getFirst() instanceof Event.VolumeReport) {
            step(inbox.removeFirst());
        }
    }

    private static Event beat(Announcement said, long ageNanos) {
        return new Event.BeatReceived(
                Clock.NOW_NANOS, Scope.LINK, said, ageNanos, OptionalLong.empty());
    }

    // ---- keeper ----

    private void pass(boolean session, Optional<Announcement> beat, long ageNanos) {
        lags = false;
        if (!powered) {
            return;
        }
        if (life.isPresent()) {
            progressNanos = Clock.NOW_NANOS;
            volume.quantumPassed(session);
            if (session && volume.greetedSession() != 0) {
                step(new Event.ReplicationHeard(volume.greetedSession()));
            }
            if (beat.isPresent() && life.isPresent()) {
                step(beat(beat.get(), ageNanos));
            }
        }
        if (life.isPresent()) {
            var deadline = run().controller.nextDeadlineNanos();
            tickDue =
                    volume.isTickDue()
                            || (deadline.isPresent() && deadline.getAsLong() <= Clock.NOW_NANOS);
        } else if (payload.isPresent()
                && Clock.NOW_NANOS - progressNanos >= Scope.TIMING.daemonDeadNanos()) {
            tell("keeper", "stands down: the daemon has shown no progress");
            standDown();
        }
        if (gateUntilNanos <= Clock.NOW_NANOS) {
            gateUntilNanos = 0;
        }
    }

    /** SIGKILL first, then the descriptor is closed. */
    private void standDown() {
        volumeRuns = false;
        writeInFlight = 0;
        gateUntilNanos = 0;
        payload = Optional.empty();
    }

    private void keeperEnds() {
        standDown();
    }

    private void tell(String who, String what) {
        told.add("%-10s %s".formatted(who, what));
    }

    // ---- daemon ----

    private Run run() {
        return Objects.requireNonNull(run);
    }

    private void startDaemon() {
        var boot = new BootId("boot-" + name + "-" + boots);
        volume.open();
        life =
                Optional.of(
                        new Life(
                                boot.value(),
                                incarnations,
                                rights.isPresent(),
                                rights.isEmpty() || !rights.get().bootId().equals(boot)));
        incarnations = (incarnations + 1) % INCARNATIONS;
        shutDown = false;
        progressNanos = Clock.NOW_NANOS;
        // Made anew, because a machine of such a life may have been through something already.
        runs.remove(life.get());
        var made =
                new Controller(
                        Scope.configuration(name, mode),
                        arbiter(),
                        boot,
                        life.get().incarnation,
                        rights,
                        WALL_CLOCK);
        run = new Run(made, new Memory(made));
        runs.put(life.get(), run);
        step(
                new Event.Started(
                        status(), volumeRuns ? Set.of(Scope.VOLUME) : Set.<ResourceName>of()));
        if (mode == ArbitrationMode.ZOOKEEPER) {
            inbox.add(new Event.EnsembleHeard(new EnsembleEvent.Connected()));
        }
    }

    private void killDaemon(String why) {
        tell("daemon", "ends: " + why);
        if (volume.isConnected()) {
            packets.add(new Packet.Closed("connection reset"));
        }
        daemonEnds();
    }

    private void daemonEnds() {
        life = Optional.empty();
        run = null;
        inbox.clear();
        orders.clear();
        reported = Optional.empty();
        tickDue = false;
        ordered.clear();
        lags = false;
        volume.gone();
    }

    private void step(Event event) {
        var controller = run().controller;
        order(controller.step(Clock.NOW_NANOS, event));
        var deadline = controller.nextDeadlineNanos();
        if (deadline.isPresent() && deadline.getAsLong() <= Clock.NOW_NANOS) {
            if (event instanceof Event.Tick) {
                throw new IllegalStateException("a tick leaves its deadline in the past");
            }
            order(controller.step(Clock.NOW_NANOS, new Event.Tick()));
        }
        while (!ordered.isEmpty() && life.isPresent()) {
            var effect = ordered.removeFirst();
            if (matters(effect) && effectsPerformed++ == effectsMax) {
                throw new Died();
            }
            perform(effect);
        }
    }

    private void order(List<Effect> effects) {
        boolean noted = false;
        for (var effect : effects) {
            for (var done : mutation.effects(this, effect)) {
                noted |= done instanceof Effect.Note;
                requireNoted(noted, done);
                ordered.addLast(done);
            }
        }
    }

    /** R40: the event log has a change of the record before it is made. */
    private void requireNoted(boolean noted, Effect effect) {
        if (!noted
                && effect instanceof Effect.PersistState(var state)
                && rights.filter(old -> !old.record().equals(state.record())).isPresent()) {
            throw new Violation(
                    "R40",
                    name + " changes its record without a word: " + state.record().describe());
        }
    }

    /** Whether somebody could tell that a crash came before it and not behind it. */
    private static boolean matters(Effect effect) {
        return switch (effect) {
            case Effect.Note _,
                    Effect.Listen _,
                    Effect.PrepareResource _,
                    Effect.RoleChanged _,
                    Effect.Answer _ ->
                    false;
            case Effect.PersistState _,
                    Effect.PromiseEpoch _,
                    Effect.OpenGate _,
                    Effect.CloseGate _,
                    Effect.SendToPeer _,
                    Effect.PublishBeat _,
                    Effect.PromoteVolume _,
                    Effect.RecordChanged _,
                    Effect.ParkAndDrain _,
                    Effect.Unpark _,
                    Effect.DemoteVolume _,
                    Effect.StartResource _,
                    Effect.StopResource _,
                    Effect.MonitorResource _,
                    Effect.RunFenceAgent _,
                    Effect.AskEnsemble _,
                    Effect.SelfFence _,
                    Effect.ShutDown _ ->
                    true;
        };
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.PersistState(var state) -> persist(state);
            case Effect.PromiseEpoch(var epoch) -> {
                if (!volume.promise(epoch.value())) {
                    killDaemon("R2: the volume has promised a higher epoch than " + epoch);
                }
            }
            // Whatever has reached the keeper by now was delivered.
            case Effect.Listen() -> inbox.add(new Event.Listened(Clock.NOW_NANOS, 0));
            case Effect.OpenGate(long until) -> gateUntilNanos = until;
            case Effect.CloseGate() -> gateUntilNanos = 0;
            case Effect.Note(var decision) ->
                    tell(
                            decision.subject(),
                            "%-5s %s <- %s"
                                    .formatted(
                                            decision.rule(),
                                            decision.text(),
                                            String.join("; ", decision.causes())));
            case Effect.SendToPeer(long session, var message) -> {
                if (session == volume.greetedSession()) {
                    volume.sendToPeer(ClusterMessageCodec.encode(message));
                }
            }
            case Effect.PublishBeat(var announcement) -> payload = Optional.of(announcement);
            case Effect.RecordChanged(var epoch, var inSync, var gen) ->
                    volume.recordChanged(epoch.value(), names(inSync), gen.value());
            case Effect.Unpark() -> volume.unpark();
            case Effect.PromoteVolume _,
                    Effect.ParkAndDrain _,
                    Effect.DemoteVolume _,
                    Effect.StartResource _,
                    Effect.StopResource _ ->
                    orders.add(effect);
            case Effect.RunFenceAgent fence ->
                    outputs.add(new Output.Fence(fence.request(), fence.action()));
            case Effect.SelfFence(_, var reason) -> {
                tell("reset", reason);
                standDown();
                killDaemon("self-fenced");
            }
            case Effect.ShutDown(var reason) -> {
                tell("shut down", reason);
                killDaemon("shut down");
                keeperEnds();
                shutDown = true;
            }
            case Effect.AskEnsemble(var request) -> outputs.add(new Output.Ask(request));
            case Effect.MonitorResource _ ->
                    throw new IllegalStateException("not in this scope: " + effect);
            case Effect.PrepareResource _, Effect.RoleChanged _, Effect.Answer _ -> {}
        }
    }

    private void carryOut(Effect effect) {
        switch (effect) {
            case Effect.PromoteVolume promote ->
                    volume.promote(
                            promote.epoch(),
                            names(promote.inSync()),
                            promote.gen().value(),
                            promote.forced().stream()
                                    .map(Epoch::value)
                                    .collect(Collectors.toSet()));
            case Effect.ParkAndDrain _ -> volume.park();
            case Effect.DemoteVolume() -> {
                volume.demote();
                inbox.add(new Event.VolumeDemoted());
            }
            case Effect.StartResource(var action, var resource, _, boolean adopt) -> {
                if (adopt && !volumeRuns) {
                    inbox.add(
                            new Event.ResourceStartFailed(
                                    action, resource, "not running any more"));
                    return;
                }
                volume.mount();
                volumeRuns = true;
                if (writeInFlight != 0) {
                    volume.write(writeInFlight);
                }
                inbox.add(new Event.ResourceStarted(action, resource));
            }
            case Effect.StopResource(var action, var resource, _) -> {
                volume.unmount();
                volumeRuns = false;
                writeInFlight = 0;
                inbox.add(new Event.ResourceStopped(action, resource));
            }
            case Effect.PersistState _,
                    Effect.PromiseEpoch _,
                    Effect.OpenGate _,
                    Effect.CloseGate _,
                    Effect.Note _,
                    Effect.Listen _,
                    Effect.SendToPeer _,
                    Effect.PublishBeat _,
                    Effect.RecordChanged _,
                    Effect.Unpark _,
                    Effect.PrepareResource _,
                    Effect.MonitorResource _,
                    Effect.RunFenceAgent _,
                    Effect.AskEnsemble _,
                    Effect.Answer _,
                    Effect.RoleChanged _,
                    Effect.SelfFence _,
                    Effect.ShutDown _ ->
                    throw new IllegalStateException("was done at once: " + effect);
        }
    }

    /** R1, R2: what a box wrote down is never taken back. */
    private void persist(DurableState state) {
        if (rights.isPresent()) {
            var before = rights.get();
            if (before.promised().isAfter(state.promised())) {
                throw new Violation("R2", name + " takes a promise back: " + state);
            }
            if (before.record().isNewerThan(state.record())) {
                throw new Violation(
                        "R1",
                        name
                                + ": "
                                + before.record().describe()
                                + " became "
                                + state.record().describe());
            }
        }
        rights = Optional.of(withoutFences(state));
    }

    /** How often the peer was fenced is not in this scope (R36). */
    static DurableState withoutFences(DurableState state) {
        return state.fencesEpochMillis().isEmpty()
                ? state
                : new DurableState(
                        state.record(),
                        state.promised(),
                        state.bootId(),
                        state.deviceId(),
                        state.standing(),
                        state.wasPrimary(),
                        state.permit(),
                        state.standby(),
                        state.maintenance(),
                        state.failureCounts(),
                        List.of(),
                        state.forcedEpochs(),
                        state.lastRequestNumber());
    }

    private static Set<io.leasehold.blockrep.replication.NodeName> names(Set<NodeName> names) {
        return names.stream().map(Volume::name).collect(Collectors.toSet());
    }

    // ---- what the volume says ----

    private VolumeStatus status() {
        var log = volume.log();
        return new VolumeStatus(
                volume.device().toString(),
                log.isEmpty() && volume.lineage().entries().isEmpty(),
                new Epoch(volume.lineage().headEpoch()),
                new Position(log.size(), volume.root().toString()),
                volume.completed(),
                new Epoch(volume.promised()),
                volume.machine().frozenSinceNanos().isPresent(),
                Optional.empty(),
                Optional.empty(),
                volume.machine().isSplitBrain(),
                volume.machine().isFoundDifferent());
    }

    @Override
    public void sessionOpened(long session, Relation relation) {
        inbox.add(
                new Event.SessionOpened(
                        session,
                        switch (relation) {
                            case EQUAL -> io.leasehold.heartbeat.controller.Relation.EQUAL;
                            case PEER_BEHIND ->
                                    io.leasehold.heartbeat.controller.Relation.PEER_BEHIND;
                            case PEER_AHEAD ->
                                    io.leasehold.heartbeat.controller.Relation.PEER_AHEAD;
                            case DIVERGED -> io.leasehold.heartbeat.controller.Relation.DIVERGED;
                            case UNRELATED -> io.leasehold.heartbeat.controller.Relation.UNRELATED;
                        }));
    }

    @Override
    public void sessionClosed(long session, String reason) {
        inbox.add(new Event.SessionClosed(session, reason));
    }

    @Override
    public void messageArrived(long session, byte[] message) {
        try {
            inbox.add(new Event.PeerMessage(session, ClusterMessageCodec.decode(message)));
        } catch (LayoutException e) {
            throw new IllegalStateException("what was encoded cannot be decoded", e);
        }
    }

    @Override
    public void shrinkWanted(String reason) {
        inbox.add(new Event.ShrinkWanted(reason));
    }

    @Override
    public void growWanted(long session, long equalAt) {
        inbox.add(new Event.GrowWanted(session, equalAt));
    }

    @Override
    public void promoted(Epoch epoch) {
        inbox.add(new Event.VolumePromoted(epoch));
    }

    @Override
    public void promotionFailed(Epoch epoch, String reason) {
        inbox.add(new Event.VolumePromotionFailed(epoch, reason));
    }

    @Override
    public void drained(long seq, Root root) {
        inbox.add(new Event.VolumeDrained(new Position(seq, root.toString())));
    }

    @Override
    public void factsChanged() {
        var now = Optional.of(status());
        if (!now.equals(reported)) {
            reported = now;
            inbox.add(new Event.VolumeReport(now.get()));
        }
    }

    @Override
    public void acknowledged(List<Operation> history, long upTo) {
        outputs.add(new Output.Acknowledge(history, (int) upTo));
        if (upTo <= history.size()
                && history.subList(0, (int) upTo).stream()
                        .anyMatch(operation -> operation.id() == writeInFlight)) {
            writeInFlight = 0;
        }
    }

    @Override
    public void send(Packet packet) {
        packets.add(packet);
    }

    /**
     * What the world outside can know of a box.
     *
     * @param mayRestart its keeper would start the daemon again
     * @param serves what it answers would leave it now (I3)
     */
    record Facts(
            boolean powered,
            boolean running,
            boolean mayRestart,
            int inbox,
            boolean orderDue,
            boolean syncDue,
            boolean commitDue,
            boolean copyDue,
            boolean tickDue,
            boolean connected,
            boolean takesWrites,
            boolean hasUnsynced,
            boolean serves,
            Optional<Announcement> payload,
            long progressAgeNanos,
            Optional<DurableState> rights,
            List<Operation> log,
            boolean writes) {

        boolean isUpToDate() {
            return rights.filter(state -> state.standing() == Standing.UP_TO_DATE).isPresent();
        }
    }
}
