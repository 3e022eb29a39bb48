package io.leasehold.dhcp.engine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.engine.ProcessHost.HostedProcess;
import io.leasehold.dhcp.engine.ProcessHost.ProcessOrder;
import io.leasehold.dhcp.engine.ProcessHost.Signal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs Debian's unmodified dhcpd on the volume.
 *
 * <p>It runs in the foreground ({@code -f}), logs to its standard error ({@code -d}), writes no pid
 * file ({@code --no-pid}: a pid file on the volume that names any live process keeps dhcpd from
 * starting), and reads the accepted configuration, never the one that may just be edited. The
 * caller has had the {@code guard} look at the volume, and has put the VIP on the interface: with
 * {@code local-address} dhcpd binds to it.
 *
 * <p>{@link #start}, {@link #stop} and {@link #restart} block, exclude each other, and belong on a
 * thread that may wait. While dhcpd runs, a thread of ours follows its log and its open files and
 * tells the listener.
 */
public final class DhcpdEngine implements AutoCloseable {

    /** The name of the process at its host. */
    public static final String PROCESS = "dhcpd";

    /**
     * In the environment of dhcpd: the number of the accepted generation when it was started. It
     * says so to whoever adopts it, and cannot be out of date as a file beside it could.
     */
    private static final String GENERATION = "LEASEHOLD_DHCP_GENERATION";

    static final Duration LOOK_INTERVAL = Duration.ofMillis(200);

    /** Looks in a row that must see a detached file: a rename can come between two reads. */
    private static final int DETACHED_LOOKS = 2;

    private static final long READY_POLL_NANOS = 500_000;
    private static final Duration ALARM_INTERVAL = Duration.ofSeconds(10);

    /** {@code FILE line 5: semicolon expected.} */
    private static final Pattern PLACED = Pattern.compile("^(/.+) line (\\d{1,9}): (.*)$");

    private static final Logger log = LoggerFactory.getLogger(DhcpdEngine.class);

    private final DhcpdSettings settings;
    private final ProcessHost host;
    private final EngineListener listener;
    private final LongSupplier nanoTime;
    private final Path proc;

    private final ScheduledExecutorService watcher =
            Executors.newSingleThreadScheduledExecutor(
                    task -> Thread.ofPlatform().name("dhcpd-watch").daemon().unstarted(task));

    private volatile Optional<Run> run = Optional.empty();

    /** One life of dhcpd. */
    private static final class Run {
        final HostedProcess process;
        final LogFollower logFollower;
        final Map<AlarmKind, Long> toldNanos = new EnumMap<>(AlarmKind.class);
        volatile Optional<Alarm> fatal = Optional.empty();
        volatile boolean stopping;
        int detachedLooks;
        Optional<ScheduledFuture<?>> looks = Optional.empty();

        Run(HostedProcess process, LogFollower logFollower) {
            this.process = process;
            this.logFollower = logFollower;
        }
    }

    private enum AlarmKind {
        COMMIT,
        REWRITE,
        DETACHED,
        DROPPED,
        EXHAUSTED,
        CONFLICT,
        ENDED;

        static AlarmKind of(Alarm alarm) {
            return switch (alarm) {
                case Alarm.CommitFailed _ -> COMMIT;
                case Alarm.RewriteFailed _ -> REWRITE;
                case Alarm.LeaseFileDetached _ -> DETACHED;
                case Alarm.LeaseDropped _ -> DROPPED;
                case Alarm.NoFreeLeases _ -> EXHAUSTED;
                case Alarm.AddressConflict _ -> CONFLICT;
                case Alarm.Ended _ -> ENDED;
            };
        }
    }

    public DhcpdEngine(
            DhcpdSettings settings,
            ProcessHost host,
            EngineListener listener,
            LongSupplier nanoTime) {
        this(settings, host, listener, nanoTime, Path.of("/proc"));
    }

    DhcpdEngine(
            DhcpdSettings settings,
            ProcessHost host,
            EngineListener listener,
            LongSupplier nanoTime,
            Path proc) {
        this.settings = settings;
        this.host = host;
        this.listener = listener;
        this.nanoTime = nanoTime;
        this.proc = proc;
    }

    /** The command line. */
    public List<String> command() {
        var command = new ArrayList<String>();
        command.add(settings.program().toString());
        command.addAll(List.of("-4", "-f", "-d", "--no-pid"));
        command.add("-cf");
        command.add(settings.volume().acceptedConfiguration().toString());
        command.add("-lf");
        command.add(settings.volume().leases().toString());
        command.addAll(settings.interfaces());
        return command;
    }

    /**
     * Starts dhcpd and waits until it serves, fails or takes too long; then it is killed. If it
     * runs already, that is the answer.
     */
    public synchronized StartResult start() {
        long from = nanoTime.getAsLong();
        if (isRunning()) {
            return new StartResult.Started(
                    run.orElseThrow().process.pid(), Duration.ZERO, List.of());
        }
        try {
            var follower = LogFollower.atEndOf(settings.log());
            var process =
                    host.start(new ProcessOrder(PROCESS, command(), environment(), settings.log()));
            var started = new Run(process, follower);
            return awaitReady(started, from);
        } catch (IOException e) {
            return new StartResult.NotStarted(
                    List.of(
                            Finding.error(
                                    "dhcpd-not-spawned",
                                    Place.of(settings.program()),
                                    "dhcpd could not be started: " + e.getMessage(),
                                    "is isc-dhcp-server installed on this node?")),
                    false);
        }
    }

    private Map<String, String> environment() throws IOException {
        var environment =
                new HashMap<>(Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "LANG", "C"));
        new Generations(settings.volume())
                .accepted()
                .generation()
                .ifPresent(
                        accepted -> environment.put(GENERATION, Long.toString(accepted.number())));
        return environment;
    }

    /**
     * The generation that was accepted when the dhcpd that runs was started; empty if none runs, or
     * if it does not say, as one that an older build started.
     */
    public synchronized OptionalLong generation() throws IOException {
        if (!isRunning()) {
            return OptionalLong.empty();
        }
        var environ = proc.resolve(run.orElseThrow().process.pid() + "/environ");
        // proc(5): NAME=VALUE, each with a zero byte at its end.
        var variables = new String(Files.readAllBytes(environ), ISO_8859_1).split("\0", -1);
        return Arrays.stream(variables)
                .filter(variable -> variable.matches(GENERATION + "=\\d{1,15}"))
                .mapToLong(variable -> Long.parseLong(variable.substring(GENERATION.length() + 1)))
                .findFirst();
    }

    private StartResult awaitReady(Run started, long fromNanos) throws IOException {
        var findings = new ArrayList<Finding>();
        var exit = started.process.exit().toCompletableFuture();
        while (true) {
            // Asked before the log is read: what dhcpd said before its end must not be missed.
            boolean ended = exit.isDone();
            for (var line : started.logFollower.poll()) {
                if (line.equals(LogLine.READY)) {
                    watch(started);
                    var took = Duration.ofNanos(nanoTime.getAsLong() - fromNanos);
                    return new StartResult.Started(started.process.pid(), took, findings);
                }
                LogLine.alarmOf(line).ifPresent(alarm -> findings.add(said(alarm, line)));
            }
            if (ended) {
                findings.addAll(reasons(started.logFollower.lastLines()));
                return new StartResult.NotStarted(findings, false);
            }
            if (nanoTime.getAsLong() - fromNanos > settings.startLimit().toNanos()) {
                end(started);
                findings.add(
                        Finding.error(
                                "dhcpd-start-slow",
                                Place.of(settings.log()),
                                "dhcpd did not begin to serve within "
                                        + settings.startLimit()
                                        + " and was killed; the last it said: "
                                        + String.join(" / ", started.logFollower.lastLines()),
                                "look whether the volume is frozen (clusterctl volume status)"));
                return new StartResult.NotStarted(findings, true);
            }
            LockSupport.parkNanos(READY_POLL_NANOS);
        }
    }

    private Finding said(Alarm alarm, String line) {
        return alarm.isFatal()
                ? Finding.error("dhcpd-says", Place.of(settings.log()), "dhcpd says: " + line, "")
                : Finding.warning(
                        "dhcpd-says", Place.of(settings.log()), "dhcpd says: " + line, "");
    }

    /** What dhcpd said before it ended; with file and line where it named them. */
    private List<Finding> reasons(List<String> lines) {
        var findings = new ArrayList<Finding>();
        for (var line : lines) {
            var placed = PLACED.matcher(line);
            if (placed.matches()) {
                findings.add(
                        Finding.error(
                                "dhcpd-refuses",
                                new Place(
                                        Path.of(placed.group(1)),
                                        Integer.parseInt(placed.group(2)),
                                        0),
                                "dhcpd says: " + placed.group(3),
                                "correct the statement"));
            }
        }
        if (findings.isEmpty()) {
            findings.add(
                    Finding.error(
                            "dhcpd-ended",
                            Place.of(settings.log()),
                            "dhcpd ended at its start: "
                                    + (lines.isEmpty()
                                            ? "it said nothing"
                                            : String.join(" / ", lines)),
                            advice(String.join("\n", lines))));
        }
        return findings;
    }

    private String advice(String said) {
        if (said.contains("No subnet declaration for")
                || said.contains("Not configured to listen")) {
            return "dhcpd needs an address and a subnet declaration for each of "
                    + settings.interfaces();
        }
        if (said.contains("Cannot assign requested address")) {
            return "local-address must be on this node before dhcpd starts";
        }
        if (said.contains("Address already in use")) {
            return "another DHCP server is running on this node: stop and disable it";
        }
        return "see " + settings.log();
    }

    /** Follows a dhcpd that a predecessor of this daemon started; empty if none runs. */
    public synchronized Optional<Integer> adopt() throws IOException {
        if (isRunning()) {
            return run.map(r -> r.process.pid());
        }
        var found = host.running(PROCESS);
        if (found.isPresent()) {
            watch(new Run(found.get(), LogFollower.atEndOf(settings.log())));
        }
        return found.map(HostedProcess::pid);
    }

    /**
     * Ends dhcpd: SIGTERM, which a default build dies of at once, then SIGKILL. A lease that was
     * acknowledged is on the volume by then; an answer that was not sent is asked for again.
     */
    public synchronized StopResult stop() throws IOException {
        if (run.isEmpty()) {
            adopt();
        }
        var current = run;
        if (current.isEmpty()) {
            return new StopResult.Stopped(Duration.ZERO, false);
        }
        return end(current.get());
    }

    private StopResult end(Run ending) throws IOException {
        long from = nanoTime.getAsLong();
        ending.stopping = true;
        ending.looks.ifPresent(looks -> looks.cancel(false));
        var exit = ending.process.exit().toCompletableFuture();
        host.signal(PROCESS, Signal.TERM);
        boolean byKill = false;
        if (!awaitExit(exit, settings.termLimit())) {
            byKill = true;
            host.signal(PROCESS, Signal.KILL);
            if (!awaitExit(exit, settings.killLimit())) {
                return new StopResult.StillThere(ending.process.pid());
            }
        }
        run = Optional.empty();
        return new StopResult.Stopped(Duration.ofNanos(nanoTime.getAsLong() - from), byKill);
    }

    private static boolean awaitExit(CompletableFuture<ProcessHost.Exit> exit, Duration limit)
            throws IOException {
        try {
            exit.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for dhcpd's end", e);
        } catch (ExecutionException e) {
            throw new IOException("the host lost sight of dhcpd", e.getCause());
        }
    }

    /** Ends and starts it; clients notice nothing if it takes less than their retransmission. */
    public synchronized StartResult restart() throws IOException {
        return switch (stop()) {
            case StopResult.Stopped _ -> start();
            case StopResult.StillThere(int pid) ->
                    new StartResult.NotStarted(
                            List.of(
                                    Finding.error(
                                            "dhcpd-does-not-end",
                                            Place.of(settings.log()),
                                            "dhcpd (process "
                                                    + pid
                                                    + ") does not end: it waits for the volume",
                                            "see clusterctl volume status")),
                            true);
        };
    }

    /** A cheap look that does not wait for anything. */
    public Health monitor() {
        var current = run;
        if (current.isEmpty() || hasEnded(current.get())) {
            return new Health.NotRunning();
        }
        int pid = current.get().process.pid();
        return current.get()
                .fatal
                .<Health>map(alarm -> new Health.Failing(pid, alarm))
                .orElseGet(() -> new Health.Running(pid));
    }

    private boolean isRunning() {
        return run.isPresent() && !hasEnded(run.get());
    }

    private static boolean hasEnded(Run run) {
        return run.process.exit().toCompletableFuture().isDone();
    }

    // ---- watching

    private void watch(Run started) {
        run = Optional.of(started);
        started.looks =
                Optional.of(
                        watcher.scheduleWithFixedDelay(
                                () -> lookSafely(started),
                                LOOK_INTERVAL.toNanos(),
                                LOOK_INTERVAL.toNanos(),
                                TimeUnit.NANOSECONDS));
        var unused = started.process.exit().thenAcceptAsync(exit -> ended(started, exit), watcher);
    }

    private void lookSafely(Run looked) {
        try {
            look(looked);
        } catch (IOException e) {
            log.warn("cannot look at dhcpd's log and files: {}", e.toString());
        } catch (RuntimeException e) {
            // A scheduled task that throws is never run again, and nobody would notice.
            log.error("the watch of dhcpd failed; it goes on", e);
        }
    }

    private void look(Run looked) throws IOException {
        readLog(looked);
        if (looked.stopping) {
            return;
        }
        var leases = settings.volume().leases();
        var open = OpenLeaseFile.of(proc, looked.process.pid());
        long inode;
        try {
            inode = OpenLeaseFile.inode(leases);
        } catch (NoSuchFileException _) {
            // Somebody removed it: then dhcpd's file is detached, whatever its number is.
            inode = 0;
        }
        var detached = OpenLeaseFile.detached(open, leases, inode);
        looked.detachedLooks = detached.isPresent() ? looked.detachedLooks + 1 : 0;
        if (looked.detachedLooks == DETACHED_LOOKS) {
            tell(looked, new Alarm.LeaseFileDetached(leases, detached.orElseThrow().target()));
        }
    }

    private void readLog(Run looked) throws IOException {
        for (var line : looked.logFollower.poll()) {
            LogLine.alarmOf(line).ifPresent(alarm -> tell(looked, alarm));
        }
    }

    private void ended(Run ended, ProcessHost.Exit exit) {
        ended.looks.ifPresent(looks -> looks.cancel(false));
        if (ended.stopping) {
            return;
        }
        try {
            readLog(ended);
        } catch (IOException e) {
            log.warn("cannot read dhcpd's last words: {}", e.toString());
        }
        tell(ended, new Alarm.Ended(exit, String.join("\n", ended.logFollower.lastLines())));
    }

    /** The first of a kind at once, then one in a while: an empty pool says it with each packet. */
    private void tell(Run told, Alarm alarm) {
        long now = nanoTime.getAsLong();
        var last = told.toldNanos.get(AlarmKind.of(alarm));
        if (last != null && now - last < ALARM_INTERVAL.toNanos()) {
            return;
        }
        told.toldNanos.put(AlarmKind.of(alarm), now);
        if (alarm.isFatal() && told.fatal.isEmpty()) {
            told.fatal = Optional.of(alarm);
        }
        listener.alarm(alarm);
    }

    /** Stops watching. dhcpd goes on: it belongs to its host. */
    @Override
    public void close() {
        watcher.shutdown();
    }
}
