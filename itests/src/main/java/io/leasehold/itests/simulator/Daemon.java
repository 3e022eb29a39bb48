package io.leasehold.itests.simulator;

import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.controller.ClusterMessage;
import io.leasehold.heartbeat.controller.ClusterMessageCodec;
import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.controller.CommandId;
import io.leasehold.heartbeat.controller.Controller;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.controller.VolumeStatus;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.resource.Health;
import io.leasehold.heartbeat.resource.ResourceName;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One run of {@code clusterd}: the production controller, its inbox and tick, and the shell that
 * performs its effects in their order. The process can be killed or stopped between any two of
 * them.
 */
final class Daemon implements Replica.Listener {
    private static final long GAP_NANOS = 400_000_000;
    private static final long HAND_OVER_TO_THREAD_NANOS = 500_000;
    private static final long PROMOTION_LIMIT_NANOS = 20_000_000_000L;
    private static final long ROUND_TRIP_NANOS = 400_000;

    private final World world;
    private final Machine box;
    private final DaemonProcess process;
    private final ArbitrationMode arbiter;
    private final Replica replica;
    private final Controller controller;
    private final Optional<EnsembleClient> ensemble;
    private final Deque<Event> inbox = new ArrayDeque<>();
    private final Deque<Effect> outgoing = new ArrayDeque<>();
    private boolean working;
    private boolean ended;
    private long busyUntilNanos;
    private boolean wakeUpPlanned;
    private long gapNanos;
    private long tickAtNanos = Long.MAX_VALUE;
    private long commands;

    /**
     * Starts, as {@code ops.node.Node} does.
     *
     * @throws IOException the disk does not let it
     */
    Daemon(World world, Machine box, DaemonProcess process, long incarnation) throws IOException {
        this.world = world;
        this.box = box;
        this.process = process;
        this.arbiter = box.arbiter();
        this.replica = Replica.open(world, box, process, this);
        this.controller =
                new Controller(
                        world.configuration(box),
                        world.arbiter(box),
                        world.sabotage().bootId(box.bootId()),
                        incarnation,
                        world.sabotage().rights(box.disk().rights()),
                        box.clock().wallClock());
        this.ensemble =
                world.ensemble()
                        .map(members ->
                                new EnsembleClient(
                                        world, members, process, box.index(), this::heard));
    }

    void start(Set<ResourceName> running, boolean carrier) {
        replica.start();
        deliver(new Event.Started(status(), running));
        deliver(new Event.LinkCarrier(Network.CROSSOVER, carrier));
    }

    Machine box() {
        return box;
    }

    Replica replica() {
        return replica;
    }

    Controller controller() {
        return controller;
    }

    /** What its configuration said when it started. */
    ArbitrationMode arbiter() {
        return arbiter;
    }

    /** Its copy of the record. */
    ClusterRecord record() {
        return controller.view(box.clock().nowNanos()).record();
    }

    /** Whether its loop would prove progress now. */
    boolean makesProgress() {
        return process.isRunning() && busyUntilNanos <= world.agenda().nowNanos();
    }

    // ---- the loop ----

    void deliver(Event event) {
        process.run(() -> {
            inbox.addAll(world.sabotage().told(this, event));
            work();
        });
    }

    void command(Command command) {
        deliver(new Event.CommandReceived(new CommandId(++commands), command));
    }

    /** The process goes on after it stood still. */
    void resumed(long stoodStillNanos) {
        gapNanos = stoodStillNanos;
        process.run(this::work);
    }

    private void work() {
        if (working) {
            return;
        }
        working = true;
        while (process.isRunning() && !ended) {
            if (!outgoing.isEmpty()) {
                perform();
            } else if (busyUntilNanos > world.agenda().nowNanos()) {
                planWakeUp();
                break;
            } else if (gapNanos > GAP_NANOS) {
                var gap = new Event.ClockGap(gapNanos, box.clock().wallClock());
                gapNanos = 0;
                step(gap);
            } else if (!inbox.isEmpty()) {
                step(inbox.remove());
            } else {
                break;
            }
        }
        working = false;
    }

    private void planWakeUp() {
        if (!wakeUpPlanned) {
            wakeUpPlanned = true;
            long since = world.agenda().nowNanos();
            process.at(
                    busyUntilNanos,
                    () -> {
                        wakeUpPlanned = false;
                        gapNanos = Math.max(gapNanos, world.agenda().nowNanos() - since);
                        work();
                    });
        }
    }

    private void step(Event event) {
        long now = box.clock().nowNanos();
        order(stepped(now, event));
        var deadline = controller.nextDeadlineNanos();
        if (deadline.isPresent() && deadline.getAsLong() <= now) {
            if (event instanceof Event.Tick) {
                throw new IllegalStateException("a tick leaves its deadline in the past");
            }
            order(stepped(now, new Event.Tick()));
            deadline = controller.nextDeadlineNanos();
        }
        planTick(deadline);
    }

    private List<Effect> stepped(long now, Event event) {
        if (world.coverage().isEmpty()) {
            return controller.step(now, event);
        }
        var before = controller.stages();
        var effects = controller.step(now, event);
        world.coverage().get().stepped(before, controller.stages(), event);
        return effects;
    }

    private void order(List<Effect> effects) {
        for (var effect : effects) {
            outgoing.addAll(world.sabotage().effects(this, effect));
        }
    }

    private void planTick(OptionalLong deadline) {
        if (deadline.isPresent()) {
            long at =
                    Math.max(
                            box.clock().worldNanos(deadline.getAsLong()),
                            world.agenda().nowNanos() + 1);
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
        var deadline = controller.nextDeadlineNanos();
        if (deadline.isPresent() && deadline.getAsLong() <= box.clock().nowNanos()) {
            inbox.add(new Event.Tick());
            work();
        } else {
            planTick(deadline);
        }
    }

    // ---- the shell ----

    private void perform() {
        var effect = outgoing.remove();
        if (world.diesBetweenEffects()) {
            box.say(() -> "!     daemon dies before " + effect.getClass().getSimpleName());
            box.daemonExits("killed between two effects");
            return;
        }
        if (world.stallsBetweenEffects()) {
            outgoing.addFirst(effect);
            box.pauseDaemon(world.chance().about(1_500_000_000L));
            return;
        }
        world.sabotage().before(this, effect);
        if (!process.isRunning()) {
            return;
        }
        try {
            perform(effect);
        } catch (IOException e) {
            box.say(() -> "!     daemon ends: " + e.getMessage());
            box.daemonExits(String.valueOf(e.getMessage()));
        }
    }

    private void perform(Effect effect) throws IOException {
        switch (effect) {
            case Effect.PersistState(var state) -> {
                box.disk()
                        .writeRights(
                                state,
                                () -> world.invariants().persisted(box, state, replica.history()));
                if (box.disk().isSlow()) {
                    busyUntilNanos = world.agenda().nowNanos() + box.disk().latencyNanos();
                }
            }
            case Effect.PromiseEpoch(var epoch) -> {
                if (!replica.promise(epoch.value())) {
                    box.say(() -> "volume     has promised a higher epoch than " + epoch);
                }
            }
            case Effect.OpenGate(var until) -> box.openGate(box.clock().worldNanos(until));
            case Effect.CloseGate() -> box.closeGate();
            case Effect.Note(var decision) -> {
                world.coverage().ifPresent(coverage -> coverage.decided(decision.rule()));
                box.say(() ->
                        "%-10s %-6s %s <- %s"
                                .formatted(
                                        decision.subject(),
                                        decision.rule(),
                                        decision.text(),
                                        String.join("; ", decision.causes())));
            }
            case Effect.SendToPeer(var session, var message) -> {
                if (session == replica.sessionId()) {
                    if (message instanceof ClusterMessage.Promised(var epoch, _)) {
                        world.invariants().promised(box, epoch, replica.promisedEpoch());
                    }
                    var unused = replica.sendToPeer(ClusterMessageCodec.encode(message));
                }
            }
            case Effect.PublishBeat(var announcement) -> box.publish(announcement);
            case Effect.Listen() ->
                    soon(() -> deliver(new Event.Listened(box.clock().nowNanos(), 0)));
            case Effect.PromoteVolume promote -> soon(() -> promote(promote));
            case Effect.RecordChanged(var epoch, var inSync, var gen) ->
                    replica.recordChanged(epoch.value(), volumeNames(inSync), gen.value());
            case Effect.ParkAndDrain(var limitNanos) ->
                    soon(() ->
                            replica.park(
                                    limitNanos,
                                    end ->
                                            deliver(
                                                    new Event.VolumeDrained(
                                                            new Position(
                                                                    end.last().value(),
                                                                    end.root().toString()))),
                                    () ->
                                            deliver(
                                                    new Event.VolumeDrainFailed(
                                                            "not yet on all in-sync nodes"))));
            case Effect.Unpark() -> replica.unpark();
            case Effect.DemoteVolume() -> soon(this::demote);
            case Effect.PrepareResource _, Effect.RoleChanged _ -> {}
            case Effect.StartResource(var action, var resource, _, var adopt) ->
                    process.after(
                            box.startNanos(resource),
                            () -> {
                                var failure = box.startResource(resource, adopt);
                                deliver(
                                        failure.isEmpty()
                                                ? new Event.ResourceStarted(action, resource)
                                                : new Event.ResourceStartFailed(
                                                        action, resource, failure.get()));
                            });
            case Effect.StopResource(var action, var resource, _) ->
                    process.after(
                            world.chance().about(5_000_000),
                            () -> {
                                var failure = box.stopResource(resource);
                                deliver(
                                        failure.isEmpty()
                                                ? new Event.ResourceStopped(action, resource)
                                                : new Event.ResourceStopFailed(
                                                        action, resource, failure.get()));
                            });
            case Effect.MonitorResource(var action, var resource, _) ->
                    process.after(
                            world.chance().about(2_000_000),
                            () ->
                                    deliver(
                                            new Event.MonitorResult(
                                                    action,
                                                    resource,
                                                    box.isRunning(resource)
                                                            ? new Health.Good()
                                                            : new Health.Failed("no process"))));
            case Effect.AskEnsemble(var request) ->
                    world.sabotage().asked(this, request).ifPresent(ensemble.orElseThrow()::ask);
            case Effect.RunFenceAgent order ->
                    box.other()
                            .fenceDevice()
                            .run(
                                    order.action(),
                                    order.timeoutNanos(),
                                    (outcome, off) ->
                                            process.run(() -> {
                                                if (off) {
                                                    replica.endSession(
                                                            order.node() + " was powered off");
                                                }
                                                deliver(
                                                        new Event.FenceResult(
                                                                order.request(), outcome));
                                            }));
            case Effect.Answer(_, var result) -> box.answered(result);
            case Effect.SelfFence(_, var reason) -> {
                box.say(() -> "reset      " + reason);
                ended = true;
                box.selfFence();
            }
            case Effect.ShutDown(var reason) -> {
                box.say(() -> "shut down  " + reason);
                ended = true;
                replica.close();
                box.shutDown();
            }
        }
    }

    private void soon(Runnable action) {
        process.after(world.chance().about(HAND_OVER_TO_THREAD_NANOS), action);
    }

    private void promote(Effect.PromoteVolume promote) {
        replica.promote(
                promote.epoch().value(),
                volumeNames(promote.inSync()),
                promote.gen().value(),
                promote.forced().stream().map(Epoch::value).collect(Collectors.toSet()),
                PROMOTION_LIMIT_NANOS,
                new Replica.PromotionListener() {
                    @Override
                    public void granted() {
                        deliver(new Event.VolumePromoted(promote.epoch()));
                    }

                    @Override
                    public void refused(String reason) {
                        deliver(new Event.VolumePromotionFailed(promote.epoch(), reason));
                    }
                });
    }

    private void demote() {
        try {
            replica.demote();
            deliver(new Event.VolumeDemoted());
        } catch (IOException e) {
            deliver(new Event.VolumeDemotionFailed(String.valueOf(e.getMessage())));
        }
    }

    private static Set<io.leasehold.blockrep.replication.NodeName> volumeNames(
            Set<NodeName> names) {
        return names.stream()
                .map(name -> new io.leasehold.blockrep.replication.NodeName(name.value()))
                .collect(Collectors.toSet());
    }

    // ---- what comes in ----

    private void heard(EnsembleEvent event) {
        box.say(() -> "ensemble   " + event);
        deliver(new Event.EnsembleHeard(event));
    }

    void beat(LinkName link, Announcement announcement, long progressAgeNanos) {
        deliver(
                new Event.BeatReceived(
                        box.clock().nowNanos(),
                        link,
                        announcement,
                        progressAgeNanos,
                        OptionalLong.of(ROUND_TRIP_NANOS)));
    }

    private VolumeStatus status() {
        var journal = replica.journal();
        var superblock = journal.superblock();
        var end = journal.end();
        return new VolumeStatus(
                superblock.device().toString(),
                end.last().equals(Seq.NONE) && superblock.lineage().entries().isEmpty(),
                new Epoch(superblock.lineage().headEpoch()),
                new Position(end.last().value(), end.root().toString()),
                replica.committed().value(),
                new Epoch(superblock.promisedEpoch()),
                replica.machine().frozenSinceNanos().isPresent(),
                Optional.empty(),
                replica.machine().refusal(),
                replica.machine().isSplitBrain(),
                superblock.foundDifferent().isPresent());
    }

    @Override
    public void sessionOpened(long session, Relation relation) {
        deliver(new Event.SessionOpened(session, relationOf(relation)));
    }

    private static io.leasehold.heartbeat.controller.Relation relationOf(Relation relation) {
        return switch (relation) {
            case EQUAL -> io.leasehold.heartbeat.controller.Relation.EQUAL;
            case PEER_BEHIND -> io.leasehold.heartbeat.controller.Relation.PEER_BEHIND;
            case PEER_AHEAD -> io.leasehold.heartbeat.controller.Relation.PEER_AHEAD;
            case DIVERGED -> io.leasehold.heartbeat.controller.Relation.DIVERGED;
            case UNRELATED -> io.leasehold.heartbeat.controller.Relation.UNRELATED;
        };
    }

    @Override
    public void sessionClosed(long session, String reason) {
        deliver(new Event.SessionClosed(session, reason));
    }

    @Override
    public void messageArrived(long session, byte[] message) {
        try {
            deliver(new Event.PeerMessage(session, ClusterMessageCodec.decode(message)));
        } catch (LayoutException e) {
            throw new IllegalStateException("what was encoded cannot be decoded", e);
        }
    }

    @Override
    public void shrinkWanted(String reason) {
        deliver(new Event.ShrinkWanted(reason));
    }

    @Override
    public void growWanted(Seq equalAt) {
        deliver(new Event.GrowWanted(replica.sessionId(), equalAt.value()));
    }

    @Override
    public void diskFailed(String reason) {
        deliver(new Event.VolumeFailed(reason));
    }

    @Override
    public void factsChanged() {
        deliver(new Event.VolumeReport(status()));
    }
}
