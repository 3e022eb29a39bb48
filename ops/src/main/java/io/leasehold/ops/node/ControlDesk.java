package io.leasehold.ops.node;

import io.leasehold.blockrep.ReplicatedVolume;
import io.leasehold.dhcp.Finding;
import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.controller.CommandId;
import io.leasehold.heartbeat.controller.CommandResult;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.HistoryItem;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.resource.ResourceName;
import io.leasehold.heartbeat.zookeeper.EnsembleUnreachableException;
import io.leasehold.ops.config.EffectiveSetting;
import io.leasehold.ops.control.Caller;
import io.leasehold.ops.control.CheckView;
import io.leasehold.ops.control.ConfigView;
import io.leasehold.ops.control.ControlHandler;
import io.leasehold.ops.control.ControlServer;
import io.leasehold.ops.control.LinksView;
import io.leasehold.ops.control.Replies;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.VersionView;
import io.leasehold.ops.install.MachineCheck;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Answers {@code clusterctl}. Called on a virtual thread per request. */
final class ControlDesk implements ControlHandler {
    /** Longer than every procedure's own limit: a caller is always answered. */
    private static final Duration COMMAND_LIMIT = Duration.ofMinutes(2);

    private static final Duration FOLLOW_PAUSE = Duration.ofMillis(500);

    /** Between two words about the progress of a long command. */
    private static final Duration PROGRESS_PAUSE = Duration.ofSeconds(1);

    private static final int FOLLOW_PAGE = 500;
    private static final String DAEMON_VERSION = version();

    private final Settings settings;
    private final ControllerLoop loop;
    private final ReplicatedVolume volume;
    private final KeeperEvents keeper;
    private final FlightRecorder recorder;
    private final Explanation explanation;
    private final TakeoverRehearsal rehearsal;
    private final DhcpService dhcp;
    private final KeptBranches branches;
    private final EnsembleLink ensemble;
    private final Supplier<List<String>> alarms;
    private final Runnable restart;
    private final ConfigView configuration;
    private final long startedNanos;
    private final AtomicLong lastCommand = new AtomicLong();
    private final Map<CommandId, CompletableFuture<CommandResult>> waiting =
            new ConcurrentHashMap<>();

    ControlDesk(
            Settings settings,
            String configurationFile,
            List<EffectiveSetting> effective,
            ControllerLoop loop,
            ReplicatedVolume volume,
            KeeperEvents keeper,
            FlightRecorder recorder,
            Explanation explanation,
            TakeoverRehearsal rehearsal,
            DhcpService dhcp,
            KeptBranches branches,
            EnsembleLink ensemble,
            Supplier<List<String>> alarms,
            Runnable restart,
            long startedNanos) {
        this.settings = settings;
        this.loop = loop;
        this.volume = volume;
        this.keeper = keeper;
        this.recorder = recorder;
        this.explanation = explanation;
        this.rehearsal = rehearsal;
        this.dhcp = dhcp;
        this.branches = branches;
        this.ensemble = ensemble;
        this.alarms = alarms;
        this.restart = restart;
        this.startedNanos = startedNanos;
        this.configuration = Views.configuration(configurationFile, effective);
    }

    /** The controller answered a command; called on its thread. */
    void answered(CommandId command, CommandResult result) {
        var caller = waiting.remove(command);
        if (caller != null) {
            caller.complete(result);
        }
    }

    @Override
    public Reply.Answer handle(Request request, Caller caller, Replies replies) {
        try {
            return answer(request, replies);
        } catch (IOException e) {
            return new Reply.Failed(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.Failed("the daemon is ending");
        }
    }

    private Reply.Answer answer(Request request, Replies replies)
            throws IOException, InterruptedException {
        var self = settings.self();
        return switch (request) {
            case Request.Status() -> new Reply.Report(status());
            case Request.Ready() -> {
                var view = loop.view();
                yield new Reply.Report(Views.ready(view, rehearsal.checks(notServing())));
            }
            case Request.Why() -> new Reply.Report(Views.why(loop.view()));
            case Request.Explain() -> explanation.last();
            case Request.Events(int last, boolean follow) -> events(last, follow, replies);
            case Request.Takeover(var node) -> takeover(node.orElseGet(this::notServing));
            case Request.Standby(var node, var limit, String reason) ->
                    command(
                            new Command.EnterStandby(
                                    node.orElse(self),
                                    limit.map(l -> OptionalLong.of(l.toNanos()))
                                            .orElse(OptionalLong.empty()),
                                    reason));
            case Request.Online(var node) -> command(new Command.GoOnline(node.orElse(self)));
            case Request.Cleanup(var resource) ->
                    command(new Command.Cleanup(resource.map(ResourceName::new)));
            case Request.Maintenance(boolean on) -> command(new Command.SetMaintenance(on));
            case Request.Fence(var node) -> command(new Command.Fence(node));
            case Request.ConfirmFenced(var node) -> command(new Command.ConfirmFenced(node));
            case Request.ForcePromotion(var code) -> command(new Command.ForcePromotion(code));
            case Request.Fleet() -> fleet();
            case Request.Links() ->
                    new Reply.Report(
                            new LinksView(
                                    self.value(),
                                    settings.peer().value(),
                                    Views.links(loop.view().links(), keeper.linkStatistics())));
            case Request.VolumeStatus() ->
                    new Reply.Report(
                            Views.volume(
                                    volume.facts(), settings.configuration().volume().directory()));
            case Request.VolumeVerify(var bytesPerSecondMax) ->
                    verify(
                            bytesPerSecondMax.orElse(
                                    settings.configuration().volume().verifyBytesPerSecond()),
                            replies);
            case Request.VolumeResync() -> resync();
            case Request.Branches() -> branches.list();
            case Request.Branch(String name) -> branches.show(name);
            case Request.BranchLeases(String name) -> branches.leases(name, replies);
            case Request.DhcpReload() -> reload();
            case Request.ConfigShow() -> new Reply.Report(configuration);
            case Request.Restart() -> restart();
            case Request.Version() ->
                    new Reply.Report(
                            new VersionView(
                                    self.value(),
                                    DAEMON_VERSION,
                                    ControlServer.PROTOCOL_VERSION,
                                    Runtime.version().toString(),
                                    MachineCheck.runningKernel(),
                                    ProcessHandle.current().pid(),
                                    Duration.ofNanos(System.nanoTime() - startedNanos).toMillis()));
        };
    }

    io.leasehold.ops.control.StatusView status() {
        return Views.status(
                loop.view(),
                settings.self(),
                Views.volume(volume.facts(), settings.configuration().volume().directory()),
                keeper.linkStatistics(),
                alarms.get(),
                System.nanoTime());
    }

    private Reply.Answer fleet() throws InterruptedException {
        if (!ensemble.isPresent()) {
            return new Reply.Refused(
                    "no ensemble is configured (zookeeper.members or zookeeper.servers): only pairs"
                            + " that share one know of each other",
                    Rule.POLICY);
        }
        try {
            return new Reply.Report(Fleet.view(ensemble.published(), InstantSource.system()));
        } catch (EnsembleUnreachableException e) {
            return new Reply.Failed(String.valueOf(e.getMessage()));
        }
    }

    private Reply.Answer takeover(NodeName target) throws InterruptedException {
        var against =
                target.equals(notServing())
                        ? rehearsal.checks(target).stream().filter(check -> !check.ok()).toList()
                        : List.<CheckView>of();
        return against.isEmpty()
                ? command(new Command.Takeover(target))
                : new Reply.Refused(
                        "a takeover to " + target + " would be rolled back",
                        Rule.POLICY.name(),
                        against);
    }

    private Reply.Answer verify(long bytesPerSecondMax, Replies replies)
            throws IOException, InterruptedException {
        if (!loop.view().record().isPrimary(settings.self())) {
            return new Reply.Refused(
                    "the copies are compared on the primary, which is " + primary(), Rule.R1);
        }
        var told = new AtomicLong(System.nanoTime());
        return new Reply.Report(
                Views.verify(
                        volume.verify(
                                bytesPerSecondMax,
                                (doneBytes, totalBytes) -> {
                                    long now = System.nanoTime();
                                    if (now - told.get() >= PROGRESS_PAUSE.toNanos()) {
                                        told.set(now);
                                        replies.progress(Views.compared(doneBytes, totalBytes));
                                    }
                                })));
    }

    private Reply.Answer resync() {
        var peer = settings.peer();
        return switch (volume.compareNow()) {
            case BEGUN ->
                    new Reply.Done(
                            ("All of %s's copy is compared with this one now, and does not count as in sync"
                                            + " until it is equal: clusterctl status shows how far it is.")
                                    .formatted(peer));
            case ORDERED ->
                    new Reply.Done(
                            ("That was ordered before: all of %s's copy is compared in the next session with"
                                            + " it, which is about to begin, or waits for what clusterctl status"
                                            + " says.")
                                    .formatted(peer));
            case UNDER_WAY ->
                    new Reply.Done(
                            "%s's copy is being compared: clusterctl status shows how far it is."
                                    .formatted(peer));
            case NO_SESSION ->
                    new Reply.Done(
                            "%s is not connected: all of its copy is compared when it is."
                                    .formatted(peer));
            case NOT_PRIMARY ->
                    new Reply.Refused(
                            "the primary's copy is the one that counts: ask there, which is "
                                    + primary(),
                            Rule.R1);
            case NOTHING_FOUND ->
                    new Reply.Refused(
                            "the copies were not found to differ: clusterctl volume verify looks for"
                                    + " differences",
                            Rule.INPUT);
        };
    }

    private Reply.Answer restart() {
        var kernel = MachineCheck.runningKernel();
        if (dhcp.isMounted() && !MachineCheck.canHandAMountOn(kernel)) {
            return new Reply.Refused(
                    "this node serves, and its kernel ("
                            + kernel
                            + ") cannot hand the mount on to another daemon: that would be a failover."
                            + " Move the service first: clusterctl takeover "
                            + settings.peer(),
                    Rule.R27);
        }
        restart.run();
        return new Reply.Done(
                "The daemon of "
                        + settings.self()
                        + " ends, and its keeper starts it again: clusterctl version says which"
                        + " build it is then.");
    }

    private String primary() {
        return loop.view().record().primary().map(NodeName::value).orElse("no node now");
    }

    private Reply.Answer reload() throws IOException {
        var outcome = dhcp.reload();
        if (outcome.isEmpty()) {
            return new Reply.Refused(
                    "dhcpd.conf is edited and applied on the primary, which is " + primary(),
                    Rule.R1);
        }
        return switch (outcome.get()) {
            case DhcpService.Reloaded.Unchanged(long generation) ->
                    new Reply.Done(
                            "dhcpd runs on this configuration already (number "
                                    + generation
                                    + ").");
            case DhcpService.Reloaded.InForce(long generation, var findings) ->
                    new Reply.Done(
                            "dhcpd runs on configuration "
                                    + generation
                                    + "."
                                    + findings.stream()
                                            .map(finding -> "\n" + finding.text())
                                            .collect(Collectors.joining()));
            case DhcpService.Reloaded.Refused(var findings) ->
                    new Reply.Refused(
                            "dhcpd.conf is refused, the old one stays in force.",
                            Rule.INPUT,
                            findings.stream()
                                    .map(finding ->
                                            new CheckView(
                                                    finding.check(),
                                                    !finding.isError(),
                                                    finding.text(),
                                                    ""))
                                    .toList());
            case DhcpService.Reloaded.TakenBack(long inForce, var findings) ->
                    new Reply.Failed(
                            "dhcpd does not start with it, and runs on what was in force before"
                                    + " (now number "
                                    + inForce
                                    + "): "
                                    + findings.stream()
                                            .filter(Finding::isError)
                                            .map(Finding::text)
                                            .collect(Collectors.joining("; ")));
            case DhcpService.Reloaded.Failed(String reason) -> new Reply.Failed(reason);
        };
    }

    private NodeName notServing() {
        var primary = loop.view().record().primary();
        return primary.filter(settings.self()::equals).isPresent()
                ? settings.peer()
                : settings.self();
    }

    /** Gives a command to the controller and waits for its answer. */
    Reply.Answer command(Command command) throws InterruptedException {
        var id = new CommandId(lastCommand.incrementAndGet());
        var answer = new CompletableFuture<CommandResult>();
        waiting.put(id, answer);
        try {
            loop.post(new Event.CommandReceived(id, command));
            return switch (answer.get(COMMAND_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                case CommandResult.Done(String sentence) -> new Reply.Done(sentence);
                case CommandResult.Failed(String sentence) -> new Reply.Failed(sentence);
                case CommandResult.Bill bill ->
                        new Reply.Report(Views.bill(settings.self(), bill, dhcp.leasesHere()));
                case CommandResult.Refused(String sentence, var rule, var failed) ->
                        new Reply.Refused(
                                sentence, rule, failed.stream().map(Views::check).toList());
            };
        } catch (TimeoutException e) {
            return new Reply.Failed(
                    "no result within "
                            + COMMAND_LIMIT.toSeconds()
                            + " s; it may still come: see clusterctl status");
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody fails a command's answer", e);
        } finally {
            waiting.remove(id);
        }
    }

    private Reply.Answer events(int last, boolean follow, Replies replies)
            throws IOException, InterruptedException {
        long next = tell(recorder.last(last), replies, Math.max(1, recorder.newest() + 1));
        while (follow && replies.isListening()) {
            if (recorder.awaitSequence(next, FOLLOW_PAUSE.toNanos())) {
                next = tell(recorder.from(next, FOLLOW_PAGE), replies, next);
            }
        }
        return new Reply.Done("");
    }

    private long tell(List<HistoryItem> items, Replies replies, long next) {
        long after = next;
        for (var item : items) {
            replies.event(Views.event(item, settings.self()));
            after =
                    switch (item) {
                        case HistoryItem.Recorded(var entry) -> entry.sequence() + 1;
                        case HistoryItem.Missing(long _, long lastMissing, String _) ->
                                lastMissing + 1;
                    };
        }
        return after;
    }

    private static String version() {
        return Optional.ofNullable(ControlDesk.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }
}
