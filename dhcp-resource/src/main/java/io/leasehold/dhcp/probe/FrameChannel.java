package io.leasehold.dhcp.probe;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/**
 * Ethernet frames out and in. Door: {@code ops} joins it to heartbeat's packet socket, tests to a
 * queue.
 *
 * <p>Two arrangements are supported. Either one interface on the client side (a veth into the LAN's
 * bridge, a second card) sends and receives. Or a macvlan on the server's interface sends, and a
 * packet socket on the server's interface itself receives: there the server's answer is seen as an
 * outgoing frame, after the kernel gate has let it pass, and the answer of any other server as an
 * incoming one.
 */
public interface FrameChannel extends Closeable {

    /**
     * A received frame.
     *
     * @param bytes Ethernet header included; the receiver owns them
     * @param outgoing whether this host sent it (PACKET_OUTGOING)
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares two of them
    record Frame(byte[] bytes, boolean outgoing) {}

    /** Sends one Ethernet frame, header included. */
    void send(byte[] frame) throws IOException;

    /**
     * Waits for the next frame.
     *
     * @return empty if none came within the time
     */
    Optional<Frame> receive(long timeoutNanos) throws IOException;
}
