package io.leasehold.heartbeat.address;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.Errno;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.PollSet;
import io.leasehold.heartbeat.linux.Sockets;
import io.leasehold.heartbeat.linux.WakeUp;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;

/**
 * Sends and receives whole frames on one interface ({@code AF_PACKET}, {@code SOCK_RAW}), as dhcpd
 * does.
 *
 * <p>Any threads may send and receive; {@link #close} by another thread ends a waiting {@link
 * #receive}. The socket belongs to the network namespace of the thread that opened it (see {@code
 * linux.NetworkNamespace}).
 */
public final class PacketSocket implements AutoCloseable {
    public static final int FRAME_BYTES_MAX = 65_536;

    /** Room for a burst of some thousand DHCP messages while the receiver is busy. */
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;

    private static final int SOL_PACKET = 263;
    private static final int PACKET_ADD_MEMBERSHIP = 1;
    private static final int PACKET_MR_PROMISC = 1;
    private static final int PACKET_OUTGOING = 4;

    // struct sockaddr_ll
    private static final int LINK_ADDRESS_BYTES = 20;
    private static final int LINK_PROTOCOL_OFFSET = 2;
    private static final int LINK_INDEX_OFFSET = 4;
    private static final int LINK_PACKET_TYPE_OFFSET = 10;

    private final Descriptor socket;
    private final WakeUp closing;
    private final int interfaceIndex;
    private final MacAddress interfaceAddress;

    private final Object receiving = new Object();
    private final MemorySegment frame = Arena.ofAuto().allocate(FRAME_BYTES_MAX);
    private final MemorySegment source = Arena.ofAuto().allocate(LINK_ADDRESS_BYTES, 4);
    private final PollSet polled = new PollSet(2);

    // The descriptors are closed by the last thread that leaves: their numbers must not be reused
    // while a call is on them.
    private final Object users = new Object();
    private int inside;
    private boolean closed;

    private PacketSocket(
            Descriptor socket, WakeUp closing, int interfaceIndex, MacAddress interfaceAddress) {
        this.socket = socket;
        this.closing = closing;
        this.interfaceIndex = interfaceIndex;
        this.interfaceAddress = interfaceAddress;
    }

    /** Opens a socket on that interface; frames are received from now on. */
    public static PacketSocket open(String interfaceName, PacketSocketOptions options)
            throws IOException {
        int index = Sockets.interfaceIndex(interfaceName);
        // Protocol 0 receives nothing: until filter and interface are set, nothing can come in.
        var socket = Sockets.open(Sockets.AF_PACKET, Sockets.SOCK_RAW, 0);
        try {
            var address = MacAddress.from(Sockets.hardwareAddress(socket, interfaceName), 0);
            Sockets.setOption(
                    socket, Sockets.SOL_SOCKET, Sockets.SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
            if (!options.filter().isEmpty()) {
                attachFilter(socket, options);
            }
            if (options.promiscuous()) {
                joinPromiscuously(socket, index);
            }
            Sockets.bind(socket, linkAddress(index, options.etherType()), interfaceName);
            return new PacketSocket(socket, new WakeUp(), index, address);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** The interface's own link-layer address when the socket was opened. */
    public MacAddress interfaceAddress() {
        return interfaceAddress;
    }

    public int interfaceIndex() {
        return interfaceIndex;
    }

    /**
     * Sends one frame, link-layer header included.
     *
     * @return false if it was dropped on this host: the interface's queue is full, or a rule of the
     *     kernel (such as the gate of package {@code keeper}) forbids it
     */
    public boolean send(byte[] bytes) throws IOException {
        enter();
        try (var arena = Arena.ofConfined()) {
            var segment = arena.allocateFrom(JAVA_BYTE, bytes);
            return Sockets.send(socket, segment, bytes.length, MemorySegment.NULL) == bytes.length;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOBUFS) {
                return false;
            }
            throw e;
        } finally {
            leave();
        }
    }

    /**
     * Waits for a frame.
     *
     * @param timeoutNanos how long; 0 only looks, negative waits until a frame comes or the socket
     *     is closed
     * @return empty if none came in time
     * @throws ClosedChannelException if the socket is or gets closed
     */
    public Optional<Frame> receive(long timeoutNanos) throws IOException {
        enter();
        try {
            synchronized (receiving) {
                return awaitFrame(timeoutNanos);
            }
        } finally {
            leave();
        }
    }

    private Optional<Frame> awaitFrame(long timeoutNanos) throws IOException {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        while (true) {
            if (isClosed()) {
                throw new ClosedChannelException();
            }
            var received = receiveNow();
            long remainingNanos = deadlineNanos - System.nanoTime();
            if (received.isPresent() || (timeoutNanos >= 0 && remainingNanos <= 0)) {
                return received;
            }
            polled.clear();
            polled.add(socket.number(), PollSet.READABLE);
            polled.add(closing.number(), PollSet.READABLE);
            polled.await(timeoutNanos < 0 ? -1 : remainingNanos);
        }
    }

    private Optional<Frame> receiveNow() throws IOException {
        int length = Sockets.receive(socket, frame, source);
        if (length == Sockets.WOULD_BLOCK) {
            return Optional.empty();
        }
        return Optional.of(
                new Frame(
                        frame.asSlice(0, Math.min(length, FRAME_BYTES_MAX)).toArray(JAVA_BYTE),
                        source.get(JAVA_BYTE, LINK_PACKET_TYPE_OFFSET) == PACKET_OUTGOING,
                        System.nanoTime()));
    }

    @Override
    public void close() {
        synchronized (users) {
            if (closed) {
                return;
            }
            closed = true;
            try {
                closing.wake();
            } catch (ClosedChannelException e) {
                throw new IllegalStateException("closed by nobody but us", e);
            }
            closeWhenUnused();
        }
    }

    private boolean isClosed() {
        synchronized (users) {
            return closed;
        }
    }

    private void enter() throws ClosedChannelException {
        synchronized (users) {
            if (closed) {
                throw new ClosedChannelException();
            }
            inside++;
        }
    }

    private void leave() {
        synchronized (users) {
            inside--;
            closeWhenUnused();
        }
    }

    private void closeWhenUnused() {
        if (closed && inside == 0) {
            socket.close();
            closing.close();
        }
    }

    private static MemorySegment linkAddress(int interfaceIndex, int etherType) {
        var address = Arena.ofAuto().allocate(LINK_ADDRESS_BYTES, 4);
        address.set(JAVA_SHORT, 0, (short) Sockets.AF_PACKET);
        address.set(JAVA_BYTE, LINK_PROTOCOL_OFFSET, (byte) (etherType >> 8));
        address.set(JAVA_BYTE, LINK_PROTOCOL_OFFSET + 1, (byte) etherType);
        address.set(JAVA_INT, LINK_INDEX_OFFSET, interfaceIndex);
        return address;
    }

    private static void joinPromiscuously(Descriptor socket, int interfaceIndex)
            throws IOException {
        try (var arena = Arena.ofConfined()) {
            // struct packet_mreq
            var request = arena.allocate(16, 4);
            request.set(JAVA_INT, 0, interfaceIndex);
            request.set(JAVA_SHORT, 4, (short) PACKET_MR_PROMISC);
            Sockets.setOption(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request);
        }
    }

    private static void attachFilter(Descriptor socket, PacketSocketOptions options)
            throws IOException {
        try (var arena = Arena.ofConfined()) {
            var filter = options.filter();
            var program = arena.allocate(8L * filter.size(), 8);
            for (int i = 0; i < filter.size(); i++) {
                var instruction = filter.get(i);
                program.set(JAVA_SHORT, 8L * i, (short) instruction.code());
                program.set(JAVA_BYTE, 8L * i + 2, (byte) instruction.jumpTrue());
                program.set(JAVA_BYTE, 8L * i + 3, (byte) instruction.jumpFalse());
                program.set(JAVA_INT, 8L * i + 4, instruction.k());
            }
            // struct sock_fprog
            var description = arena.allocate(16, 8);
            description.set(JAVA_SHORT, 0, (short) filter.size());
            description.set(ADDRESS, 8, program);
            Sockets.setOption(socket, Sockets.SOL_SOCKET, Sockets.SO_ATTACH_FILTER, description);
        }
    }

    /**
     * A received frame.
     *
     * @param bytes from the link-layer header on; a VLAN tag that the interface removed is not
     *     there
     * @param outgoing whether this host sent it
     * @param receivedNanos when it was read, by {@link System#nanoTime}
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares two of them
    public record Frame(byte[] bytes, boolean outgoing, long receivedNanos) {}
}
