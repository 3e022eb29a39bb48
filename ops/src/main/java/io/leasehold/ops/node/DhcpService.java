package io.leasehold.ops.node;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.ConfigurationCheck;
import io.leasehold.dhcp.config.ConfigurationSource;
import io.leasehold.dhcp.config.ConfigurationWatch;
import io.leasehold.dhcp.config.Generation;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.engine.Alarm;
import io.leasehold.dhcp.engine.ConfigurationRollout;
import io.leasehold.dhcp.engine.DhcpdEngine;
import io.leasehold.dhcp.engine.StopResult;
import io.leasehold.dhcp.guard.ClockComparison;
import io.leasehold.dhcp.guard.GuardReport;
import io.leasehold.dhcp.guard.PromotionGuard;
import io.leasehold.dhcp.lease.Lease;
import io.leasehold.dhcp.lease.LeaseFollower;
import io.leasehold.dhcp.lease.LeaseTable;
import io.leasehold.dhcp.lease.LeaseTime;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The DHCP server on this node: the guard before its start, its process, the questions that are put
 * to it, and edits of its configuration. Each of the first three is a resource of its own, so that
 * {@code status} and {@code explain} show them apart.
 *
 * <p>A volume without {@code dhcpd.conf} is not a failure: there is nothing to serve yet. All three
 * start without doing anything then, {@link #alarms} says what is missing, and the server is
 * started when a good file appears.
 */
final class DhcpService {
    private static final Logger log = LoggerFactory.getLogger(DhcpService.class);

    private final VolumeLayout mounted;
    private final VolumeLayout backing;
    private final Generations generations;
    private final ConfigurationCheck check;
    private final PromotionGuard guard;
    private final DhcpdEngine engine;
    private final ConfigurationRollout rollout;
    private final LeaseFollower follower;
    private final Supplier<Optional<Duration>> clockAheadOfPeer;
    private final InstantSource wallClock;
    private final Journalist history;
    private final ProbeRunner probe;
    private final Supplier<OptionalLong> lastPeerDelayNanos;
    private final Restart restart;
    private final FirstAnswer firstAnswer;

    private volatile boolean configured;

    /** The guard has looked at the volume, and the server was not started since. */
    private volatile boolean guarded;

    /** The server resource is started, with something to serve or not. */
    private volatile boolean started;

    private volatile Optional<ConfigurationWatch> watch = Optional.empty();
    private volatile List<Finding> refusedEdit = List.of();
    private volatile List<Finding> startFindings = List.of();
    private volatile List<Finding> rehearsal = List.of();
    private volatile Optional<Alarm> alarm = Optional.empty();

    /** Of the last start: it is on an older generation than it should have been. */
    private volatile Optional<ConfigurationRollout.Result.TakenBack> takenBack = Optional.empty();

    /** Restarts a resource and what stands on it, in order. */
    interface Restart {
        /**
         * Returns when the restart is ordered; the resources' own starts tell how it went.
         *
         * @param guardToo begin with the guard: there was nothing to serve before
         * @return empty when it is under way, else why it is not
         */
        Optional<String> begin(boolean guardToo, String reason) throws InterruptedException;
    }

    /** Asks the running server something. */
    interface ProbeRunner {
        /** Empty if the answer was right. */
        Optional<Unanswered> ask(Duration limit) throws InterruptedException;

        /** The same, but empty without asking if it was answered a moment ago. */
        Optional<Unanswered> askIfDue(Duration limit) throws InterruptedException;
    }

    /**
     * The probe got no right answer.
     *
     * @param othersAnswered answers to others left this node while it waited
     */
    record Unanswered(String reason, boolean othersAnswered) {}

    /** Watches for the first answer that leaves this node. */
    interface FirstAnswer {
        void await();
    }

    /** Everything that the service stands on. */
    record Parts(
            VolumeLayout mounted,
            VolumeLayout backing,
            Generations generations,
            ConfigurationCheck check,
            PromotionGuard guard,
            DhcpdEngine engine,
            LeaseFollower follower,
            Supplier<Optional<Duration>> clockAheadOfPeer,
            InstantSource wallClock,
            Journalist history,
            ProbeRunner probe,
            Supplier<OptionalLong> lastPeerDelayNanos,
            Restart restart,
            FirstAnswer firstAnswer) {}

    DhcpService(Parts parts) {
        this.mounted = parts.mounted();
        this.backing = parts.backing();
        this.generations = parts.generations();
        this.check = parts.check();
        this.guard = parts.guard();
        this.engine = parts.engine();
        this.rollout =
                new ConfigurationRollout(
                        parts.engine(),
                        parts.generations(),
                        parts.lastPeerDelayNanos(),
                        System::nanoTime);
        this.follower = parts.follower();
        this.clockAheadOfPeer = parts.clockAheadOfPeer();
        this.wallClock = parts.wallClock();
        this.history = parts.history();
        this.probe = parts.probe();
        this.lastPeerDelayNanos = parts.lastPeerDelayNanos();
        this.restart = parts.restart();
        this.firstAnswer = parts.firstAnswer();
    }

    /** What a person should know about the server, the gravest first. */
    List<String> alarms() {
        var texts = new java.util.ArrayList<String>();
        alarm.ifPresent(a -> texts.add("dhcpd: " + a));
        refusedEdit.stream()
                .filter(Finding::isError)
                .forEach(finding -> texts.add("the last edit is refused: " + finding.text()));
        if (watch.isPresent() && !configured && refusedEdit.isEmpty()) {
            texts.add(
                    "there is no "
                            + mounted.configuration()
                            + " yet: DHCP is not running. Write one and it is started");
        }
        probePassedOver.ifPresent(reason ->
                texts.add(
                        "clients are answered, but the probe is not ("
                                + reason
                                + "): very many ask, or the probe's interface has no way to the"
                                + " clients' network"));
        startFindings.stream()
                .filter(finding -> finding.severity() != io.leasehold.dhcp.Severity.NOTE)
                .forEach(finding -> texts.add(finding.text()));
        rehearsalComplaints().forEach(text -> texts.add("a takeover would fail: " + text));
        return texts;
    }

    /** Why the server would not start here after a promotion; empty where it is mounted. */
    List<String> rehearsalComplaints() {
        return isMounted()
                ? List.of()
                : rehearsal.stream().filter(Finding::isError).map(Finding::text).toList();
    }

    /** The server's process did something that a person or the cluster manager must know. */
    void alarmed(Alarm what) {
        alarm = Optional.of(what);
        history.observed("dhcp", what.toString());
    }

    // ---- the resources

    /** Looks at the volume before the server does. */
    ResourceShell guardResource() {
        return new ResourceShell() {
            @Override
            public void start(boolean adopt, Duration limit) throws ResourceException {
                watchConfiguration();
                if (adopt) {
                    configured = true;
                    return;
                }
                try {
                    guardStart(comparedWithPeer());
                } catch (ResourceException e) {
                    startEnded(Optional.of(e.reason()));
                    throw e;
                }
            }

            @Override
            public void stop(Duration limit) {
                watch.ifPresent(ConfigurationWatch::close);
                watch = Optional.empty();
                configured = false;
                guarded = false;
                startFindings = List.of();
                refusedEdit = List.of();
            }

            @Override
            public void prepare() {
                rehearse();
            }
        };
    }

    /** The server's process. */
    ResourceShell serverResource() {
        return new ResourceShell() {
            @Override
            public void start(boolean adopt, Duration limit) throws ResourceException {
                try {
                    startServer(adopt);
                    started = true;
                    startEnded(Optional.empty());
                } catch (ResourceException e) {
                    startEnded(Optional.of(e.reason()));
                    throw e;
                }
            }

            @Override
            public void stop(Duration limit) throws ResourceException {
                started = false;
                stopServer();
            }

            @Override
            public Health monitor(Duration limit) throws InterruptedException {
                return monitorServer(limit);
            }
        };
    }

    /** The first question after the gate opened: green before the neighbours are told. */
    ResourceShell probeResource() {
        return new ResourceShell() {
            @Override
            public void start(boolean adopt, Duration limit)
                    throws ResourceException, InterruptedException {
                if (!configured) {
                    return;
                }
                var silence = passedOver(probe.ask(limit));
                if (silence.isPresent()) {
                    throw ResourceException.unanswered(silence.get().reason());
                }
            }

            @Override
            public void stop(Duration limit) {}
        };
    }

    // ---- guard

    private ClockComparison comparedWithPeer() {
        return clockAheadOfPeer
                .get()
                .<ClockComparison>map(ClockComparison.Known::new)
                .orElseGet(() -> new ClockComparison.Unknown("the peer was not heard"));
    }

    private void guardStart(ClockComparison clock) throws ResourceShell.ResourceException {
        try {
            configured =
                    generations.accepted().generation().isPresent()
                            || Files.exists(mounted.configuration());
        } catch (IOException e) {
            throw new ResourceShell.ResourceException(
                    "cannot read the configuration on the volume: " + e.getMessage(), e);
        }
        if (!configured) {
            return;
        }
        switch (guard.check(wallClock.instant(), clock, Optional.of(follower))) {
            case GuardReport.Clear clear -> {
                guarded = true;
                startFindings = clear.findings();
                history.did(
                        "guard",
                        clear.leases()
                                + " leases, "
                                + clear.active()
                                + " active, configuration "
                                + clear.generation()
                                + (clear.trimmedBytes() == 0
                                        ? ""
                                        : ", a torn record of "
                                                + clear.trimmedBytes()
                                                + " bytes was cut off and kept"),
                        clear.took());
            }
            case GuardReport.Refused refused ->
                    throw new ResourceShell.ResourceException(texts(refused.findings()));
        }
    }

    private void watchConfiguration() {
        var fresh =
                new ConfigurationWatch(
                        ConfigurationSource.mounted(mounted),
                        check,
                        generations,
                        this::leases,
                        wallClock,
                        this::edited);
        watch = Optional.of(fresh);
        fresh.start(System::nanoTime);
    }

    private LeaseTable leases() {
        try {
            return follower.poll().table();
        } catch (IOException e) {
            log.info("no leases to compare a configuration with: {}", e.getMessage());
            return LeaseTable.EMPTY;
        }
    }

    /**
     * What this node's copy of the lease file knows, for a person who weighs what may be missing.
     */
    String leasesHere() {
        var table = leases();
        var newest =
                table.leases().stream()
                        .map(Lease::lastTransaction)
                        .max(Comparator.naturalOrder())
                        .orElse(LeaseTime.NONE);
        return table.size() == 0
                ? "the copy of the lease file here has no lease, or cannot be read"
                : "the copy of the lease file here knows "
                        + table.size()
                        + " leases, "
                        + table.activeAt(wallClock.instant())
                        + " of them active; what was given or renewed after "
                        + newest
                        + " is not among them, and may be given to somebody else";
    }

    /** On the secondary: what a promotion would complain about, and what it need not do again. */
    void rehearse() {
        try {
            rehearsal = guard.rehearse(backing, leases(), wallClock.instant());
        } catch (IOException e) {
            log.info("the replica could not be rehearsed: {}", e.getMessage());
        }
    }

    /** Whether the volume is mounted here. */
    boolean isMounted() {
        return watch.isPresent();
    }

    // ---- server

    private void startServer(boolean adopt) throws ResourceShell.ResourceException {
        alarm = Optional.empty();
        takenBack = Optional.empty();
        try {
            if (adopt) {
                if (configured && engine.adopt().isEmpty()) {
                    throw new ResourceShell.ResourceException("dhcpd does not run any more");
                }
                if (rollout.adopted()) {
                    return;
                }
                history.observed(
                        "dhcp",
                        "dhcpd is started anew: an edit was accepted after its start",
                        "the daemon before this one ended before it applied that edit");
                stopServer();
            }
            // Each start but the first of a promotion is one after a death: what it left behind in
            // the lease file must not mislead the next one either.
            if (!guarded) {
                guardStart(new ClockComparison.Own());
            }
            guarded = false;
            if (!configured) {
                return;
            }
            firstAnswer.await();
            switch (rollout.start(watch.orElseThrow())) {
                case ConfigurationRollout.Result.Applied(var running) ->
                        startFindings = running.findings();
                case ConfigurationRollout.Result.TakenBack back -> {
                    startFindings = back.started().findings();
                    refusedEdit = back.findings();
                    takenBack = Optional.of(back);
                    history.failed(
                            "dhcp",
                            "dhcpd does not start with configuration "
                                    + back.failed().number()
                                    + "; the one before is in force again",
                            texts(back.findings()),
                            back.started().took());
                }
                case ConfigurationRollout.Result.Failed(var findings, boolean silent) ->
                        throw silent
                                ? ResourceShell.ResourceException.unanswered(texts(findings))
                                : new ResourceShell.ResourceException(texts(findings));
            }
            guard.served();
        } catch (IOException e) {
            throw new ResourceShell.ResourceException("dhcpd: " + e.getMessage(), e);
        }
    }

    private void stopServer() throws ResourceShell.ResourceException {
        try {
            if (engine.stop() instanceof StopResult.StillThere(int pid)) {
                throw new ResourceShell.ResourceException(
                        "dhcpd (process "
                                + pid
                                + ") was killed and is still there: it waits for the volume");
            }
        } catch (IOException e) {
            throw new ResourceShell.ResourceException("dhcpd: " + e.getMessage(), e);
        }
    }

    private Health monitorServer(Duration limit) throws InterruptedException {
        if (!configured) {
            return new Health.Good();
        }
        return switch (engine.monitor()) {
            case io.leasehold.dhcp.engine.Health.Running _ -> judged(probe.askIfDue(limit));
            case io.leasehold.dhcp.engine.Health.Failing(int _, var why) ->
                    new Health.Failed(why.toString());
            case io.leasehold.dhcp.engine.Health.NotRunning() ->
                    new Health.Failed("dhcpd does not run");
        };
    }

    /**
     * Of two silences nothing follows. When a whole site is switched on, a question of the probe is
     * lost among thousands, and a restart would only add to that. And while acknowledgements wait
     * for the peer (R4), dhcpd waits in its write and answers nobody. It cannot be stopped then
     * either, and a start would not help: the record decides what comes. A disk that hangs here is
     * another matter: then this node's service has failed.
     */
    private Health judged(Optional<Unanswered> unanswered) {
        return passedOver(unanswered)
                .<Health>map(silence ->
                        new Health.Unanswered(silence.reason(), lastPeerDelayNanos.get()))
                .orElseGet(Health.Good::new);
    }

    /** Without a silence in which others were answered, which is only told. */
    private Optional<Unanswered> passedOver(Optional<Unanswered> unanswered) {
        var reason = unanswered.filter(Unanswered::othersAnswered).map(Unanswered::reason);
        if (reason.isPresent() && probePassedOver.isEmpty()) {
            history.observed(
                    "dhcp", "left alone: others are answered, the probe is not", reason.get());
        }
        probePassedOver = reason;
        return unanswered.filter(silence -> !silence.othersAnswered());
    }

    // ---- edits

    /** What became of an edit, for whoever asked for it. */
    sealed interface Reloaded {
        record Unchanged(long generation) implements Reloaded {}

        record InForce(long generation, List<Finding> findings) implements Reloaded {}

        /** Refused before anything was touched. */
        record Refused(List<Finding> findings) implements Reloaded {}

        /** The server did not start with it, and runs on the one before again. */
        record TakenBack(long inForce, List<Finding> findings) implements Reloaded {}

        /** The server does not run on it, and not on the one before either. */
        record Failed(String reason) implements Reloaded {}
    }

    /** Longer than stop and start together may take. */
    private static final Duration RESTART_LIMIT = Duration.ofMinutes(2);

    /** Why the probe's last question is not held against the server. */
    private volatile Optional<String> probePassedOver = Optional.empty();

    private volatile Optional<String> lastRestart = Optional.empty();

    /** Of a restart that somebody waits for: empty when the server runs, else why it does not. */
    private volatile CompletableFuture<Optional<String>> restarted = new CompletableFuture<>();

    /** Checks the configuration now and applies it. Empty if the volume is not mounted here. */
    Optional<Reloaded> reload() throws IOException {
        var current = watch;
        if (current.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (current.get().checkNow()) {
                    case ConfigurationWatch.Outcome.Unchanged(var generation) ->
                            new Reloaded.Unchanged(generation.number());
                    case ConfigurationWatch.Outcome.Undone(var generation) ->
                            new Reloaded.Unchanged(generation.number());
                    case ConfigurationWatch.Outcome.Refused(var _, var findings) ->
                            new Reloaded.Refused(findings);
                    case ConfigurationWatch.Outcome.Accepted(var now, var _, var findings) ->
                            applied(now, findings);
                });
    }

    private Reloaded applied(Generation now, List<Finding> findings) {
        if (lastRestart.isPresent()) {
            return new Reloaded.Failed(lastRestart.get());
        }
        return takenBack
                .<Reloaded>map(
                        back -> new Reloaded.TakenBack(back.inForce().number(), back.findings()))
                .orElseGet(() -> new Reloaded.InForce(now.number(), findings));
    }

    /** Told of each edit, on the thread that checks; blocks until it is applied. */
    private void edited(ConfigurationWatch.Outcome outcome) {
        switch (outcome) {
            case ConfigurationWatch.Outcome.Unchanged _ -> {}
            case ConfigurationWatch.Outcome.Undone(var inForce) -> {
                refusedEdit = List.of();
                history.observed(
                        "dhcp",
                        "the refused edit of dhcpd.conf is undone: it says again what is in force,"
                                + " configuration "
                                + inForce.number());
            }
            case ConfigurationWatch.Outcome.Refused(var inForce, var findings) -> {
                if (inForce.isEmpty() && !Files.exists(mounted.configuration())) {
                    return; // nothing to serve yet
                }
                refusedEdit = findings;
                history.observed("dhcp", "an edit of dhcpd.conf is refused", texts(findings));
                log.error("dhcpd.conf is refused, the old one stays in force: {}", texts(findings));
            }
            case ConfigurationWatch.Outcome.Accepted(var now, var _, var _) -> {
                refusedEdit = List.of();
                lastRestart = Optional.empty();
                takenBack = Optional.empty();
                history.observed("dhcp", "configuration " + now.number() + " is accepted");
                if (!started) {
                    return; // the start that is under way uses it
                }
                try {
                    lastRestart = restartNow("configuration " + now.number());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private Optional<String> restartNow(String reason) throws InterruptedException {
        var ended = new CompletableFuture<Optional<String>>();
        restarted = ended;
        var refused = restart.begin(!configured, reason);
        if (refused.isPresent()) {
            return refused;
        }
        try {
            return ended.get(RESTART_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return Optional.of(
                    "the DHCP server was not started again within "
                            + RESTART_LIMIT.toSeconds()
                            + " s; see clusterctl status");
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody fails a start's end", e);
        }
    }

    private void startEnded(Optional<String> reason) {
        restarted.complete(reason);
    }

    private static String texts(List<Finding> findings) {
        return findings.stream()
                .filter(Finding::isError)
                .map(Finding::text)
                .collect(Collectors.joining("; "));
    }
}
