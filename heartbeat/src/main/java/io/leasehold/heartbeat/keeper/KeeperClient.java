package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.keeper.KeeperMessage.Answer;
import io.leasehold.heartbeat.keeper.KeeperMessage.Notification;
import io.leasehold.heartbeat.keeper.KeeperMessage.Request;
import io.leasehold.heartbeat.link.LinkConfiguration;
import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.PollSet;
import io.leasehold.heartbeat.linux.Processes;
import io.leasehold.heartbeat.linux.Sockets;
import io.leasehold.heartbeat.linux.WakeUp;
import io.leasehold.heartbeat.wire.Datagram;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's connection to its keeper.
 *
 * <p>Methods may be called by any thread, also from within the listener only those that do not wait
 * for an answer ({@link #publish}, {@link #progress}, {@link #starting}, {@link #listen}); each
 * call that waits does so for at most {@link #ANSWER_TIMEOUT}. They throw {@link
 * KeeperRefusedException} if the keeper says no, and another {@link IOException} if the keeper is
 * lost, in which case it is unknown whether the order was carried out, and {@link
 * KeeperListener#keeperLost} follows. An interrupt does not disturb them.
 */
public final class KeeperClient implements AutoCloseable {
    /**
     * How long the gate stays open without the keeper: an upper bound for what the kernel enforces.
     */
    public static final Duration GATE_TIMEOUT = Gate.TIMEOUT;

    /** How long the virtual address stays without the keeper; the kernel may add a second. */
    public static final Duration ADDRESS_LIFETIME = AddressKeeping.LIFETIME;

    /** A keeper that takes longer counts as lost. */
    public static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(5);

    /** Largest payload of a beat. */
    public static final int PAYLOAD_BYTES_MAX = Datagram.Beat.PAYLOAD_BYTES_MAX;

    private static final Logger LOG = LoggerFactory.getLogger(KeeperClient.class);

    private static final long SEND_NANOS_MAX = ANSWER_TIMEOUT.toNanos();

    private final FrameSocket socket;
    private final KeeperListener listener;
    private final WakeUp closing;
    private final int keeperPid;
    private final Thread reader;

    /** Held while something is sent, so that answers come in the order of the waiting calls. */
    private final Object sending = new Object();

    private final PollSet writable = new PollSet(1);

    /** Those who wait for an answer, first come first served; guarded by itself. */
    private final Queue<Call> calls = new ArrayDeque<>();

    /** Guarded by {@link #calls}. */
    private boolean lost;

    /** Guarded by {@link #calls}. Before that there is no keeper to lose. */
    private boolean attached;

    /** What is spoken with this keeper. */
    private final int version;

    private KeeperClient(FrameSocket socket, KeeperListener listener, int version)
            throws IOException {
        this.version = version;
        this.socket = socket;
        this.listener = listener;
        this.closing = new WakeUp();
        this.keeperPid = Sockets.peerCredentials(socket.descriptor()).pid();
        this.reader = Thread.ofPlatform().name("keeper-client").daemon().unstarted(this::read);
    }

    /** One that waits. */
    private static final class Call {
        private Optional<Answer> answer = Optional.empty();
        private boolean lost;
    }

    /**
     * Attaches this process as the keeper's daemon. What the keeper holds stays as it is: ask
     * {@link #state}.
     *
     * @throws KeeperRefusedException if another daemon is attached, or the keeper speaks no version
     *     that this build speaks
     */
    public static KeeperClient attach(Path socket, KeeperListener listener) throws IOException {
        return attach(
                socket,
                listener,
                KeeperCodec.PROTOCOL_VERSION,
                KeeperCodec.PROTOCOL_VERSION_OLDEST);
    }

    /** Offers one version after the other: a keeper takes or refuses, it does not choose. */
    static KeeperClient attach(
            Path socket, KeeperListener listener, int newestVersion, int oldestVersion)
            throws IOException {
        try {
            return attach(socket, listener, newestVersion);
        } catch (KeeperRefusedException e) {
            for (int version = newestVersion - 1; version >= oldestVersion; version--) {
                try {
                    return attach(socket, listener, version);
                } catch (KeeperRefusedException again) {
                    e.addSuppressed(again);
                }
            }
            throw e;
        }
    }

    private static KeeperClient attach(Path socket, KeeperListener listener, int version)
            throws IOException {
        var descriptor = Sockets.open(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
        KeeperClient client;
        try {
            Sockets.connect(descriptor, Sockets.unixAddress(socket), socket.toString());
            client = new KeeperClient(new FrameSocket(descriptor), listener, version);
        } catch (IOException | RuntimeException e) {
            descriptor.close();
            throw e;
        }
        client.reader.start();
        try {
            client.ask(new Request.Attach(version, System.nanoTime()));
            synchronized (client.calls) {
                if (client.lost) {
                    throw new ClosedChannelException();
                }
                client.attached = true;
            }
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /** What the keeper holds now. */
    public KeeperState state() throws IOException {
        return switch (ask(new Request.GetState())) {
            case Answer.State(var state) -> state;
            case Answer other -> throw unexpected(other);
        };
    }

    /** From now on the keeper judges the daemon by this policy. */
    public void configureSupervision(SupervisionPolicy policy) throws IOException {
        ask(new Request.ConfigureSupervision(policy));
    }

    /**
     * Starts this watchdog, or stops the one that runs if there is none; with the one that runs
     * already nothing happens. The keeper feeds it while this daemon proves its progress, or while
     * it is given up and nothing of the service is left. So it resets a machine that could not be
     * made silent, and one whose keeper does not run.
     */
    public void configureWatchdog(Optional<WatchdogConfiguration> configuration)
            throws IOException {
        ask(new Request.ConfigureWatchdog(configuration));
    }

    /**
     * Opens these links and closes all others. With the configuration that is in force already
     * nothing happens, so a restarted daemon does not interrupt its beats. Beats are sent from the
     * first {@link #publish} on.
     */
    public void configureLinks(LinkConfiguration configuration) throws IOException {
        ask(new Request.ConfigureLinks(configuration));
    }

    /**
     * Installs the gate on these interfaces, shut. With the configuration that is in force already
     * nothing happens, and an open gate stays open.
     */
    public void configureGate(GateConfiguration configuration) throws IOException {
        ask(new Request.ConfigureGate(configuration));
    }

    /**
     * Reports changes of these interfaces too, beside those of links and gate ({@code
     * track-interface}).
     */
    public void watchInterfaces(Set<String> names) throws IOException {
        ask(new Request.WatchInterfaces(names));
    }

    /**
     * Beats carry this payload from now on, the first ones at once. Returns without waiting; counts
     * as progress. After a stand-down it starts the beats again.
     *
     * @param payload at most {@link #PAYLOAD_BYTES_MAX} bytes
     */
    public void publish(byte[] payload) throws IOException {
        if (payload.length > PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException("a payload of " + payload.length + " bytes");
        }
        send(new Request.Publish(System.nanoTime(), payload), Optional.empty());
    }

    /** Says that the daemon has just proven that it works. Returns without waiting. */
    public void progress() throws IOException {
        send(new Request.Progress(System.nanoTime()), Optional.empty());
    }

    /**
     * Says what this process does before it takes part, so that the keeper can name it if that is
     * never over. Returns without waiting; no progress, which begins with the first {@link
     * #publish} or {@link #progress}. A keeper of the build before is not told.
     *
     * @param phase for a person, as in "opens the volume"
     */
    public void starting(String phase) throws IOException {
        if (version >= KeeperCodec.VERSION_WITH_STARTS) {
            send(new Request.Starting(phase), Optional.empty());
        }
    }

    /**
     * Asks what the keeper has heard up to now, which this process may be too slow to know. Returns
     * without waiting; {@link KeeperListener#listened} answers.
     */
    public void listen() throws IOException {
        send(new Request.Listen(), Optional.empty());
    }

    /**
     * Opens the gate, or prolongs or shortens its opening. When it returns, packets pass; the
     * kernel drops them again at {@code untilNanos}, or {@link #GATE_TIMEOUT} after the keeper
     * stopped renewing.
     *
     * @param untilNanos the end, in the time of {@link System#nanoTime}; one that has passed shuts
     *     the gate
     */
    public void openGate(long untilNanos) throws IOException {
        ask(new Request.OpenGate(untilNanos));
    }

    /** Shuts the gate. When it returns, nothing passes any more. */
    public void closeGate() throws IOException {
        ask(new Request.CloseGate());
    }

    /**
     * Adds the virtual address, with a lifetime of {@link #ADDRESS_LIFETIME} that the keeper
     * renews: until the gate is opened for the first time, and from then on while it is open. When
     * the gate is opened again after longer than that, the address comes back with it.
     */
    public void holdAddress(VirtualAddress address) throws IOException {
        ask(new Request.HoldAddress(address));
    }

    /** Removes the virtual address; without one nothing happens. */
    public void releaseAddress() throws IOException {
        ask(new Request.ReleaseAddress());
    }

    /**
     * A descriptor of {@code /dev/fuse} for this mount point, to be called before mounting: the
     * keeper opens one if it holds none, else this is the one that it holds. What is returned is
     * this process's own duplicate, which the caller closes.
     *
     * @throws KeeperRefusedException if the keeper holds the descriptor of another mount point
     */
    public Descriptor fuseDescriptor(Path mountPoint) throws IOException {
        int number = value(new Request.HoldFuse(mountPoint.toAbsolutePath()));
        return Processes.duplicateDescriptor(keeperPid, number);
    }

    /** The volume is unmounted: the keeper closes its descriptor. Without one nothing happens. */
    public void releaseFuseDescriptor() throws IOException {
        ask(new Request.ReleaseFuse());
    }

    /**
     * Starts a process and returns its id; {@link KeeperListener#processExited} tells its end. A
     * program that cannot be run is such an end too.
     *
     * @throws KeeperRefusedException if one of that name runs
     */
    public int spawn(ProcessSpec spec) throws IOException {
        return value(new Request.Spawn(spec));
    }

    /**
     * Sends a signal to a process and to its session's process group; returns false if none of that
     * name runs. Never hits another process that got the same id later.
     */
    public boolean signal(String name, int signal) throws IOException {
        return value(new Request.Signal(name, signal)) == 1;
    }

    /**
     * Makes this node silent at once, as if the daemon had stayed away: gate shut, processes
     * killed, mount aborted, beats stopped. When it returns, all of that is done, except that a
     * killed process may still be ending.
     */
    public void standDown(String reason) throws IOException {
        ask(new Request.StandDown(reason));
    }

    /**
     * The daemon has handed over and is about to end: the keeper does not restart it, but cleans up
     * and ends as well when it is gone.
     */
    public void endWithDaemon() throws IOException {
        ask(new Request.EndWithDaemon());
    }

    private int value(Request request) throws IOException {
        return switch (ask(request)) {
            case Answer.Value(int value) -> value;
            case Answer other -> throw unexpected(other);
        };
    }

    private static IllegalStateException unexpected(Answer answer) {
        return new IllegalStateException("the keeper answers something else: " + answer);
    }

    /** Sends a request and waits for its answer, which is no refusal. */
    private Answer ask(Request request) throws IOException {
        if (Thread.currentThread() == reader) {
            throw new IllegalStateException(
                    "the listener may not wait for the thread that calls it");
        }
        var call = new Call();
        send(request, Optional.of(call));
        return switch (await(call)) {
            case Answer.Refused(var reason) -> throw new KeeperRefusedException(reason);
            case Answer answer -> answer;
        };
    }

    private void send(Request request, Optional<Call> call) throws IOException {
        byte[] frame = KeeperCodec.encode(request, version);
        synchronized (sending) {
            synchronized (calls) {
                if (lost) {
                    throw new ClosedChannelException();
                }
                call.ifPresent(calls::add);
            }
            long limitNanos = System.nanoTime() + SEND_NANOS_MAX;
            socket.send(frame);
            while (socket.isBehind()) {
                long remainingNanos = limitNanos - System.nanoTime();
                if (remainingNanos <= 0) {
                    throw new IOException("the keeper does not read");
                }
                writable.clear();
                writable.add(socket.number(), PollSet.WRITABLE);
                writable.await(remainingNanos);
                socket.flush();
            }
        }
    }

    private Answer await(Call call) throws IOException {
        long limitNanos = System.nanoTime() + ANSWER_TIMEOUT.toNanos();
        boolean interrupted = false;
        try {
            synchronized (calls) {
                while (call.answer.isEmpty() && !call.lost) {
                    long remainingMillis = (limitNanos - System.nanoTime()) / 1_000_000;
                    if (remainingMillis <= 0) {
                        closing.wake();
                        throw new IOException("no answer of the keeper within " + ANSWER_TIMEOUT);
                    }
                    try {
                        calls.wait(remainingMillis);
                    } catch (InterruptedException _) {
                        interrupted = true;
                    }
                }
                return call.answer.orElseThrow(ClosedChannelException::new);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The thread {@code keeper-client}. */
    private void read() {
        String reason;
        try {
            reason = readUntilClosed();
        } catch (EOFException _) {
            reason = "it has ended";
        } catch (IOException | RuntimeException e) {
            reason = String.valueOf(e.getMessage());
        }
        boolean wasAttached;
        synchronized (calls) {
            lost = true;
            wasAttached = attached;
            calls.forEach(call -> call.lost = true);
            calls.clear();
            calls.notifyAll();
        }
        synchronized (sending) {
            socket.close();
            closing.close();
        }
        if (!wasAttached) {
            return; // whoever attaches is told by an exception
        }
        try {
            listener.keeperLost(reason);
        } catch (RuntimeException e) {
            LOG.error("the listener failed when the keeper was lost", e);
        }
    }

    private String readUntilClosed() throws IOException {
        var readable = new PollSet(2);
        while (true) {
            for (var frame = socket.next(); frame.isPresent(); frame = socket.next()) {
                take(KeeperCodec.decode(frame.get()));
            }
            readable.clear();
            readable.add(socket.number(), PollSet.READABLE);
            int close = readable.add(closing.number(), PollSet.READABLE);
            readable.await(-1);
            if (readable.isReady(close)) {
                return "closed by this process";
            }
            socket.fill();
        }
    }

    private void take(KeeperMessage message) throws IOException {
        switch (message) {
            case Answer answer -> {
                synchronized (calls) {
                    var call = calls.poll();
                    if (call == null) {
                        throw new IOException("an answer that nobody waits for: " + answer);
                    }
                    call.answer = Optional.of(answer);
                    calls.notifyAll();
                }
            }
            case Notification notification -> {
                try {
                    notify(notification);
                } catch (RuntimeException e) {
                    LOG.error("the listener failed at {}", notification, e);
                }
            }
            case Request request -> throw new IOException("a request of the keeper: " + request);
        }
    }

    private void notify(Notification notification) {
        switch (notification) {
            case Notification.BeatReceived(var beat) -> listener.beatReceived(beat);
            case Notification.Listened(long untilNanos, long stoodStillNanos) ->
                    listener.listened(untilNanos, stoodStillNanos);
            case Notification.InterfaceChanged(var name, boolean present, boolean carrier) ->
                    listener.interfaceChanged(name, present, carrier);
            case Notification.Statistics(var links) -> listener.linkStatistics(links);
            case Notification.Health(var health) -> listener.keeperHealth(health);
            case Notification.Exited(var exit) -> listener.processExited(exit);
            case Notification.GateLapsed(var reason) -> listener.gateLapsed(reason);
            case Notification.StoodDown(var reason) -> listener.stoodDown(reason);
            case Notification.ShutdownRequested() -> listener.shutdownRequested();
        }
    }

    /**
     * Detaches; {@link KeeperListener#keeperLost} is called. For the keeper that is a daemon that
     * went away.
     */
    @Override
    public void close() {
        try {
            closing.wake();
        } catch (ClosedChannelException _) {
            // Closed before.
        }
    }
}
