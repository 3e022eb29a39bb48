package io.leasehold.blockrep.link;

import io.leasehold.blockrep.session.Redialling;
import io.leasehold.blockrep.wire.Greeting;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for the peer for as long as it is open: always listens, and dials if this is the node that
 * dials. At most one session at a time; an authenticated newer one replaces the older, because the
 * peer knows better than we that the old one is dead.
 *
 * <p>TLS 1.3 only, both sides show exactly the pinned certificate. Before that is proven a stranger
 * costs a thread for at most {@value #HANDSHAKE_TIMEOUT_MILLIS} ms, {@value #STRANGERS_MAX} at a
 * time, and only if it comes from the peer's address.
 */
public final class PeerLink implements AutoCloseable {
    static final int HANDSHAKE_TIMEOUT_MILLIS = 3_000;
    static final int STRANGERS_MAX = 8;
    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;
    private static final int FIRST_RETRY_MILLIS = 50;
    private static final int LAST_RETRY_MILLIS = 500;

    private static final int SOCKET_BUFFER_BYTES = 1 << 20;
    private static final long REFUSAL_LOG_INTERVAL_NANOS = 10_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(PeerLink.class);

    private final String name;
    private final InetSocketAddress listen;
    private final InetSocketAddress peer;
    private final boolean dials;
    private final Greeting versions;
    private final SSLContext tls;
    private final Handler handler;
    private final Semaphore strangers = new Semaphore(STRANGERS_MAX);
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong nextRefusalLogNanos = new AtomicLong(Long.MIN_VALUE);

    /** Guards everything below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private Optional<PeerSession> current = Optional.empty();
    private Optional<PeerSession> next = Optional.empty();
    private Optional<ServerSocket> server = Optional.empty();
    private boolean closed;

    /** Runs a session. */
    @FunctionalInterface
    public interface Handler {
        /** Called on the link's reader thread; the session is over when this returns or throws. */
        void run(PeerSession session) throws IOException;
    }

    /**
     * Makes a link that does nothing yet.
     *
     * @param name for threads and messages
     * @param dials whether this node dials; the other one must not
     * @param versions that this node speaks
     */
    public PeerLink(
            String name,
            InetSocketAddress listen,
            InetSocketAddress peer,
            boolean dials,
            PinnedIdentity identity,
            Greeting versions,
            Handler handler)
            throws IOException {
        this.name = name;
        this.listen = listen;
        this.peer = peer;
        this.dials = dials;
        this.versions = versions;
        this.handler = handler;
        try {
            tls = identity.context();
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS 1.3 cannot be set up: " + e.getMessage(), e);
        }
    }

    /** Begins to look for the peer. */
    public void start() {
        Thread.ofPlatform().daemon().name(name + "-reader").start(this::runSessions);
        Thread.ofPlatform().daemon().name(name + "-listen").start(this::listen);
        if (dials) {
            Thread.ofPlatform().daemon().name(name + "-dial").start(this::dial);
        }
    }

    /**
     * Connections that did not become sessions: garbage, wrong certificate, wrong version,
     * strangers.
     */
    public long refusedConnections() {
        return refused.get();
    }

    /** Ends the session and looks no more. */
    @Override
    public void close() {
        Optional<PeerSession> session;
        lock.lock();
        try {
            closed = true;
            session = current;
            next.ifPresent(waiting -> waiting.abort("closed"));
            server.ifPresent(PeerLink::closeQuietly);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        session.ifPresent(open -> open.abort("this node closed the volume"));
    }

    // ---- sessions, one after the other ----

    private void runSessions() {
        while (true) {
            PeerSession session;
            lock.lock();
            try {
                current = Optional.empty();
                changed.signalAll();
                while (next.isEmpty() && !closed) {
                    changed.awaitUninterruptibly();
                }
                if (closed) {
                    return;
                }
                session = next.orElseThrow();
                next = Optional.empty();
                current = Optional.of(session);
            } finally {
                lock.unlock();
            }
            try {
                handler.run(session);
                session.abort("ended");
            } catch (IOException e) {
                session.abort(String.valueOf(e.getMessage()));
            }
        }
    }

    private void offer(PeerSession session) {
        lock.lock();
        try {
            next.ifPresent(older -> older.abort("replaced by a newer session"));
            if (closed) {
                session.abort("closed");
                return;
            }
            next = Optional.of(session);
            current.ifPresent(older -> older.abort("replaced by a newer session"));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- listening ----

    private void listen() {
        int retryMillis = FIRST_RETRY_MILLIS;
        while (!isClosed()) {
            try (var socket = new ServerSocket()) {
                socket.setReuseAddress(true);
                socket.setReceiveBufferSize(SOCKET_BUFFER_BYTES);
                socket.bind(listen, 16);
                lock.lock();
                try {
                    server = Optional.of(socket);
                } finally {
                    lock.unlock();
                }
                retryMillis = FIRST_RETRY_MILLIS;
                accept(socket);
            } catch (IOException e) {
                if (isClosed()) {
                    return;
                }
                // The address may come later: an interface without carrier at boot.
                log.warn("cannot listen on {}: {}; trying again", listen, e.getMessage());
                pause(retryMillis * 1_000_000L);
                retryMillis = Math.min(2 * retryMillis, LAST_RETRY_MILLIS);
            }
        }
    }

    private void accept(ServerSocket socket) throws IOException {
        while (!isClosed()) {
            var connection = socket.accept();
            if (!connection.getInetAddress().equals(peer.getAddress())) {
                refuse(connection, "not the peer's address");
            } else if (!strangers.tryAcquire()) {
                refuse(connection, "too many connections that prove nothing");
            } else {
                Thread.ofVirtual()
                        .name(name + "-handshake")
                        .start(() -> {
                            try {
                                offer(handshake(connection, false));
                            } catch (IOException e) {
                                refuse(connection, String.valueOf(e.getMessage()));
                            } finally {
                                strangers.release();
                            }
                        });
            }
        }
    }

    private void refuse(Socket connection, String reason) {
        refused.incrementAndGet();
        long now = System.nanoTime();
        long due = nextRefusalLogNanos.get();
        if ((due == Long.MIN_VALUE || now - due >= 0)
                && nextRefusalLogNanos.compareAndSet(due, now + REFUSAL_LOG_INTERVAL_NANOS)) {
            log.warn(
                    "refused a connection from {}: {} ({} so far)",
                    connection.getRemoteSocketAddress(),
                    reason,
                    refused.get());
        }
        closeQuietly(connection);
    }

    // ---- dialling ----

    private void dial() {
        var redialling = new Redialling(System.nanoTime());
        Optional<PeerSession> dialled = Optional.empty();
        while (awaitNoSession()) {
            if (dialled.isPresent()) {
                pause(redialling.ended(System.nanoTime(), dialled.get().wasRefused()));
                dialled = Optional.empty();
            }
            var connection = new Socket();
            try {
                connection.setReuseAddress(true);
                connection.setReceiveBufferSize(SOCKET_BUFFER_BYTES);
                // From the configured address: this is the line that the administrator meant.
                connection.bind(new InetSocketAddress(listen.getAddress(), 0));
                connection.connect(peer, CONNECT_TIMEOUT_MILLIS);
                var session = handshake(connection, true);
                offer(session);
                redialling.connected(System.nanoTime());
                dialled = Optional.of(session);
            } catch (IOException e) {
                closeQuietly(connection);
                log.debug("dialling {}: {}", peer, e.getMessage());
                pause(redialling.failed(System.nanoTime()));
            }
        }
    }

    /** Waits until there is no session; false if the link is closed. */
    private boolean awaitNoSession() {
        lock.lock();
        try {
            while (!closed && (current.isPresent() || next.isPresent())) {
                changed.awaitUninterruptibly();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    // ---- both ----

    private PeerSession handshake(Socket connection, boolean client) throws IOException {
        connection.setTcpNoDelay(true);
        connection.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
        connection.setSoTimeout(HANDSHAKE_TIMEOUT_MILLIS);
        var secure =
                (SSLSocket)
                        tls.getSocketFactory()
                                .createSocket(
                                        connection, peer.getHostString(), peer.getPort(), true);
        secure.setUseClientMode(client);
        secure.setEnabledProtocols(new String[] {"TLSv1.3"});
        secure.setEnabledCipherSuites(
                new String[] {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"});
        if (!client) {
            secure.setNeedClientAuth(true);
        }
        try {
            secure.startHandshake();
        } catch (RuntimeException e) {
            // What a stranger sends must not end this process, whatever the TLS code makes of it.
            throw new IOException("no handshake: " + e, e);
        }
        // A resumed session would skip the certificates.
        secure.getSession().invalidate();
        secure.getOutputStream().write(versions.encode());
        var greeting = new byte[Greeting.BYTES];
        new DataInputStream(secure.getInputStream()).readFully(greeting);
        var version = versions.agreedWith(Greeting.decode(greeting));
        connection.setSoTimeout(0);
        return new PeerSession(connection, secure, version);
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private void pause(long nanos) {
        lock.lock();
        try {
            long leftNanos = nanos;
            while (!closed && leftNanos > 0) {
                leftNanos = changed.awaitNanos(leftNanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            log.debug("closing: {}", e.getMessage());
        }
    }
}
