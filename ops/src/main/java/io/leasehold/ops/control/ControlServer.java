package io.leasehold.ops.control;

import io.leasehold.heartbeat.record.Rule;
import io.leasehold.ops.control.Reply.Answer;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's end of the control socket.
 *
 * <p>Each connection has virtual threads of its own: one that serves it, one that notices that the
 * caller left or that time is up. A caller who is slow, silent or hostile costs one of {@link
 * #CONNECTIONS_MAX} places for a bounded time, and nothing else: no thread of the daemon ever waits
 * for a caller.
 */
public final class ControlServer implements AutoCloseable {
    /** Which protocol this server speaks; shown by {@code clusterctl version}. */
    public static final int PROTOCOL_VERSION = ControlProtocol.VERSION;

    static final int CONNECTIONS_MAX = 64;

    /** From connecting to the end of the request. */
    static final Duration REQUEST_LIMIT = Duration.ofSeconds(5);

    /** A caller who takes no byte for so long has stopped reading. */
    static final Duration WRITE_LIMIT = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(ControlServer.class);

    private final Path path;
    private final Access access;
    private final ControlHandler handler;
    private final ServerSocketChannel listener;
    private final Semaphore places = new Semaphore(CONNECTIONS_MAX);
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong accepted = new AtomicLong();

    private ControlServer(
            Path path, Access access, ControlHandler handler, ServerSocketChannel listener) {
        this.path = path;
        this.access = access;
        this.handler = handler;
        this.listener = listener;
    }

    /**
     * Starts to listen. A socket that a dead daemon left behind is replaced.
     *
     * @param groups whose members may ask, besides root and the daemon's own user
     * @throws BindException if another daemon listens there
     */
    public static ControlServer start(Path socket, Set<String> groups, ControlHandler handler)
            throws IOException {
        return start(socket, Access.of(groups), handler);
    }

    static ControlServer start(Path socket, Access access, ControlHandler handler)
            throws IOException {
        removeLeftOver(socket);
        var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(socket));
            // The kernel's check of the file is the coarse one: with groups anybody may connect,
            // and is then judged by who they are.
            Files.setPosixFilePermissions(
                    socket,
                    PosixFilePermissions.fromString(
                            access.groups().isEmpty() ? "rw-------" : "rw-rw-rw-"));
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        var server = new ControlServer(socket, access, handler, listener);
        new StartFailure(socket).remove();
        Thread.ofVirtual().name("control-acceptor").start(server::accept);
        return server;
    }

    /**
     * Stops listening and cuts every connection; what a handler has begun goes on without its
     * caller.
     */
    @Override
    public void close() throws IOException {
        listener.close();
        connections.forEach(Connection::cut);
        Files.deleteIfExists(path);
    }

    private static void removeLeftOver(Path socket) throws IOException {
        if (!Files.exists(socket)) {
            return;
        }
        try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (ConnectException _) {
            Files.delete(socket);
            return;
        }
        throw new BindException("another daemon listens at " + socket);
    }

    private void accept() {
        while (true) {
            SocketChannel channel;
            try {
                channel = listener.accept();
            } catch (IOException e) {
                if (listener.isOpen()) {
                    log.error(
                            "The control socket {} is out of order: clusterctl cannot reach this daemon",
                            path,
                            e);
                }
                return;
            }
            var connection = new Connection(channel);
            if (!places.tryAcquire()) {
                log.warn(
                        "More than {} callers at the control socket, one is turned away",
                        CONNECTIONS_MAX);
                connection.cut();
                continue;
            }
            var number = accepted.incrementAndGet();
            connections.add(connection);
            // A close that came between accept and add has not seen this one.
            if (!listener.isOpen()) {
                connection.cut();
            }
            Thread.ofVirtual().name("control-" + number).start(connection::serve);
            Thread.ofVirtual().name("control-" + number + "-watch").start(connection::watch);
        }
    }

    /** One caller. */
    private final class Connection implements Replies {
        private final SocketChannel channel;
        private final LineChannel lines;
        private final long acceptedNanos = System.nanoTime();
        private volatile boolean requested;
        private volatile boolean open = true;
        // When the write that is under way began; 0 if none is.
        private volatile long writeStartedNanos;

        Connection(SocketChannel channel) {
            this.channel = channel;
            this.lines = new LineChannel(channel);
        }

        void serve() {
            try (lines) {
                send(answer());
            } catch (IOException e) {
                log.debug("A caller of the control socket left early", e);
            } finally {
                open = false;
                connections.remove(this);
                places.release();
            }
        }

        private Answer answer() throws IOException {
            var credentials = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
            var caller = new Caller(credentials.user().getName(), credentials.group().getName());
            if (!access.permits(caller)) {
                log.warn("{} may not use the control socket", caller);
                return new Reply.Refused(
                        caller.user()
                                + " may not control this node: root may, and members of the groups in"
                                + " control.groups",
                        Rule.POLICY);
            }
            var line = lines.readLine(ControlProtocol.REQUEST_BYTES_MAX);
            if (line.isEmpty()) {
                throw new ProtocolException("no request");
            }
            requested = true;
            Request request;
            try {
                request = RecordJson.read(line.get(), Request.class, ControlProtocol.VERSION);
            } catch (ProtocolException e) {
                return new Reply.Failed("the request was not understood: " + e.getMessage());
            }
            try {
                return handler.handle(request, caller, this);
            } catch (RuntimeException e) {
                log.error("Request {} of {} failed in an unforeseen way", request, caller, e);
                return new Reply.Failed("the daemon failed on this request: " + e);
            }
        }

        /**
         * Says that the daemon is alive, and ends what takes too long or was left by its caller.
         */
        void watch() {
            var reader = Thread.ofVirtual().unstarted(this::awaitEnd);
            try {
                var sinceWorking = Duration.ZERO;
                var tick = Duration.ofMillis(250);
                while (open) {
                    Thread.sleep(tick);
                    var now = System.nanoTime();
                    var writing = writeStartedNanos;
                    if ((!requested && now - acceptedNanos > REQUEST_LIMIT.toNanos())
                            || (writing != 0 && now - writing > WRITE_LIMIT.toNanos())) {
                        cut();
                        return;
                    }
                    if (!requested) {
                        continue;
                    }
                    if (reader.getState() == Thread.State.NEW) {
                        reader.start();
                    }
                    sinceWorking = sinceWorking.plus(tick);
                    if (sinceWorking.compareTo(ControlProtocol.WORKING_INTERVAL) >= 0
                            && writing == 0) {
                        sinceWorking = Duration.ZERO;
                        trySend(new Reply.Working());
                    }
                }
            } catch (InterruptedException _) {
                cut();
            }
        }

        /** A caller says nothing after the request: whatever comes is its end. */
        private void awaitEnd() {
            try {
                lines.readLine(0);
            } catch (IOException _) {
                // Cut off, or talkative: either way the end.
            }
            open = false;
        }

        void cut() {
            open = false;
            try {
                lines.close();
            } catch (IOException e) {
                log.debug("Closing a connection of the control socket failed", e);
            }
        }

        @Override
        public void progress(String text) {
            trySend(new Reply.Progress(text));
        }

        @Override
        public void event(EventView event) {
            trySend(new Reply.Event(event));
        }

        @Override
        public void lease(LeaseDifferenceView lease) {
            trySend(new Reply.Lease(lease));
        }

        @Override
        public boolean isListening() {
            return open;
        }

        private void trySend(Reply reply) {
            if (!open) {
                return;
            }
            try {
                send(reply);
            } catch (IOException e) {
                log.debug("A caller of the control socket left", e);
                cut();
            }
        }

        private void send(Reply reply) throws IOException {
            var line = RecordJson.write((Record) reply, ControlProtocol.VERSION);
            writeStartedNanos = System.nanoTime() | 1;
            try {
                lines.writeLine(line);
            } finally {
                writeStartedNanos = 0;
            }
        }
    }
}
