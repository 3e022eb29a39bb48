package io.leasehold.heartbeat.address;

import java.io.IOException;
import java.util.Optional;

/**
 * Sends and receives whole frames on one interface ({@code AF_PACKET}, {@code SOCK_RAW}), as dhcpd
 * does.
 *
 * <p>One thread may receive and others send; {@link #close} by another thread ends a waiting {@link
 * #receive}. The socket belongs to the network namespace of the thread that opened it (see {@code
 * linux.NetworkNamespace}).
 */
@SuppressWarnings({"DoNotCallSuggester", "ArrayRecordComponent"})
public final class PacketSocket implements AutoCloseable {
    public static final int FRAME_BYTES_MAX = 65_536;

    private PacketSocket() {}

    /** Opens a socket on that interface; frames are received from now on. */
    public static PacketSocket open(String interfaceName, PacketSocketOptions options)
            throws IOException {
        throw new UnsupportedOperationException("coming: " + interfaceName + options);
    }

    /** The interface's own link-layer address when the socket was opened. */
    public MacAddress interfaceAddress() {
        throw new UnsupportedOperationException();
    }

    public int interfaceIndex() {
        throw new UnsupportedOperationException();
    }

    /** Sends one frame, link-layer header included. */
    public void send(byte[] frame) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Waits for a frame.
     *
     * @param timeoutNanos how long; 0 only looks, negative waits until a frame comes or the socket
     *     is closed
     * @return empty if none came in time
     * @throws java.nio.channels.ClosedChannelException if the socket is or gets closed
     */
    public Optional<Frame> receive(long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}

    /**
     * A received frame.
     *
     * @param bytes from the link-layer header on; a VLAN tag that the interface removed is not
     *     there
     * @param outgoing whether this host sent it
     * @param receivedNanos when it was read, by {@link System#nanoTime}
     */
    public record Frame(byte[] bytes, boolean outgoing, long receivedNanos) {}
}
