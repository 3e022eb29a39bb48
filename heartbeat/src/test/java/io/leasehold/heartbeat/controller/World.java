package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.membership.LinkConfiguration;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.membership.Timing;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.StateCodec;
import io.leasehold.heartbeat.record.arbiter.fencing.FencingArbiter;
import io.leasehold.heartbeat.record.arbiter.operator.OperatorArbiter;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.FakeEnsemble;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import io.leasehold.heartbeat.resource.ActionId;
import io.leasehold.heartbeat.resource.Health;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;

/**
 * Two boxes with both production controllers, on one thread and in virtual time: keeper, gate,
 * volume, links and fence devices are models, small but honest about what is durable and what is
 * only sent.
 *
 * <p>Nothing is by chance, so that the trace of the decisions can be stored as a scenario. The
 * invariants are checked after every event. Random faults are the business of {@code simulate}.
 */
final class World {

    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;
    static final ResourceName MOUNT = new ResourceName("volume");
    static final ResourceName DHCP = new ResourceName("dhcp");
    private static final LinkName CROSSOVER = new LinkName("crossover");
    private static final LinkName LAN = new LinkName("lan");
    private static final Instant EPOCH = Instant.parse("2026-01-01T14:00:00Z");

    private record Scheduled(long atNanos, long order, Runnable action) {}

    /** One way of a link, by the node that sends. */
    private record Direction(LinkName link, String from) {}

    /** One operation of the volume: which epoch wrote it, and a number unique in the world. */
    private record Op(long epoch, long id) {}

    final Map<String, Box> boxes = new LinkedHashMap<>();
    final List<String> trace = new ArrayList<>();
    final Set<Long> acknowledged = new HashSet<>();
    final ArbitrationMode mode;
    private final PriorityQueue<Scheduled> queue =
            new PriorityQueue<>(
                    Comparator.comparingLong(Scheduled::atNanos)
                            .thenComparingLong(Scheduled::order));
    private final Set<Direction> cut = new HashSet<>();
    final FakeEnsemble ensemble = new FakeEnsemble();
    private final Set<String> withoutEnsemble = new HashSet<>();
    private long now;
    private long order;
    private long nextOp = 1;
    private long nextSession = 1;
    private long nextBoot = 1;
    boolean fenceDead;

    /** Tried in this order; read when a daemon starts. */
    List<String> fenceLevels = List.of("bmc");

    final Set<String> deadLevels = new HashSet<>();
    boolean powerOnAfterFence;

    /** How long the fence device takes; the agent's answer is as late as the deed. */
    long fenceNanos = 50 * MILLI;

    String dhcpBrokenOn = "";
    boolean stopBroken;

    World(ArbitrationMode mode) {
        this.mode = mode;
        for (var name : List.of("dhcp1", "dhcp2")) {
            boxes.put(name, new Box(new NodeName(name)));
        }
        sessions();
    }

    ClusterConfiguration configuration(NodeName me, ArbitrationMode mode) {
        return new ClusterConfiguration(
                "lab",
                me,
                List.of(new NodeName("dhcp1"), new NodeName("dhcp2")),
                mode,
                new Timing(50 * MILLI, 150 * MILLI, 500 * MILLI, 3 * SECOND, 1500 * MILLI, 3),
                List.of(new LinkConfiguration(CROSSOVER, true), new LinkConfiguration(LAN, false)),
                new FencingConfiguration(
                        mode != ArbitrationMode.FENCING
                                ? List.of()
                                : fenceLevels.stream()
                                        .map(level ->
                                                new FencingConfiguration.Level(level, 2 * SECOND))
                                        .toList(),
                        0,
                        200 * MILLI,
                        500 * MILLI,
                        3,
                        SECOND,
                        4 * SECOND,
                        powerOnAfterFence,
                        3,
                        600 * SECOND),
                LeaseTiming.defaults(),
                List.of(
                        resource("volume", false, 0, false),
                        resource("vip", false, 0, false),
                        resource("dhcp", false, SECOND, false),
                        resource("arp", true, 0, true)),
                Set.of("eth0"),
                3 * SECOND,
                SECOND);
    }

    private static ResourceConfiguration resource(
            String name, boolean gate, long monitorNanos, boolean mayFail) {
        return new ResourceConfiguration(
                new ResourceName(name),
                gate,
                2 * SECOND,
                2 * SECOND,
                monitorNanos,
                SECOND,
                3,
                60 * SECOND,
                mayFail);
    }

    Box box(String name) {
        var box = boxes.get(name);
        if (box == null) {
            throw new IllegalArgumentException("no node " + name);
        }
        return box;
    }

    long nowNanos() {
        return now;
    }

    void at(long atNanos, Runnable action) {
        queue.add(new Scheduled(Math.max(atNanos, now), order++, action));
    }

    private void in(long nanos, Runnable action) {
        at(now + nanos, action);
    }

    void run(long untilNanos) {
        while (!queue.isEmpty() && queue.peek().atNanos() <= untilNanos) {
            var next = queue.remove();
            now = next.atNanos();
            next.action().run();
            check();
        }
        now = untilNanos;
    }

    void cut(LinkName link, String from) {
        cut.add(new Direction(link, from));
    }

    void cut(String link) {
        boxes.keySet().forEach(from -> cut(new LinkName(link), from));
        carriers();
    }

    void heal(String link) {
        cut.removeIf(direction -> direction.link().equals(new LinkName(link)));
        carriers();
    }

    /** The node does not reach the ensemble, or does again. */
    void ensemble(String node, boolean reachable) {
        var changed = reachable ? withoutEnsemble.remove(node) : withoutEnsemble.add(node);
        if (changed) {
            box(node).ensembleChanged();
        }
    }

    private boolean crossoverUp() {
        return cut.stream().noneMatch(direction -> direction.link().equals(CROSSOVER));
    }

    private void carriers() {
        var up = crossoverUp();
        for (var box : boxes.values()) {
            var carrier = up && boxes.values().stream().allMatch(other -> other.powered);
            if (box.powered && carrier != box.carrier) {
                box.carrier = carrier;
                in(2 * MILLI, () -> box.deliver(new Event.LinkCarrier(CROSSOVER, carrier)));
            }
        }
    }

    private boolean passes(LinkName link, Box from) {
        return !cut.contains(new Direction(link, from.name.value()));
    }

    /** Opens a session when both volumes are up and can reach each other over the crossover. */
    private void sessions() {
        in(20 * MILLI, this::sessions);
        var all = List.copyOf(boxes.values());
        var one = all.get(0);
        var other = all.get(1);
        var reachable = crossoverUp() && one.talks() && other.talks();
        if (one.session.isPresent() && one.session.equals(other.session) && reachable) {
            return;
        }
        if (one.session.isPresent() || other.session.isPresent()) {
            // Each side notices for itself: one still believes in the session that the other gave
            // up.
            for (var box : all) {
                var id = box.session;
                if (id.isPresent() && !box.closing) {
                    box.closing = true;
                    in(60 * MILLI, () -> box.sessionBroke(id.getAsLong()));
                }
            }
            return;
        }
        if (reachable) {
            var id = nextSession++;
            one.opened(id, other);
            other.opened(id, one);
        }
    }

    private Relation relation(List<Op> mine, List<Op> theirs) {
        if (mine.equals(theirs)) {
            return Relation.EQUAL;
        }
        var shorter = Math.min(mine.size(), theirs.size());
        if (!mine.subList(0, shorter).equals(theirs.subList(0, shorter))) {
            return Relation.DIVERGED;
        }
        return mine.size() > theirs.size() ? Relation.PEER_BEHIND : Relation.PEER_AHEAD;
    }

    // ---------------------------------------------------------------- invariants

    private void check() {
        var serving = boxes.values().stream().filter(Box::serves).toList();
        if (serving.size() > 1) {
            throw new AssertionError("I3: two nodes serve at " + seconds(now));
        }
        for (var box : serving) {
            if (box.checked) {
                continue;
            }
            box.checked = true;
            var missing = new TreeSet<>(acknowledged);
            box.log.forEach(op -> missing.remove(op.id()));
            if (!missing.isEmpty()) {
                throw new AssertionError(
                        "I1: "
                                + box.name
                                + " serves at "
                                + seconds(now)
                                + " without acknowledged "
                                + missing);
            }
        }
    }

    static String seconds(long nanos) {
        return "%.3fs".formatted(nanos / 1e9);
    }

    void say(String who, String text) {
        trace.add("%9s  %-6s %s".formatted(seconds(now), who, text));
    }

    // ---------------------------------------------------------------- one box

    /** One machine: what survives a power cut, what the keeper holds, and the daemon. */
    final class Box {
        final NodeName name;

        // The disk.
        private Optional<byte[]> stateFile = Optional.empty();
        private final List<Op> log = new ArrayList<>();
        private int flushed;
        private boolean checked;
        private String deviceId;
        boolean foundDifferent;

        /** What its configuration file says; read when the daemon starts. */
        ArbitrationMode arbiter = mode;

        // The power-on and its keeper.
        boolean powered;
        private boolean carrier;
        private BootId bootId = new BootId("none");
        private boolean keeperUp;
        private Optional<byte[]> payload = Optional.empty();
        private long progressNanos;
        private long gateUntil;
        final Set<ResourceName> running = new TreeSet<>();
        private long incarnation;

        // The daemon and the volume in it.
        private Optional<Controller> controller = Optional.empty();
        private long process;
        boolean paused;
        private long pausedAt;
        private final Deque<Event> pending = new ArrayDeque<>();
        private OptionalLong session = OptionalLong.empty();
        private boolean closing;
        private long announced;
        private final Deque<byte[]> arrived = new ArrayDeque<>();
        private Optional<Long> writerEpoch = Optional.empty();
        private Set<NodeName> inSync = Set.of();
        private boolean parked;
        private boolean mirrored;

        /** R10: asked for the grow, and not told yet how it ended; only where that takes time. */
        private boolean growPending;

        private boolean frozen;
        private int acknowledgedUpTo;
        private long promised;
        long servedNanos = -1;
        long nextCommand = 1;
        Optional<String> codeShown = Optional.empty();
        boolean shutDown;

        private Box(NodeName name) {
            this.name = name;
            this.deviceId = "disk-" + name;
        }

        Box other() {
            return boxes.values().stream().filter(box -> box != this).findFirst().orElseThrow();
        }

        boolean talks() {
            return controller.isPresent() && !paused;
        }

        boolean serves() {
            return powered && gateUntil > now && running.contains(DHCP);
        }

        View view() {
            return controller.orElseThrow().view(now);
        }

        DurableState state() {
            try {
                return StateCodec.decode(stateFile.orElseThrow());
            } catch (LayoutException damaged) {
                throw new AssertionError(damaged);
            }
        }

        int length() {
            return log.size();
        }

        void powerOn() {
            if (powered) {
                return;
            }
            powered = true;
            bootId = new BootId("boot-" + nextBoot++);
            incarnation = 0;
            keeperUp = true;
            shutDown = false;
            carriers();
            startDaemon();
            keeperBeats(process);
        }

        void powerOff() {
            if (!powered) {
                return;
            }
            powered = false;
            keeperUp = false;
            payload = Optional.empty();
            gateUntil = 0;
            running.clear();
            daemonGone();
            // What was not flushed is lost.
            if (log.size() > flushed) {
                log.subList(flushed, log.size()).clear();
            }
            checked = false;
            carriers();
        }

        void replaceDisk() {
            log.clear();
            flushed = 0;
            deviceId = deviceId + "'";
        }

        private void daemonGone() {
            controller = Optional.empty();
            process++;
            paused = false;
            pending.clear();
            session = OptionalLong.empty();
            closing = false;
            writerEpoch = Optional.empty();
            mirrored = false;
            growPending = false;
            frozen = false;
            parked = false;
            awaitingTail = false;
        }

        void killDaemon(long awayNanos) {
            if (controller.isEmpty()) {
                return;
            }
            daemonGone();
            var died = process;
            in(
                    awayNanos,
                    () -> {
                        if (powered && process == died && keeperUp) {
                            startDaemon();
                        }
                    });
        }

        /** SIGTERM has ended in {@link Effect.ShutDown}: the process and its keeper end. */
        void ended() {
            daemonGone();
            keeperUp = false;
            payload = Optional.empty();
            gateUntil = 0;
            running.clear();
            shutDown = true;
        }

        void pause(long nanos) {
            if (!talks()) {
                return;
            }
            paused = true;
            pausedAt = now;
            var stopped = process;
            in(
                    nanos,
                    () -> {
                        if (process == stopped && paused) {
                            paused = false;
                            progressNanos = now;
                            step(new Event.ClockGap(now - pausedAt, wallClock()));
                            while (!pending.isEmpty() && talks()) {
                                step(pending.remove());
                            }
                        }
                    });
        }

        private WallClock wallClock() {
            return new WallClock(now, EPOCH.plusNanos(now), ZoneOffset.UTC);
        }

        private void startDaemon() {
            process++;
            progressNanos = now;
            Optional<DurableState> stored =
                    stateFile.isEmpty() ? Optional.empty() : Optional.of(state());
            controller =
                    Optional.of(
                            new Controller(
                                    configuration(name, arbiter),
                                    arbiter(),
                                    bootId,
                                    incarnation++,
                                    stored,
                                    wallClock()));
            deliver(new Event.Started(volumeStatus(), running));
            deliver(new Event.LinkCarrier(CROSSOVER, carrier));
            ensembleChanged();
        }

        // -------------------------------------------------------------- ensemble

        private void ensembleChanged() {
            if (mode != ArbitrationMode.ZOOKEEPER && arbiter != ArbitrationMode.ZOOKEEPER) {
                return;
            }
            var reachable = !withoutEnsemble.contains(name.value());
            in(
                    20 * MILLI,
                    sameProcess(() ->
                            deliver(
                                    new Event.EnsembleHeard(
                                            reachable
                                                    ? new EnsembleEvent.Connected()
                                                    : new EnsembleEvent.Suspended("no member")))));
        }

        private void ask(EnsembleRequest request) {
            if (withoutEnsemble.contains(name.value())) {
                return;
            }
            in(MILLI, () -> deliver(new Event.EnsembleHeard(ensemble.execute(request))));
        }

        private Arbiter arbiter() {
            var peer = other().name;
            return switch (arbiter) {
                case FENCING -> new FencingArbiter(name, peer);
                case OPERATOR -> new OperatorArbiter(name, peer);
                case ZOOKEEPER -> new ZookeeperArbiter(name, peer);
            };
        }

        private VolumeStatus volumeStatus() {
            return new VolumeStatus(
                    deviceId,
                    log.isEmpty(),
                    new Epoch(log.isEmpty() ? 0 : log.getLast().epoch()),
                    position(),
                    acknowledgedUpTo,
                    new Epoch(promised),
                    frozen,
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    foundDifferent);
        }

        private Position position() {
            return new Position(log.size(), Integer.toHexString(log.hashCode()));
        }

        // -------------------------------------------------------------- keeper

        private void keeperBeats(long unused) {
            if (!powered || !keeperUp) {
                return;
            }
            var life = bootId;
            in(
                    50 * MILLI,
                    () -> {
                        if (powered && life.equals(bootId)) {
                            keeperBeats(unused);
                        }
                    });
            if (talks()) {
                progressNanos = now;
            }
            if (now - progressNanos > 1500 * MILLI && controller.isEmpty()) {
                // The daemon stays away: the service is killed, the gate shut, the beats stop.
                running.clear();
                gateUntil = 0;
                payload = Optional.empty();
                return;
            }
            sendBeat();
        }

        private void sendBeat() {
            if (payload.isEmpty()) {
                return;
            }
            var bytes = payload.get();
            var age = now - progressNanos;
            for (var link : List.of(CROSSOVER, LAN)) {
                if (passes(link, this) && other().powered) {
                    in(MILLI, () -> other().beat(link, bytes, age));
                }
            }
        }

        private void beat(LinkName link, byte[] bytes, long ageNanos) {
            try {
                deliver(
                        new Event.BeatReceived(
                                now,
                                link,
                                ClusterMessageCodec.decodeAnnouncement(bytes),
                                ageNanos,
                                OptionalLong.of(MILLI)));
            } catch (LayoutException damaged) {
                throw new AssertionError(damaged);
            }
        }

        // -------------------------------------------------------------- volume

        private void opened(long id, Box peer) {
            session = OptionalLong.of(id);
            arrived.clear();
            closing = false;
            mirrored = false;
            var found = relation(log, peer.log);
            in(
                    2 * MILLI,
                    () -> {
                        if (isSession(id)) {
                            announced = id;
                            deliver(new Event.SessionOpened(id, found));
                            takeIn(id);
                            source(id);
                        }
                    });
        }

        private boolean isSession(long id) {
            return session.isPresent() && session.getAsLong() == id;
        }

        private void sessionBroke(long id) {
            if (isSession(id)) {
                session = OptionalLong.empty();
                closing = false;
                mirrored = false;
                deliver(new Event.SessionClosed(id, "connection lost"));
                if (writerEpoch.isPresent() && needsPeer()) {
                    freeze("no replication session");
                }
            }
        }

        private boolean needsPeer() {
            return inSync.size() == 2 || growPending;
        }

        /** A DHCP server writes when it starts: it does not get further than that. */
        private void unanswered(ActionId start) {
            running.add(DHCP);
            long heldUpNanos = now;
            in(
                    SECOND,
                    sameProcess(() ->
                            deliver(
                                    new Event.ResourceStartUnanswered(
                                            start,
                                            DHCP,
                                            new Health.Unanswered(
                                                    "it did not begin to serve",
                                                    OptionalLong.of(heldUpNanos))))));
        }

        private void freeze(String reason) {
            if (!frozen) {
                frozen = true;
                deliver(new Event.VolumeReport(volumeStatus()));
            }
            deliver(new Event.ShrinkWanted(reason));
        }

        /** A writer makes its connected peer equal, then asks for the grow. */
        private void source(long id) {
            var epoch = writerEpoch;
            in(
                    20 * MILLI,
                    () -> {
                        var peer = other();
                        if (!isSession(id)
                                || !peer.isSession(id)
                                || epoch.isEmpty()
                                || !writerEpoch.equals(epoch)
                                || mirrored
                                || peer.writerEpoch.isPresent()
                                || peer.promised > epoch.get()) {
                            return;
                        }
                        peer.promised = epoch.get();
                        peer.log.clear();
                        peer.log.addAll(log);
                        peer.flushed = peer.log.size();
                        peer.checked = false;
                        mirrored = true;
                        if (inSync.size() == 2) {
                            acknowledge(log.size());
                            if (frozen) {
                                frozen = false;
                                deliver(new Event.VolumeReport(volumeStatus()));
                            }
                            if (awaitingTail) {
                                awaitingTail = false;
                                deliver(new Event.VolumePromoted(new Epoch(epoch.get())));
                            }
                        }
                        growPending = mode == ArbitrationMode.ZOOKEEPER && inSync.size() == 1;
                        deliver(new Event.GrowWanted(id, log.size()));
                    });
        }

        private boolean awaitingTail;

        private void promote(Epoch epoch, Set<NodeName> members) {
            if (epoch.value() <= promised) {
                throw new AssertionError(
                        "R1: " + name + " writes epoch " + epoch + ", promised " + promised);
            }
            acknowledgedUpTo = 0;
            promised = epoch.value();
            writerEpoch = Optional.of(epoch.value());
            inSync = members;
            mirrored = false;
            growPending = false;
            parked = false;
            log.add(new Op(epoch.value(), nextOp++));
            if (members.size() == 1) {
                flushed = log.size();
                in(3 * MILLI, sameProcess(() -> deliver(new Event.VolumePromoted(epoch))));
            } else {
                awaitingTail = true;
            }
            session.ifPresent(this::source);
        }

        private Runnable sameProcess(Runnable action) {
            var mine = process;
            return () -> {
                if (process == mine && powered) {
                    action.run();
                }
            };
        }

        /** The DHCP server gives a lease: appended, and acknowledged when all of inSync have it. */
        void write() {
            if (!serves() || !talks() || writerEpoch.isEmpty() || parked || awaitingTail) {
                return;
            }
            var op = new Op(writerEpoch.get(), nextOp++);
            log.add(op);
            var upTo = log.size();
            if (!needsPeer()) {
                if (mirrored && session.isPresent()) {
                    replicate(op, session.getAsLong(), upTo);
                }
                flushed = upTo;
                acknowledge(upTo);
                return;
            }
            if (mirrored && session.isPresent()) {
                replicate(op, session.getAsLong(), upTo);
            }
            in(
                    200 * MILLI,
                    sameProcess(() -> {
                        if (acknowledgedUpTo < upTo
                                && writerEpoch.isPresent()
                                && needsPeer()
                                && talks()) {
                            freeze("no acknowledgement for 200 ms");
                        }
                    }));
        }

        private void replicate(Op op, long id, int upTo) {
            in(
                    MILLI,
                    () -> {
                        var peer = other();
                        if (!peer.isSession(id)
                                || !peer.talks()
                                || peer.promised > op.epoch()
                                || peer.log.size() != upTo - 1) {
                            return;
                        }
                        peer.log.add(op);
                        peer.flushed = upTo;
                        in(
                                MILLI,
                                () -> {
                                    if (isSession(id)
                                            && mirrored
                                            && writerEpoch.equals(Optional.of(op.epoch()))) {
                                        flushed = Math.max(flushed, Math.min(upTo, log.size()));
                                        acknowledge(upTo);
                                    }
                                });
                    });
        }

        /** The sync returns to the DHCP server, and it answers the client. */
        private void acknowledge(int upTo) {
            flushed = Math.max(flushed, upTo);
            for (var op : log.subList(Math.min(acknowledgedUpTo, upTo), upTo)) {
                acknowledged.add(op.id());
            }
            acknowledgedUpTo = Math.max(acknowledgedUpTo, upTo);
            if (frozen && acknowledgedUpTo >= log.size()) {
                frozen = false;
                deliver(new Event.VolumeReport(volumeStatus()));
            }
        }

        // -------------------------------------------------------------- daemon

        void report() {
            deliver(new Event.VolumeReport(volumeStatus()));
        }

        void command(Command command) {
            deliver(new Event.CommandReceived(new CommandId(nextCommand++), command));
        }

        void deliver(Event event) {
            if (controller.isEmpty()) {
                return;
            }
            if (paused) {
                pending.add(event);
                return;
            }
            step(event);
        }

        private void step(Event event) {
            var running = controller.orElseThrow();
            var mine = process;
            var steps = running.step(now, event);
            for (var effect : steps) {
                if (process != mine || !powered) {
                    return;
                }
                perform(effect);
            }
            if (process == mine) {
                running.nextDeadlineNanos()
                        .ifPresent(due -> {
                            if (due <= now) {
                                throw new AssertionError("a deadline in the past after " + event);
                            }
                            at(due, sameProcess(() -> tick(due)));
                        });
            }
        }

        private void tick(long due) {
            var next = controller.map(Controller::nextDeadlineNanos).orElse(OptionalLong.empty());
            if (next.isPresent() && next.getAsLong() == due) {
                deliver(new Event.Tick());
            }
        }

        private void perform(Effect effect) {
            switch (effect) {
                case Effect.PersistState(var state) -> {
                    if (state.forcedEpochs().contains(state.record().epoch())) {
                        // A person accepted that whatever is not here is lost (R21).
                        acknowledged.retainAll(log.stream().map(Op::id).toList());
                    }
                    stateFile = Optional.of(StateCodec.encode(state));
                }
                case Effect.PromiseEpoch(var epoch) -> {
                    if (epoch.value() < promised) {
                        throw new AssertionError("R2: promised " + promised + ", asked " + epoch);
                    }
                    promised = epoch.value();
                }
                case Effect.OpenGate(var until) -> {
                    if (servedNanos < 0) {
                        servedNanos = now;
                    }
                    gateUntil = until;
                }
                case Effect.CloseGate() -> {
                    gateUntil = 0;
                    servedNanos = -1;
                }
                case Effect.Note(var decision) ->
                        say(
                                name.value(),
                                "%-10s %-6s %s <- %s"
                                        .formatted(
                                                decision.subject(),
                                                decision.rule(),
                                                decision.text(),
                                                String.join("; ", decision.causes())));
                case Effect.SendToPeer(var id, var message) -> send(id, message);
                case Effect.AskEnsemble(var request) -> ask(request);
                case Effect.PublishBeat(var announcement) -> {
                    payload = Optional.of(ClusterMessageCodec.encode(announcement));
                    progressNanos = now;
                    sendBeat();
                }
                case Effect.Listen() ->
                        in(1, sameProcess(() -> deliver(new Event.Listened(now, 0))));
                case Effect.PromoteVolume(var epoch, var members, _, _) -> {
                    if (writerEpoch.isEmpty()) {
                        promote(epoch, members);
                    }
                }
                case Effect.RecordChanged(_, var members, _) -> {
                    inSync = members;
                    growPending = false;
                    if (members.size() == 1) {
                        // It was dropped, so it is made equal anew.
                        mirrored = false;
                        session.ifPresent(this::source);
                        if (awaitingTail) {
                            awaitingTail = false;
                            var epoch = new Epoch(writerEpoch.orElseThrow());
                            in(0, sameProcess(() -> deliver(new Event.VolumePromoted(epoch))));
                        }
                        in(
                                0,
                                sameProcess(() -> {
                                    if (writerEpoch.isPresent() && inSync.size() == 1) {
                                        acknowledge(log.size());
                                    }
                                }));
                    }
                }
                case Effect.ParkAndDrain(var limit) -> {
                    parked = true;
                    drain(now + limit);
                }
                case Effect.Unpark() -> parked = false;
                case Effect.DemoteVolume() -> {
                    if (running.contains(MOUNT)) {
                        throw new AssertionError("demoted while mounted");
                    }
                    writerEpoch = Optional.empty();
                    mirrored = false;
                    growPending = false;
                    parked = false;
                    in(MILLI, sameProcess(() -> deliver(new Event.VolumeDemoted())));
                }
                case Effect.PrepareResource _, Effect.RoleChanged _ -> {}
                case Effect.StartResource(var action, var resource, _, var adopt) ->
                        in(
                                10 * MILLI,
                                sameProcess(() -> {
                                    var broken =
                                            resource.equals(DHCP)
                                                    && !adopt
                                                    && dhcpBrokenOn.equals(name.value());
                                    if (resource.equals(DHCP) && !adopt && frozen) {
                                        unanswered(action);
                                    } else if (broken || (adopt && !running.contains(resource))) {
                                        deliver(
                                                new Event.ResourceStartFailed(
                                                        action, resource, "exit code 1"));
                                    } else {
                                        running.add(resource);
                                        checked = false;
                                        deliver(new Event.ResourceStarted(action, resource));
                                    }
                                }));
                case Effect.StopResource(var action, var resource, _) ->
                        in(
                                5 * MILLI,
                                sameProcess(() -> {
                                    if (stopBroken) {
                                        deliver(
                                                new Event.ResourceStopFailed(
                                                        action, resource, "still there"));
                                    } else {
                                        running.remove(resource);
                                        deliver(new Event.ResourceStopped(action, resource));
                                    }
                                }));
                case Effect.MonitorResource(var action, var resource, _) ->
                        in(
                                2 * MILLI,
                                sameProcess(() ->
                                        deliver(
                                                new Event.MonitorResult(
                                                        action,
                                                        resource,
                                                        running.contains(resource)
                                                                ? new Health.Good()
                                                                : new Health.Failed(
                                                                        "no process")))));
                case Effect.RunFenceAgent(var id, var node, var action, var level, _) ->
                        fence(id, box(node.value()), action, fenceLevels.get(level));
                case Effect.Answer(_, var result) -> answered(result);
                case Effect.SelfFence(_, var reason) -> {
                    say(name.value(), "reset      " + reason);
                    powerOff();
                }
                case Effect.ShutDown(var reason) -> {
                    say(name.value(), "shut down  " + reason);
                    ended();
                }
            }
        }

        private void answered(CommandResult result) {
            say(
                    name.value(),
                    "answer     " + result.getClass().getSimpleName() + ": " + result.sentence());
            if (result instanceof CommandResult.Bill bill) {
                bill.items()
                        .forEach(item ->
                                say(
                                        name.value(),
                                        "  bill     %-6s %s"
                                                .formatted(item.rule(), item.sentence())));
                codeShown = Optional.of(bill.code());
            }
        }

        private void drain(long untilNanos) {
            in(
                    2 * MILLI,
                    sameProcess(() -> {
                        if (!parked) {
                            return;
                        }
                        var peer = other();
                        if (session.isPresent()
                                && session.equals(peer.session)
                                && peer.log.equals(log)
                                && peer.talks()) {
                            acknowledge(log.size());
                            deliver(new Event.VolumeDrained(position()));
                        } else if (now >= untilNanos) {
                            deliver(new Event.VolumeDrainFailed("no acknowledgement"));
                        } else {
                            drain(untilNanos);
                        }
                    }));
        }

        private long lastArrival;

        private void send(long id, ClusterMessage message) {
            var bytes = ClusterMessageCodec.encode(message);
            // One ordered session: a message never overtakes another one.
            lastArrival = Math.max(lastArrival + 1, now + MILLI);
            at(lastArrival, () -> arrive(id, bytes));
            if (message instanceof ClusterMessage.Grow && session.isPresent()) {
                // Acknowledgements of both are needed from here on.
                source(id);
            }
        }

        private void arrive(long id, byte[] bytes) {
            var peer = other();
            if (!isSession(id) || !peer.isSession(id)) {
                return;
            }
            peer.arrived.add(bytes);
            peer.takeIn(id);
        }

        /** A volume tells of its session before it hands over, in order, what came through it. */
        private void takeIn(long id) {
            while (announced == id && isSession(id) && !arrived.isEmpty()) {
                try {
                    deliver(
                            new Event.PeerMessage(
                                    id, ClusterMessageCodec.decode(arrived.remove())));
                } catch (LayoutException damaged) {
                    throw new AssertionError(damaged);
                }
            }
        }

        private void fence(FenceRequestId id, Box target, FenceAction action, String level) {
            var fails = fenceDead || deadLevels.contains(level);
            in(
                    fenceNanos,
                    () -> {
                        if (!fails) {
                            if (action == FenceAction.OFF) {
                                target.powerOff();
                            } else {
                                target.powerOn();
                            }
                        }
                        // The device does its work whether or not anybody still waits for it.
                        deliver(
                                new Event.FenceResult(
                                        id,
                                        fails
                                                ? new FenceOutcome.Unconfirmed("BMC unreachable")
                                                : new FenceOutcome.Confirmed(
                                                        "power of "
                                                                + target.name
                                                                + " is "
                                                                + action)));
                    });
        }
    }
}
