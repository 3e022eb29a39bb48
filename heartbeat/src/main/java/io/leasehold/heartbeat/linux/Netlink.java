package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

/**
 * A netlink socket: requests to the kernel's network configuration, or its events.
 *
 * <p>The kernel carries out a request inside the call that sends it, so its answer is there when
 * the call returns, and nothing here waits for anything else. Belongs to one thread, and to the
 * network namespace in which it was opened.
 */
public final class Netlink implements AutoCloseable {
    public static final int ROUTE = 0;
    public static final int NETFILTER = 12;

    /** Multicast group of link events of {@link #ROUTE}. */
    public static final int GROUP_LINK = 1;

    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_CAP_ACK = 10;
    private static final int NETLINK_GET_STRICT_CHK = 12;
    private static final int RECEIVE_BYTES = 64 << 10;
    private static final int RECEIVE_BUFFER_BYTES = 1 << 20;

    private final Descriptor socket;
    private final MemorySegment buffer = Arena.ofAuto().allocate(RECEIVE_BYTES, 8);

    private Netlink(Descriptor socket) {
        this.socket = socket;
    }

    /**
     * Opens a socket.
     *
     * @param protocol {@link #ROUTE} or {@link #NETFILTER}
     * @param groups whose events it receives, 0 for none
     */
    public static Netlink open(int protocol, int groups) throws IOException {
        var socket = Sockets.open(Sockets.AF_NETLINK, Sockets.SOCK_RAW, protocol);
        try (var arena = Arena.ofConfined()) {
            var address = arena.allocate(12, 4);
            address.set(JAVA_SHORT, 0, (short) Sockets.AF_NETLINK);
            address.set(JAVA_INT, 8, groups);
            Sockets.bind(socket, address, "netlink");
            Sockets.setOption(
                    socket, Sockets.SOL_SOCKET, Sockets.SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
            Sockets.setOption(socket, SOL_NETLINK, NETLINK_CAP_ACK, 1);
            Sockets.setOption(socket, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
            return new Netlink(socket);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** What to poll for events. */
    public int number() throws ClosedChannelException {
        return socket.number();
    }

    /**
     * Sends what was written, and returns when the kernel has done it up to the last message that
     * asks for an {@link NetlinkWriter#ACK}.
     *
     * @param what it is, for a person
     * @throws LinuxException the first of the kernel's refusals; of a netfilter batch nothing was
     *     done then
     */
    public void execute(String what, NetlinkWriter messages) throws IOException {
        send(messages);
        int error = 0;
        while (true) {
            var answers = events();
            if (answers.isEmpty()) {
                // After a refusal the kernel may leave the rest unanswered.
                throw error != 0
                        ? new LinuxException(what, error)
                        : new IOException(what + ": the kernel did not answer");
            }
            for (var answer : answers) {
                if (answer.type() != NetlinkMessage.TYPE_ERROR) {
                    continue;
                }
                if (error == 0) {
                    error = -answer.payload().getInt(0);
                }
                // All are taken, or the next call would find the rest of them.
                if (answer.sequence() == messages.acknowledgedSequence()) {
                    if (error != 0) {
                        throw new LinuxException(what, error);
                    }
                    return;
                }
            }
        }
    }

    /** Sends one request that is answered by one message, and returns that. */
    public NetlinkMessage query(String what, NetlinkWriter request) throws IOException {
        send(request);
        while (true) {
            for (var answer : receive(what)) {
                if (answer.sequence() != request.sequence()) {
                    continue;
                }
                if (answer.type() == NetlinkMessage.TYPE_ERROR) {
                    throw new LinuxException(what, -answer.payload().getInt(0));
                }
                return answer;
            }
        }
    }

    /** Sends one {@link NetlinkWriter#DUMP} request and returns everything that it lists. */
    public List<NetlinkMessage> dump(String what, NetlinkWriter request) throws IOException {
        send(request);
        var all = new ArrayList<NetlinkMessage>();
        while (true) {
            for (var answer : receive(what)) {
                if (answer.sequence() != request.sequence()) {
                    continue;
                }
                switch (answer.type()) {
                    case NetlinkMessage.TYPE_DONE -> {
                        return all;
                    }
                    case NetlinkMessage.TYPE_ERROR ->
                            throw new LinuxException(what, -answer.payload().getInt(0));
                    default -> all.add(answer);
                }
            }
        }
    }

    /** Events that have come, oldest first; empty if none. */
    public List<NetlinkMessage> events() throws IOException {
        int length = Sockets.receive(socket, buffer, MemorySegment.NULL);
        return length == Sockets.WOULD_BLOCK ? List.of() : parse(length);
    }

    private void send(NetlinkWriter messages) throws IOException {
        try (var arena = Arena.ofConfined()) {
            var written = messages.written();
            var bytes = new byte[written.remaining()];
            written.get(bytes);
            Sockets.send(
                    socket, arena.allocateFrom(JAVA_BYTE, bytes), bytes.length, MemorySegment.NULL);
        }
    }

    private List<NetlinkMessage> receive(String what) throws IOException {
        int length = Sockets.receive(socket, buffer, MemorySegment.NULL);
        if (length == Sockets.WOULD_BLOCK) {
            throw new IOException(what + ": the kernel did not answer");
        }
        return parse(length);
    }

    private List<NetlinkMessage> parse(int length) {
        // Copied: the next receive uses the same buffer.
        return NetlinkMessage.parse(
                java.nio.ByteBuffer.wrap(
                        buffer.asSlice(0, Math.min(length, RECEIVE_BYTES)).toArray(JAVA_BYTE)));
    }

    @Override
    public void close() {
        socket.close();
    }
}
