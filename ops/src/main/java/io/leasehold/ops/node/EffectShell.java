package io.leasehold.ops.node;

import io.leasehold.blockrep.Drained;
import io.leasehold.blockrep.ReplicatedVolume;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.heartbeat.controller.ClusterMessageCodec;
import io.leasehold.heartbeat.controller.CommandId;
import io.leasehold.heartbeat.controller.CommandResult;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.keeper.KeeperClient;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.resource.Health;
import io.leasehold.heartbeat.resource.ResourceName;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Performs effects, in the order in which the controller gave them. Called on the controller's
 * thread only.
 *
 * <p>What must be durable or silent before the next effect is done at once; if it fails, the error
 * ends the process, and the keeper silences the node. Everything else is handed to a thread of its
 * own and answers with an event.
 */
final class EffectShell implements Consumer<Effect> {
    /**
     * A promotion may have to wait for the peer's disk; the record goes on without the peer before
     * this passes.
     */
    private static final Duration PROMOTION_LIMIT = Duration.ofSeconds(20);

    private static final Duration DEMOTION_LIMIT = Duration.ofSeconds(10);

    private final ReplicatedVolume volume;
    private final KeeperClient keeper;
    private final StateStore state;
    private final PeerTalk peer;
    private final Map<ResourceName, ResourceShell> resources;
    private final FenceRunner fencing;
    private final Consumer<EnsembleRequest> ensemble;
    private final RoleNotifier roles;
    private final Journalist history;
    private final BiConsumer<CommandId, CommandResult> answers;
    private final Ending ending;
    private final Consumer<Event> controller;

    /** Writes the durable state; when it returns, it is durable. */
    interface StateStore {
        void write(io.leasehold.heartbeat.record.DurableState state) throws IOException;
    }

    /** Runs fence agents. */
    interface FenceRunner {
        /** Returns at once; the outcome comes as an event. */
        void run(Effect.RunFenceAgent order);
    }

    /** How this process ends. */
    interface Ending {
        /** Everything is stopped and said. */
        void shutDown(String reason);

        /** This node cannot be made silent in an orderly way. */
        void selfFence(String reason);
    }

    EffectShell(
            ReplicatedVolume volume,
            KeeperClient keeper,
            StateStore state,
            PeerTalk peer,
            Map<ResourceName, ResourceShell> resources,
            FenceRunner fencing,
            Consumer<EnsembleRequest> ensemble,
            RoleNotifier roles,
            Journalist history,
            BiConsumer<CommandId, CommandResult> answers,
            Ending ending,
            Consumer<Event> controller) {
        this.volume = volume;
        this.keeper = keeper;
        this.state = state;
        this.peer = peer;
        this.resources = Map.copyOf(resources);
        this.fencing = fencing;
        this.ensemble = ensemble;
        this.roles = roles;
        this.history = history;
        this.answers = answers;
        this.ending = ending;
        this.controller = controller;
    }

    @Override
    public void accept(Effect effect) {
        try {
            perform(effect);
        } catch (IOException e) {
            throw new EffectFailedException(effect, e);
        }
    }

    /** An effect that others depend on did not come about: nothing may go on. */
    static final class EffectFailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        EffectFailedException(Effect effect, Exception cause) {
            super(effect + " failed, this process cannot go on: " + cause.getMessage(), cause);
        }
    }

    private void perform(Effect effect) throws IOException {
        switch (effect) {
            case Effect.PersistState(var next) -> state.write(next);
            case Effect.PromiseEpoch(var epoch) -> promise(epoch);
            case Effect.OpenGate(long untilNanos) -> keeper.openGate(untilNanos);
            case Effect.CloseGate() -> {
                keeper.closeGate();
                history.did("gate", "shut", Duration.ZERO);
            }
            case Effect.Note(var decision) -> history.decided(decision);
            case Effect.SendToPeer(long session, var message) -> peer.tell(session, message);
            case Effect.PublishBeat(var announcement) ->
                    keeper.publish(ClusterMessageCodec.encode(announcement));
            case Effect.Listen() -> keeper.listen();
            case Effect.PromoteVolume promote -> promote(promote);
            case Effect.RecordChanged(var epoch, var inSync, var gen) ->
                    volume.recordChanged(
                            epoch.value(), Translation.volumeNames(inSync), gen.value());
            case Effect.ParkAndDrain(long limitNanos) -> park(Duration.ofNanos(limitNanos));
            case Effect.Unpark() -> volume.unpark();
            case Effect.DemoteVolume() -> demote();
            case Effect.PrepareResource(var resource) -> prepare(resource);
            case Effect.StartResource start -> start(start);
            case Effect.StopResource stop -> stop(stop);
            case Effect.MonitorResource monitor -> monitor(monitor);
            case Effect.RunFenceAgent order -> {
                history.observed(
                        "fencing",
                        "asking level "
                                + (order.level() + 1)
                                + " to power "
                                + order.node()
                                + " off");
                fencing.run(order);
            }
            case Effect.AskEnsemble(var request) -> ensemble.accept(request);
            case Effect.Answer(var command, var result) -> answers.accept(command, result);
            case Effect.RoleChanged(var role) -> roles.changed(role);
            case Effect.SelfFence(var rule, String reason) ->
                    ending.selfFence(reason + " (" + rule + ")");
            case Effect.ShutDown(String reason) -> ending.shutDown(reason);
        }
    }

    private void promise(Epoch epoch) throws IOException {
        // False: by now it has promised a higher one, to the writer whose operations it takes (R2).
        var _ = volume.promise(epoch.value());
    }

    private void promote(Effect.PromoteVolume promote) {
        long begun = System.nanoTime();
        handOver(
                "volume-promote",
                PROMOTION_LIMIT.plusSeconds(5),
                () -> {
                    var outcome =
                            volume.promote(
                                    promote.epoch().value(),
                                    Translation.volumeNames(promote.inSync()),
                                    promote.gen().value(),
                                    promote.forced().stream()
                                            .map(Epoch::value)
                                            .collect(Collectors.toSet()),
                                    PROMOTION_LIMIT);
                    return switch (outcome) {
                        case Promotion.Granted(long epoch, var start) -> {
                            history.did(
                                    "volume",
                                    "promoted: writer of epoch "
                                            + epoch
                                            + " from operation "
                                            + start.value(),
                                    since(begun));
                            yield new Event.VolumePromoted(promote.epoch());
                        }
                        case Promotion.Refused(var why, String detail) -> {
                            history.failed(
                                    "volume",
                                    "promotion refused",
                                    why + ": " + detail,
                                    since(begun));
                            yield new Event.VolumePromotionFailed(
                                    promote.epoch(), why + ": " + detail);
                        }
                    };
                },
                reason -> new Event.VolumePromotionFailed(promote.epoch(), reason));
    }

    private void park(Duration limit) {
        long begun = System.nanoTime();
        handOver(
                "volume-park",
                limit.plusSeconds(5),
                () ->
                        switch (volume.park(limit)) {
                            case Drained.AllDurable(var last, var root) -> {
                                history.did(
                                        "volume",
                                        "drained: everything up to operation "
                                                + last.value()
                                                + " is on all in-sync nodes",
                                        since(begun));
                                yield new Event.VolumeDrained(
                                        new Position(last.value(), root.toString()));
                            }
                            case Drained.TimedOut(var last, var onAll) ->
                                    new Event.VolumeDrainFailed(
                                            "operations "
                                                    + (onAll.value() + 1)
                                                    + " to "
                                                    + last.value()
                                                    + " are not yet on all in-sync nodes");
                        },
                Event.VolumeDrainFailed::new);
    }

    private void demote() {
        long begun = System.nanoTime();
        handOver(
                "volume-demote",
                DEMOTION_LIMIT,
                () -> {
                    volume.demote();
                    history.did("volume", "demoted durably", since(begun));
                    return new Event.VolumeDemoted();
                },
                Event.VolumeDemotionFailed::new);
    }

    private void prepare(ResourceName name) {
        Thread.ofPlatform()
                .name(name + "-prepare")
                .daemon()
                .start(() -> {
                    try {
                        shell(name).prepare();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    private void start(Effect.StartResource start) {
        long begun = System.nanoTime();
        var name = start.resource();
        var limit = Duration.ofNanos(start.timeoutNanos());
        handOver(
                name + "-start",
                limit,
                () -> {
                    try {
                        shell(name).start(start.adopt(), limit);
                    } catch (ResourceShell.ResourceException e) {
                        return e.isUnanswered()
                                ? startUnanswered(start, e.reason(), begun)
                                : startFailed(start, e.reason(), begun);
                    }
                    history.did(
                            name.value(),
                            start.adopt() ? "taken over as it runs" : "started",
                            since(begun));
                    return new Event.ResourceStarted(start.action(), name);
                },
                // Sooner, it is something else.
                reason ->
                        System.nanoTime() - begun < limit.toNanos()
                                ? startFailed(start, reason, begun)
                                : startUnanswered(start, reason, begun));
    }

    private Event startFailed(Effect.StartResource start, String reason, long begunNanos) {
        var name = start.resource();
        history.failed(name.value(), "start failed", reason, since(begunNanos));
        return new Event.ResourceStartFailed(start.action(), name, reason);
    }

    private Event startUnanswered(Effect.StartResource start, String reason, long begunNanos) {
        var name = start.resource();
        history.failed(name.value(), "start got no answer", reason, since(begunNanos));
        return new Event.ResourceStartUnanswered(
                start.action(), name, new Health.Unanswered(reason, volume.lastPeerDelayNanos()));
    }

    private void stop(Effect.StopResource stop) {
        long begun = System.nanoTime();
        var name = stop.resource();
        var limit = Duration.ofNanos(stop.timeoutNanos());
        handOver(
                name + "-stop",
                limit,
                () -> {
                    shell(name).stop(limit);
                    history.did(name.value(), "stopped", since(begun));
                    return new Event.ResourceStopped(stop.action(), name);
                },
                reason -> {
                    history.failed(name.value(), "stop failed", reason, since(begun));
                    return new Event.ResourceStopFailed(stop.action(), name, reason);
                });
    }

    private void monitor(Effect.MonitorResource monitor) {
        var name = monitor.resource();
        var limit = Duration.ofNanos(monitor.timeoutNanos());
        handOver(
                name + "-monitor",
                limit,
                () -> new Event.MonitorResult(monitor.action(), name, shell(name).monitor(limit)),
                reason ->
                        new Event.MonitorResult(
                                monitor.action(),
                                name,
                                new Health.Unanswered(
                                        "monitor " + reason, volume.lastPeerDelayNanos())));
    }

    private ResourceShell shell(ResourceName name) {
        return Optional.ofNullable(resources.get(name))
                .orElseThrow(() -> new IllegalStateException("no resource " + name));
    }

    /** Something that blocks, and the event that tells how it went. */
    private interface Work {
        Event perform() throws IOException, ResourceShell.ResourceException, InterruptedException;
    }

    /** The event that tells that it did not work. */
    private interface Failure {
        Event because(String reason);
    }

    private void handOver(String name, Duration limit, Work work, Failure failure) {
        Actions.run(
                name,
                limit,
                () -> {
                    Event event;
                    try {
                        event = work.perform();
                    } catch (ResourceShell.ResourceException e) {
                        event = failure.because(e.reason());
                    } catch (IOException e) {
                        event = failure.because(String.valueOf(e.getMessage()));
                    }
                    var answer = event;
                    return () -> controller.accept(answer);
                },
                reason -> controller.accept(failure.because(reason)));
    }

    private static Duration since(long begunNanos) {
        return Duration.ofNanos(System.nanoTime() - begunNanos);
    }
}
