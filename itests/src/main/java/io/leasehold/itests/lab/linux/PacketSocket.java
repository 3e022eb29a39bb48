package io.leasehold.itests.lab.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Raw Ethernet frames of one interface (AF_PACKET). Sees every frame that reaches the interface,
 * whatever its destination, so that one socket can play thousands of stations.
 *
 * <p>One thread at a time; open it inside {@link NetworkNamespace#call} to have it elsewhere.
 */
public final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final short ETH_P_ALL = 3;
    private static final int SOCKADDR_LL_BYTES = 20;

    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_IGNORE_OUTGOING = 23;

    private static final int BUFFER_BYTES = 8 << 20;
    private static final int FRAME_BYTES_MAX = 2048;

    /** The queue of the interface is full; a wire would have lost the frame, so may we. */
    private static final int ENOBUFS = 105;

    private static final int ENETDOWN = 100;

    private final Arena arena = Arena.ofShared();
    private final int descriptor;
    private final MemorySegment receiveSegment = arena.allocate(FRAME_BYTES_MAX, Long.BYTES);
    private final MemorySegment sendSegment = arena.allocate(FRAME_BYTES_MAX, Long.BYTES);
    private final ByteBuffer receiveBuffer =
            receiveSegment.asByteBuffer().order(ByteOrder.BIG_ENDIAN);
    private long framesNotSent;

    private PacketSocket(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Opens the socket on an interface of the calling thread's network namespace. */
    public static PacketSocket open(String interfaceName) throws LinuxException {
        int index = NetworkInterface.index(interfaceName);
        short protocol = Short.reverseBytes(ETH_P_ALL); // network byte order
        int descriptor = Linux.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
        try (var arena = Arena.ofConfined()) {
            Linux.setSocketOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
            Linux.setSocketOption(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
            Linux.setSocketOption(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
            var address = arena.allocate(SOCKADDR_LL_BYTES, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(ValueLayout.JAVA_SHORT, 2, protocol);
            address.set(ValueLayout.JAVA_INT, 4, index);
            Linux.bind(descriptor, address);
        } catch (LinuxException e) {
            Linux.close(descriptor);
            throw e;
        }
        return new PacketSocket(descriptor);
    }

    /** Sends the frame between position and limit; a frame that finds no room is lost. */
    public void send(ByteBuffer frame) throws LinuxException {
        int length = frame.remaining();
        MemorySegment.copy(MemorySegment.ofBuffer(frame), 0, sendSegment, 0, length);
        try {
            Linux.send(descriptor, sendSegment, length);
        } catch (LinuxException e) {
            switch (e.errno()) {
                case ENOBUFS, ENETDOWN, LinuxException.EAGAIN -> framesNotSent++;
                default -> throw e;
            }
        }
    }

    /** Frames that the kernel did not take, for example because the cable was cut. */
    public long framesNotSent() {
        return framesNotSent;
    }

    /**
     * The next frame, or an empty buffer if none is there. Valid until the next call.
     *
     * @return big-endian, position 0 at the destination address
     */
    public ByteBuffer receive() throws LinuxException {
        int length;
        try {
            length = Linux.receive(descriptor, receiveSegment, 0);
        } catch (LinuxException e) {
            // Reported once when the interface goes down; later calls work again.
            if (e.errno() != ENETDOWN) {
                throw e;
            }
            length = -1;
        }
        return receiveBuffer.clear().limit(Math.max(length, 0));
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() throws LinuxException {
        Linux.close(descriptor);
        arena.close();
    }
}
