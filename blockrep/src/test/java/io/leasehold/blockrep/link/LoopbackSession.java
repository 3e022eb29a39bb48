package io.leasehold.blockrep.link;

import io.leasehold.blockrep.wire.ProtocolVersion;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * One end of a session over loopback, without TLS. What is sent goes to nobody: the other end reads
 * nothing, and its socket takes little, until {@link #takeEverything}.
 */
public final class LoopbackSession implements AutoCloseable {
    private static final int SOCKET_BYTES = 64 << 10;

    private final Socket peer;
    private final Socket own;
    private final PeerSession session;

    public LoopbackSession() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            peer = new Socket();
            peer.setReceiveBufferSize(SOCKET_BYTES);
            peer.connect(server.getLocalSocketAddress());
            own = server.accept();
            own.setSendBufferSize(SOCKET_BYTES);
        }
        session = new PeerSession(own, own, ProtocolVersion.newest());
    }

    public PeerSession session() {
        return session;
    }

    public Outbox outbox() {
        return session.outbox();
    }

    /** From now on somebody reads, until the session ends. */
    public void takeEverything() {
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        var unused =
                                peer.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (IOException _) {
                        // The test is over.
                    }
                });
    }

    @Override
    public void close() throws IOException {
        session.abort("the test is over");
        peer.close();
    }
}
