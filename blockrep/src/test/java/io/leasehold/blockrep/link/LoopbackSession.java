package io.leasehold.blockrep.link;

import io.leasehold.blockrep.wire.ProtocolVersion;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** One end of a session over loopback, without TLS: what is sent goes to nobody. */
public final class LoopbackSession implements AutoCloseable {
    private final Socket peer;
    private final Socket own;
    private final PeerSession session;

    public LoopbackSession() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            peer = new Socket(server.getInetAddress(), server.getLocalPort());
            own = server.accept();
        }
        session = new PeerSession(own, own, ProtocolVersion.V1);
    }

    public PeerSession session() {
        return session;
    }

    public Outbox outbox() {
        return session.outbox();
    }

    @Override
    public void close() throws IOException {
        session.abort("the test is over");
        peer.close();
    }
}
