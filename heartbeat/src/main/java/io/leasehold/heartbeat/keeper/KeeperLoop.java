package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.keeper.DaemonWatch.Action;
import io.leasehold.heartbeat.keeper.KeeperMessage.Answer;
import io.leasehold.heartbeat.keeper.KeeperMessage.Notification;
import io.leasehold.heartbeat.keeper.KeeperMessage.Request;
import io.leasehold.heartbeat.keeper.PeerBeat.DaemonCondition;
import io.leasehold.heartbeat.link.InterfaceMonitor;
import io.leasehold.heartbeat.link.Links;
import io.leasehold.heartbeat.linux.ChildProcess;
import io.leasehold.heartbeat.linux.Clocks;
import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.FuseDevice;
import io.leasehold.heartbeat.linux.PollSet;
import io.leasehold.heartbeat.linux.Processes;
import io.leasehold.heartbeat.linux.Sockets;
import io.leasehold.heartbeat.linux.WakeUp;
import io.leasehold.heartbeat.linux.WatchdogDevice;
import io.leasehold.heartbeat.wire.Datagram.Beat;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;

/**
 * The keeper's one thread: waits for sockets, children and deadlines, and does what they ask for.
 *
 * <p>Nothing in here blocks for longer than a system call takes, so a beat is late only if the
 * thread does not run. It is also the parent of all children; see {@link ServiceProcesses}.
 */
final class KeeperLoop implements AutoCloseable, Links.Listener {
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long IDLE_NANOS = SECOND_NANOS;

    /** A connection that does not attach within this time is closed. */
    private static final long ATTACH_NANOS_MAX = SECOND_NANOS;

    private static final int CONNECTIONS_MAX = 4;
    private static final int POLLED_MAX =
            8 + 2 * CONNECTIONS_MAX + ServiceProcesses.PROCESSES_MAX + 16;

    /** So much clock difference can come from reading two clocks one after the other. */
    private static final long SUSPENDED_NANOS_MIN = 50_000_000;

    /**
     * Daemon and keeper must read the same clock; a second allows for a daemon that was slow to
     * send.
     */
    private static final long CLOCK_DIFFERENCE_NANOS_MAX = 60 * SECOND_NANOS;

    /** How long killed processes may take to end before the gate stays in place for ever. */
    private static final long KILLED_NANOS_MAX = 2 * SECOND_NANOS;

    private static final int LAST_BEATS = 3;

    /** Each fails only if the thread stands still for a moment in it. */
    private static final int OPENING_ATTEMPTS_MAX = 5;

    private final Path socketPath;
    private final List<String> daemonCommand;
    private final UUID bootId;
    private final boolean realTime;
    private final Descriptor listening;
    private final WakeUp wakeUp;
    private final InterfaceMonitor interfaces;
    private final Gate gate;
    private final ServiceManager serviceManager;
    private final Clocks clocks = new Clocks();
    private final PollSet polled = new PollSet(POLLED_MAX);
    private final SecureRandom random = new SecureRandom();

    private final DaemonWatch watch;
    private final Attention attention = new Attention(System.nanoTime());
    private final GateKeeping gateKeeping = new GateKeeping();
    private final AddressKeeping addressKeeping = new AddressKeeping();
    private final ServiceProcesses services = new ServiceProcesses();
    private final List<Connection> connections = new ArrayList<>();
    private Optional<Connection> daemon = Optional.empty();
    private Optional<ChildProcess> daemonProcess = Optional.empty();
    private Optional<Links> links = Optional.empty();
    private Optional<GateConfiguration> gateConfiguration = Optional.empty();
    private final Map<String, Integer> gateInterfaces = new HashMap<>();
    private Set<String> watchedInterfaces = Set.of();
    private Optional<HeldFuse> fuse = Optional.empty();
    private Optional<Armed> watchdog = Optional.empty();
    private Optional<String> stoodDown = Optional.empty();

    /** From a stand-down until all of it has come about. */
    private boolean mustBeSilent;

    /**
     * From a stand-down until the next attach. What the daemon sent before it learnt of it (an
     * order may lie in the socket for as long as either stood still) gives it nothing any more.
     */
    private boolean dismissed;

    /**
     * It asked since it attached. Before, and if it was told of nothing, a stand-down takes nothing
     * from it that it counts on: a daemon that starts too slowly may go on with its start.
     */
    private boolean daemonKnowsWhatIsHeld;

    private long attachments;
    private boolean beating;
    private byte[] payload = {};
    private long nextBeatNanos;
    private long suspendedNanos;

    private int ticks;
    private long latenessMaxNanos;
    private long nextReportNanos;

    private volatile boolean endRequested;
    private boolean endPassedOn;
    private boolean ended;

    private record HeldFuse(Descriptor descriptor, Path mountPoint) {}

    private record Armed(WatchdogDevice device, WatchdogConfiguration configuration) {}

    /** One connected process; the daemon if it has attached. */
    private static final class Connection {
        final FrameSocket socket;
        final int pid;
        final long sinceNanos;

        Connection(FrameSocket socket, int pid, long sinceNanos) {
            this.socket = socket;
            this.pid = pid;
            this.sinceNanos = sinceNanos;
        }
    }

    private KeeperLoop(
            Path socketPath,
            List<String> daemonCommand,
            UUID bootId,
            boolean realTime,
            Descriptor listening,
            WakeUp wakeUp,
            InterfaceMonitor interfaces,
            Gate gate,
            ServiceManager serviceManager) {
        this.socketPath = socketPath;
        this.daemonCommand = daemonCommand;
        this.bootId = bootId;
        this.realTime = realTime;
        this.listening = listening;
        this.wakeUp = wakeUp;
        this.interfaces = interfaces;
        this.gate = gate;
        this.serviceManager = serviceManager;
        this.watch = new DaemonWatch(SupervisionPolicy.DEFAULT, System.nanoTime());
    }

    /** Takes the socket's place; a socket that another keeper left there is replaced. */
    static KeeperLoop open(
            Path socketPath, List<String> daemonCommand, UUID bootId, boolean realTime)
            throws IOException {
        Files.deleteIfExists(socketPath);
        var listening = Sockets.open(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
        Sockets.bind(listening, Sockets.unixAddress(socketPath), socketPath.toString());
        Sockets.listen(listening, CONNECTIONS_MAX);
        var loop =
                new KeeperLoop(
                        socketPath,
                        daemonCommand,
                        bootId,
                        realTime,
                        listening,
                        new WakeUp(),
                        InterfaceMonitor.open(),
                        Gate.open(),
                        ServiceManager.of(System.getenv()));
        loop.suspendedNanos = loop.clocks.suspendedNanos();
        return loop;
    }

    /** By any thread: pass on that the keeper was told to stop. */
    void requestEnd() {
        endRequested = true;
        try {
            wakeUp.wake();
        } catch (ClosedChannelException _) {
            // It has ended by itself.
        }
    }

    /** Runs until everything is over. */
    void run() throws IOException {
        nextReportNanos = System.nanoTime() + SECOND_NANOS;
        while (!ended) {
            decideAboutDaemon();
            if (ended) {
                return;
            }
            awaitSomething();
            meetDeadlines();
            takeWhatCame();
        }
    }

    private void awaitSomething() throws IOException {
        polled.clear();
        polled.add(listening.number(), PollSet.READABLE);
        polled.add(wakeUp.number(), PollSet.READABLE);
        polled.add(interfaces.number(), PollSet.READABLE);
        for (var connection : connections) {
            short events =
                    connection.socket.isBehind()
                            ? (short) (PollSet.READABLE | PollSet.WRITABLE)
                            : PollSet.READABLE;
            polled.add(connection.socket.number(), events);
        }
        if (daemonProcess.isPresent()) {
            polled.add(daemonProcess.get().endDescriptor(), PollSet.READABLE);
        }
        services.addTo(polled);
        if (links.isPresent()) {
            links.get().addTo(polled);
        }
        long nowNanos = System.nanoTime();
        polled.await(Math.max(0, nextDeadlineInNanos(nowNanos)));
    }

    private long nextDeadlineInNanos(long nowNanos) {
        long in = Math.min(IDLE_NANOS, nextReportNanos - nowNanos);
        if (beating && links.isPresent()) {
            in = Math.min(in, nextBeatNanos - nowNanos);
        }
        var renewal = gateKeeping.nextRenewalNanos();
        if (renewal.isPresent()) {
            in = Math.min(in, renewal.getAsLong() - nowNanos);
        }
        var lifetime = addressKeeping.nextRenewalNanos(gateKeeping.isOpen());
        if (lifetime.isPresent()) {
            in = Math.min(in, lifetime.getAsLong() - nowNanos);
        }
        var decision = watch.nextDeadlineNanos(isSomethingHeld(), nowNanos);
        return decision.isPresent() ? Math.min(in, decision.getAsLong() - nowNanos) : in;
    }

    // Deadlines.

    private void meetDeadlines() throws IOException {
        long nowNanos = System.nanoTime();
        noticeSuspension();
        renewGate(nowNanos);
        renewAddress(nowNanos);
        if (beating && links.isPresent() && nowNanos - nextBeatNanos >= 0) {
            measureLateness(nowNanos - nextBeatNanos);
            attention.late(nowNanos - nextBeatNanos);
            sendBeat(nowNanos);
            interfaces.refresh();
            long keepaliveNanos = links.get().configuration().keepalive().toNanos();
            nextBeatNanos += keepaliveNanos;
            if (nextBeatNanos - nowNanos < 0) {
                // Stood still: go on from here instead of sending what was missed.
                nextBeatNanos = nowNanos + keepaliveNanos;
            }
        }
        if (nowNanos - nextReportNanos >= 0) {
            nextReportNanos = nowNanos + SECOND_NANOS;
            report();
            feedWatchdogs(nowNanos);
            closeStrangers(nowNanos);
            if (gateConfiguration.isPresent()) {
                prepareGate();
            }
        }
    }

    /** The kernel's timers stand still in a suspended machine, and so does nanoTime. */
    private void noticeSuspension() throws IOException {
        long suspended = clocks.suspendedNanos();
        long gapNanos = suspended - suspendedNanos;
        suspendedNanos = suspended;
        if (gapNanos >= SUSPENDED_NANOS_MIN && gateKeeping.isOpen()) {
            gateKeeping.shut();
            gate.shut();
            lapse("the machine was suspended for " + gapNanos / 1_000_000 + " ms");
        }
    }

    private void renewGate(long nowNanos) throws IOException {
        if (gateKeeping.isDue(nowNanos)) {
            prepareGate();
            // Read after the ticket was put down; see Gate. If that had run out, it stays due.
            perform(gateKeeping.renew(System.nanoTime()));
        }
    }

    private void openGate(long untilNanos) throws IOException {
        for (int attempt = 0; attempt < OPENING_ATTEMPTS_MAX; attempt++) {
            prepareGate();
            if (perform(gateKeeping.open(untilNanos, System.nanoTime()))) {
                return;
            }
        }
        shutGate();
        lapse("the keeper stood still " + OPENING_ATTEMPTS_MAX + " times while it opened the gate");
    }

    /** After the gate, which says whether it may be renewed. */
    private void renewAddress(long nowNanos) {
        addressKeeping
                .due(gateKeeping.isOpen(), nowNanos)
                .ifPresent(address -> {
                    try {
                        address.add(AddressKeeping.LIFETIME);
                    } catch (IOException e) {
                        Keeper.say("lifetime not renewed: " + e.getMessage());
                    }
                });
    }

    /** Puts the ticket down; rules that somebody removed are there again then, and shut. */
    private void prepareGate() throws IOException {
        if (!gate.prepare()) {
            Keeper.say("somebody removed the gate's rules: installing them anew");
            gate.install(gateConfiguration.orElseThrow());
            gate.prepare();
        }
    }

    /** Returns whether it has come about. */
    private boolean perform(GateKeeping.Order order) throws IOException {
        switch (order) {
            case GateKeeping.Order.Nothing() -> {}
            case GateKeeping.Order.OpenFor opening -> {
                if (!gate.openFor(opening.millis())) {
                    return false;
                }
                gateKeeping.opened(opening);
            }
            case GateKeeping.Order.Shut() -> gate.shut();
            case GateKeeping.Order.Lapsed(long lateNanos) -> {
                measureLateness(lateNanos);
                gate.shut();
                lapse("the keeper stood still for " + lateNanos / 1_000_000 + " ms");
            }
        }
        return true;
    }

    private void lapse(String reason) {
        Keeper.say("gate shut: " + reason);
        tell(new Notification.GateLapsed(reason));
    }

    private void measureLateness(long lateNanos) {
        ticks++;
        latenessMaxNanos = Math.max(latenessMaxNanos, lateNanos);
    }

    private void report() {
        if (daemon.isPresent()) {
            tellIfThereIsRoom(
                    new Notification.Health(new KeeperHealth(realTime, ticks, latenessMaxNanos)));
            links.ifPresent(l -> tellIfThereIsRoom(new Notification.Statistics(l.statistics())));
        }
        ticks = 0;
        latenessMaxNanos = 0;
    }

    /** Fed from what was proven, never from the mere fact that this thread runs. */
    private void feedWatchdogs(long nowNanos) {
        mustBeSilent &= isSomethingLeft();
        if (!watch.isProven(isSomethingHeld(), mustBeSilent, nowNanos)) {
            return;
        }
        serviceManager.alive();
        watchdog.ifPresent(armed -> {
            try {
                armed.device().feed();
            } catch (IOException e) {
                Keeper.say("watchdog not fed: " + e.getMessage());
            }
        });
    }

    /** Whether something here lives on by this keeper, for a daemon that has a right to it. */
    private boolean isSomethingHeld() {
        return gateKeeping.isOpen() || isSomethingLeft();
    }

    /** Whether this node still holds what must not outlive its right. */
    private boolean isSomethingLeft() {
        return fuse.isPresent() || !services.isEmpty() || addressKeeping.held().isPresent();
    }

    private void configureWatchdog(Optional<WatchdogConfiguration> wanted) throws IOException {
        if (watchdog.map(Armed::configuration).equals(wanted)) {
            return;
        }
        disarmWatchdog();
        if (wanted.isPresent()) {
            var device = WatchdogDevice.open(wanted.get().device(), wanted.get().timeoutSeconds());
            watchdog = Optional.of(new Armed(device, wanted.get()));
            Keeper.say(
                    "watchdog %s resets this machine %d s after the last proof"
                            .formatted(wanted.get().device(), wanted.get().timeoutSeconds()));
        }
    }

    private void disarmWatchdog() throws IOException {
        if (watchdog.isPresent()) {
            var device = watchdog.get().device();
            watchdog = Optional.empty();
            device.disarm();
        }
    }

    private void closeStrangers(long nowNanos) {
        for (var connection : List.copyOf(connections)) {
            boolean isDaemon = daemon.isPresent() && daemon.get() == connection;
            if (!isDaemon && nowNanos - connection.sinceNanos > ATTACH_NANOS_MAX) {
                close(connection);
            }
        }
    }

    // Beats.

    private void sendBeat(long nowNanos) {
        var condition =
                stoodDown.isPresent()
                        ? DaemonCondition.STOOD_DOWN
                        : daemon.isPresent() ? DaemonCondition.ATTACHED : DaemonCondition.AWAY;
        var beat =
                new Beat(
                        bootId,
                        attachments,
                        condition.number(),
                        watch.progressAgeNanos(nowNanos),
                        0,
                        0,
                        payload);
        links.ifPresent(l -> l.send(beat, nowNanos));
    }

    @Override
    public void heard(Links.Heard heard) {
        var beat = heard.beat();
        if (daemon.isEmpty() || daemon.get().socket.isBehind()) {
            attention.notPassedOn(heard.receivedNanos());
            return;
        }
        attention.passedOn(heard.receivedNanos());
        tell(
                new Notification.BeatReceived(
                        new PeerBeat(
                                heard.link(),
                                beat.bootId(),
                                heard.sender().high(),
                                beat.daemonIncarnation(),
                                DaemonCondition.of(beat.condition()),
                                beat.progressAgeNanos(),
                                beat.payload(),
                                heard.roundTripNanos(),
                                heard.receivedNanos())));
    }

    @Override
    public void sendNow() {
        if (beating) {
            nextBeatNanos = System.nanoTime();
        }
    }

    // What came.

    private void takeWhatCame() throws IOException {
        links.ifPresent(l -> l.receive(this, System.nanoTime()));
        takeInterfaceChanges();
        for (var connection : List.copyOf(connections)) {
            serve(connection);
        }
        acceptConnection();
        reapDaemon();
        for (var exit : services.reap(System.nanoTime())) {
            tell(new Notification.Exited(exit));
        }
        wakeUp.reset();
        if (endRequested && !endPassedOn) {
            endPassedOn = true;
            passOnEnd();
        }
    }

    private void takeInterfaceChanges() throws IOException {
        for (var state : interfaces.changes()) {
            tell(new Notification.InterfaceChanged(state.name(), state.present(), state.carrier()));
            var guardedIndex = gateInterfaces.get(state.name());
            if (guardedIndex != null && state.present() && guardedIndex != state.index()) {
                gateInterfaces.put(state.name(), state.index());
                guardAgain(state.name());
            }
        }
    }

    /** Rules belong to a device, not to its name: another one of that name has none. */
    private void guardAgain(String interfaceName) throws IOException {
        Keeper.say("another interface " + interfaceName + ": installing the gate anew");
        gate.install(gateConfiguration.orElseThrow());
        if (gateKeeping.isOpen()) {
            gateKeeping.shut();
            lapse("interface " + interfaceName + " was replaced");
        }
    }

    private void acceptConnection() throws IOException {
        if (!polled.isReady(0)) {
            return;
        }
        var socket = Sockets.accept(listening);
        var credentials = Sockets.peerCredentials(socket);
        if (credentials.uid() != Processes.effectiveUserId()
                || connections.size() == CONNECTIONS_MAX) {
            Keeper.say(
                    "connection refused: process %d of user %d"
                            .formatted(credentials.pid(), credentials.uid()));
            socket.close();
            return;
        }
        connections.add(
                new Connection(new FrameSocket(socket), credentials.pid(), System.nanoTime()));
    }

    private void serve(Connection connection) {
        try {
            connection.socket.flush();
            // Once: a daemon that talks without end does not keep the beats waiting.
            connection.socket.fill();
            for (var frame = connection.socket.next();
                    frame.isPresent();
                    frame = connection.socket.next()) {
                if (!(KeeperCodec.decode(frame.get()) instanceof Request request)) {
                    throw new IOException("not a request");
                }
                handle(connection, request);
            }
        } catch (IOException e) {
            if (connections.contains(connection)) {
                boolean isDaemon = daemon.isPresent() && daemon.get() == connection;
                Keeper.say(
                        (isDaemon ? "daemon detached, process " : "connection lost, process ")
                                + connection.pid
                                + ": "
                                + e.getMessage());
                close(connection);
            }
        }
    }

    private void close(Connection connection) {
        connection.socket.close();
        connections.remove(connection);
        if (daemon.isPresent() && daemon.get() == connection) {
            daemon = Optional.empty();
        }
    }

    private void handle(Connection connection, Request request) throws IOException {
        boolean isDaemon = daemon.isPresent() && daemon.get() == connection;
        long nowNanos = System.nanoTime();
        switch (request) {
            case Request.Attach attach -> answer(connection, attach(connection, attach));
            case Request.Order order ->
                    answer(
                            connection,
                            isDaemon
                                    ? carryOut(order, nowNanos)
                                    : new Answer.Refused("not attached"));
            case Request.Report _, Request.Listen _ when !isDaemon ->
                    throw new IOException("not attached");
            case Request.Publish(long progressNanos, byte[] published) -> {
                watch.progressed(progressNanos, nowNanos);
                publish(published, nowNanos);
            }
            case Request.Progress(long progressNanos) -> watch.progressed(progressNanos, nowNanos);
            case Request.Starting(var phase) -> watch.starting(phase);
            case Request.Listen() -> {
                // Once more, so that everything up to this moment is before the answer.
                links.ifPresent(l -> l.receive(this, System.nanoTime()));
                tell(new Notification.Listened(nowNanos, attention.stoodStillNanos()));
            }
        }
    }

    private void answer(Connection connection, Answer answer) throws IOException {
        connection.socket.send(KeeperCodec.encode(answer));
    }

    private Answer attach(Connection connection, Request.Attach attach) {
        if (attach.protocolVersion() < KeeperCodec.PROTOCOL_VERSION_OLDEST
                || attach.protocolVersion() > KeeperCodec.PROTOCOL_VERSION) {
            return new Answer.Refused(
                    "the keeper speaks versions %d to %d, the daemon %d: restart the keeper"
                            .formatted(
                                    KeeperCodec.PROTOCOL_VERSION_OLDEST,
                                    KeeperCodec.PROTOCOL_VERSION,
                                    attach.protocolVersion()));
        }
        if (daemon.isPresent() && daemon.get() != connection) {
            return new Answer.Refused("process " + daemon.get().pid + " is attached");
        }
        if (Math.abs(System.nanoTime() - attach.nanoTime()) > CLOCK_DIFFERENCE_NANOS_MAX) {
            return new Answer.Refused("daemon and keeper do not read the same monotonic clock");
        }
        daemon = Optional.of(connection);
        dismissed = false;
        daemonKnowsWhatIsHeld = false;
        attachments++;
        watch.attached(System.nanoTime());
        // What came while nobody was attached is not this daemon's to judge.
        attention.passedOn(System.nanoTime());
        interfaces.watch(Set.of());
        interfaces.watch(allWatchedInterfaces());
        Keeper.say("daemon attached, process " + connection.pid);
        if (attachments == 1) {
            serviceManager.ready();
        }
        return new Answer.State(state());
    }

    /** Whether it would give the daemon something that serves, or without which nothing can. */
    private static boolean isForService(Request.Order order) {
        return switch (order) {
            case Request.OpenGate _, Request.HoldAddress _, Request.HoldFuse _, Request.Spawn _ ->
                    true;
            case Request.GetState _,
                    Request.ConfigureSupervision _,
                    Request.ConfigureWatchdog _,
                    Request.ConfigureLinks _,
                    Request.ConfigureGate _,
                    Request.WatchInterfaces _,
                    Request.CloseGate _,
                    Request.ReleaseAddress _,
                    Request.ReleaseFuse _,
                    Request.Signal _,
                    Request.StandDown _,
                    Request.EndWithDaemon _ ->
                    false;
        };
    }

    private Answer carryOut(Request.Order order, long nowNanos) {
        if (dismissed && isForService(order)) {
            return new Answer.Refused(
                    "the keeper stood down (%s) and gives this daemon nothing more: attach anew"
                            .formatted(stoodDown.orElse("in the meantime")));
        }
        if (isForService(order)) {
            watch.entrusted(isSomethingHeld(), nowNanos);
        }
        try {
            return switch (order) {
                case Request.GetState() -> {
                    daemonKnowsWhatIsHeld = true;
                    yield new Answer.State(state());
                }
                case Request.ConfigureSupervision(var policy) -> {
                    watch.configure(policy);
                    yield new Answer.Done();
                }
                case Request.ConfigureLinks configure -> {
                    configureLinks(configure, nowNanos);
                    yield new Answer.Done();
                }
                case Request.ConfigureGate(var configuration) -> {
                    configureGate(configuration);
                    yield new Answer.Done();
                }
                case Request.WatchInterfaces(var names) -> {
                    watchedInterfaces = Set.copyOf(names);
                    interfaces.watch(allWatchedInterfaces());
                    yield new Answer.Done();
                }
                case Request.OpenGate(long untilNanos) -> {
                    if (gateConfiguration.isEmpty()) {
                        yield new Answer.Refused("no gate is installed");
                    }
                    openGate(untilNanos);
                    renewAddress(nowNanos);
                    yield new Answer.Done();
                }
                case Request.CloseGate() -> {
                    shutGate();
                    yield new Answer.Done();
                }
                case Request.ConfigureWatchdog(var configuration) -> {
                    configureWatchdog(configuration);
                    yield new Answer.Done();
                }
                case Request.HoldAddress(var address) -> {
                    address.add(AddressKeeping.LIFETIME);
                    addressKeeping.hold(address, nowNanos);
                    yield new Answer.Done();
                }
                case Request.ReleaseAddress() -> {
                    releaseAddress();
                    yield new Answer.Done();
                }
                case Request.HoldFuse(var mountPoint) -> holdFuse(mountPoint);
                case Request.ReleaseFuse() -> {
                    releaseFuse();
                    yield new Answer.Done();
                }
                case Request.Spawn(var spec) -> new Answer.Value(spawn(spec));
                case Request.Signal(var name, int signal) ->
                        new Answer.Value(services.signal(name, signal) ? 1 : 0);
                case Request.StandDown(var reason) -> {
                    watch.stoodDown();
                    standDown(reason);
                    yield new Answer.Done();
                }
                case Request.EndWithDaemon() -> {
                    watch.endWithDaemon();
                    yield new Answer.Done();
                }
            };
        } catch (IOException e) {
            return new Answer.Refused(String.valueOf(e.getMessage()));
        }
    }

    private void publish(byte[] published, long nowNanos) {
        payload = published;
        stoodDown = Optional.empty();
        beating = true;
        sendBeat(nowNanos);
        links.ifPresent(l -> nextBeatNanos = nowNanos + l.configuration().keepalive().toNanos());
    }

    private void configureLinks(Request.ConfigureLinks configure, long nowNanos) {
        var configuration = configure.configuration();
        if (links.isPresent() && links.get().configuration().isSameAs(configuration)) {
            return;
        }
        links.ifPresent(Links::close);
        links = Optional.of(new Links(configuration, random, nowNanos));
        nextBeatNanos = nowNanos;
        interfaces.watch(allWatchedInterfaces());
    }

    private void configureGate(GateConfiguration configuration) throws IOException {
        if (gateConfiguration.isPresent() && gateConfiguration.get().equals(configuration)) {
            return;
        }
        gate.install(configuration);
        gateKeeping.shut();
        gateConfiguration = Optional.of(configuration);
        gateInterfaces.clear();
        for (var guarded : configuration.guarded()) {
            gateInterfaces.put(
                    guarded.interfaceName(), Sockets.interfaceIndex(guarded.interfaceName()));
        }
        interfaces.watch(allWatchedInterfaces());
    }

    private Set<String> allWatchedInterfaces() {
        var all = new HashSet<>(watchedInterfaces);
        all.addAll(gateInterfaces.keySet());
        links.ifPresent(
                l -> l.configuration().links().forEach(spec -> all.add(spec.interfaceName())));
        return all;
    }

    private void shutGate() throws IOException {
        gateKeeping.shut();
        if (gateConfiguration.isPresent()) {
            gate.shut();
        }
    }

    private void releaseAddress() throws IOException {
        var released = addressKeeping.release();
        if (released.isPresent()) {
            released.get().remove();
        }
    }

    private Answer holdFuse(Path mountPoint) throws IOException {
        if (fuse.isPresent() && !fuse.get().mountPoint().equals(mountPoint)) {
            return new Answer.Refused(
                    "the descriptor held is that of "
                            + fuse.get().mountPoint()
                            + ", not of "
                            + mountPoint);
        }
        if (fuse.isEmpty()) {
            fuse = Optional.of(new HeldFuse(FuseDevice.open(), mountPoint));
        }
        return new Answer.Value(fuse.get().descriptor().number());
    }

    private void releaseFuse() {
        fuse.ifPresent(held -> held.descriptor().close());
        fuse = Optional.empty();
    }

    private int spawn(ProcessSpec spec) throws IOException {
        var descriptor =
                fuse.isPresent()
                        ? OptionalInt.of(fuse.get().descriptor().number())
                        : OptionalInt.empty();
        int pid = services.start(spec, descriptor);
        Keeper.say("started " + spec.name() + ", process " + pid);
        return pid;
    }

    private KeeperState state() {
        return new KeeperState(
                (int) ProcessHandle.current().pid(),
                attachments,
                fuse.map(held ->
                        new KeeperState.HeldMount(numberOf(held.descriptor()), held.mountPoint())),
                services.running(),
                services.exits(),
                gateState(),
                stoodDown);
    }

    private static int numberOf(Descriptor descriptor) {
        try {
            return descriptor.number();
        } catch (ClosedChannelException e) {
            throw new IllegalStateException("a held descriptor is open", e);
        }
    }

    private KeeperState.Gate gateState() {
        if (gateConfiguration.isEmpty()) {
            return new KeeperState.Gate.Absent();
        }
        return gateKeeping.isOpen()
                ? new KeeperState.Gate.Open(gateKeeping.untilNanos())
                : new KeeperState.Gate.Shut();
    }

    // The daemon.

    private void decideAboutDaemon() throws IOException {
        for (var action : watch.decide(isSomethingHeld(), System.nanoTime())) {
            switch (action) {
                case Action.StartDaemon() -> startDaemon();
                case Action.KillDaemon(var reason) -> {
                    Keeper.say("killing the daemon: " + reason);
                    if (daemonProcess.isPresent()) {
                        daemonProcess.get().signal(Processes.SIGKILL);
                    }
                }
                case Action.StandDown(var reason) -> {
                    boolean countsOnIt =
                            watch.isTakingPart() || (daemonKnowsWhatIsHeld && isSomethingLeft());
                    if (countsOnIt) {
                        tell(new Notification.StoodDown(reason));
                    }
                    standDown(reason);
                    dismissed = countsOnIt;
                }
                case Action.End() -> end();
            }
        }
    }

    private void startDaemon() {
        var argv = new ArrayList<>(Processes.ORDINARY);
        argv.addAll(daemonCommand);
        try {
            var child =
                    ChildProcess.spawn(
                            new ChildProcess.Command(
                                    argv,
                                    ServiceManager.withoutIt(System.getenv()),
                                    Optional.empty(),
                                    OptionalInt.empty()));
            daemonProcess = Optional.of(child);
            Keeper.say("started the daemon, process " + child.pid());
        } catch (IOException e) {
            Keeper.say("cannot start the daemon: " + e.getMessage());
            watch.exited(System.nanoTime());
        }
    }

    private void reapDaemon() throws IOException {
        if (daemonProcess.isEmpty()) {
            return;
        }
        var child = daemonProcess.get();
        var exit = child.reap();
        if (exit.isPresent()) {
            Keeper.say("the daemon ended, process " + child.pid() + ": " + exit.get());
            child.close();
            daemonProcess = Optional.empty();
            watch.exited(System.nanoTime());
        }
    }

    private void passOnEnd() throws IOException {
        Keeper.say("told to stop");
        serviceManager.stopping();
        watch.endRequested(System.nanoTime());
        if (daemon.isPresent()) {
            tell(new Notification.ShutdownRequested());
        } else if (daemonProcess.isPresent()) {
            daemonProcess.get().signal(Processes.SIGTERM);
        }
    }

    /**
     * Makes this node silent, in this order: nothing leaves any more (the gate is the quickest, a
     * tenth of a millisecond); the DHCP server has a SIGKILL pending, so that it will not run
     * another instruction; only then the requests that it waits for fail; the virtual address goes;
     * only then the peer hears that it is its turn. No step waits for an earlier one's effect, and
     * one that fails does not keep the others from being done.
     */
    private void standDown(String reason) {
        Keeper.say("standing down: " + reason);
        stoodDown = Optional.of(reason);
        mustBeSilent = true;
        dismissed = true;
        try {
            shutGate();
        } catch (IOException e) {
            Keeper.say("gate not shut, it shuts by itself: " + e.getMessage());
        }
        services.killAll().forEach(failure -> Keeper.say("not killed: " + failure));
        try {
            abortFuse();
        } catch (IOException e) {
            Keeper.say("mount not aborted: " + e.getMessage());
        }
        try {
            releaseAddress();
        } catch (IOException e) {
            Keeper.say("virtual address not removed, it goes by itself: " + e.getMessage());
        }
        long nowNanos = System.nanoTime();
        for (int i = 0; beating && i < LAST_BEATS; i++) {
            sendBeat(nowNanos);
        }
        beating = false;
    }

    private void abortFuse() throws IOException {
        if (fuse.isEmpty()) {
            return;
        }
        var mountPoint = fuse.get().mountPoint();
        releaseFuse();
        // Closing is not enough: the DHCP server holds a copy, and cannot end before the abort.
        if (Mounts.isFuseMount(mountPoint)) {
            FuseDevice.abortMount(mountPoint);
        }
    }

    private void end() throws IOException {
        if (isSomethingLeft()) {
            standDown("the daemon ended and left something behind");
        }
        long limitNanos = System.nanoTime() + KILLED_NANOS_MAX;
        while (!services.isEmpty() && System.nanoTime() - limitNanos < 0) {
            polled.clear();
            services.addTo(polled);
            polled.await(limitNanos - System.nanoTime());
            services.reap(System.nanoTime());
        }
        if (!services.isEmpty()) {
            // The watchdog, if there is one, goes on without food.
            Keeper.say("the gate stays shut, because these did not end: " + services.running());
        } else {
            if (gateConfiguration.isPresent()) {
                gate.remove();
            }
            disarmWatchdog();
        }
        Keeper.say("ended");
        ended = true;
    }

    // To the daemon.

    private void tell(Notification notification) {
        if (daemon.isEmpty()) {
            return;
        }
        var connection = daemon.get();
        try {
            connection.socket.send(KeeperCodec.encode(notification));
        } catch (IOException e) {
            Keeper.say("daemon detached, process " + connection.pid + ": " + e.getMessage());
            close(connection);
        }
    }

    /** What is repeated anyway is rather dropped than allowed to fill the daemon's inbox. */
    private void tellIfThereIsRoom(Notification notification) {
        if (daemon.isPresent() && !daemon.get().socket.isBehind()) {
            tell(notification);
        }
    }

    @Override
    public void close() throws IOException {
        List.copyOf(connections).forEach(this::close);
        listening.close();
        Files.deleteIfExists(socketPath);
        links.ifPresent(Links::close);
        interfaces.close();
        gate.close();
        watchdog.ifPresent(armed -> armed.device().close());
        serviceManager.close();
        wakeUp.close();
    }
}
