package io.leasehold.ops.node;

import io.leasehold.heartbeat.address.PacketSocket;
import io.leasehold.heartbeat.address.PacketSocketOptions;
import io.leasehold.heartbeat.address.PacketSocketOptions.BpfInstruction;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/**
 * DHCP answers that really leave this node by one interface, from now on: a packet socket is shown
 * outgoing frames after the gate has let them pass.
 */
final class LeavingAnswers implements AutoCloseable {
    private static final int UDP_SOURCE_PORT_OFFSET_AFTER_IP = 14;

    /** A relay asks from the same port; so many of its frames are looked at in one go. */
    private static final int FRAMES_MAX = 10_000;

    /** Frames with an IPv4 UDP datagram from port 67 (classic BPF, as tcpdump -dd prints it). */
    private static final List<BpfInstruction> FROM_SERVER_PORT =
            List.of(
                    new BpfInstruction(0x28, 0, 0, 12), // ldh [12]: EtherType
                    new BpfInstruction(0x15, 0, 8, 0x0800),
                    new BpfInstruction(0x30, 0, 0, 23), // ldb [23]: protocol
                    new BpfInstruction(0x15, 0, 6, 17),
                    new BpfInstruction(0x28, 0, 0, 20), // ldh [20]: fragment offset
                    new BpfInstruction(0x45, 4, 0, 0x1fff),
                    new BpfInstruction(0xb1, 0, 0, 14), // ldxb 4*([14]&0xf): length of the header
                    new BpfInstruction(0x48, 0, 0, UDP_SOURCE_PORT_OFFSET_AFTER_IP),
                    new BpfInstruction(0x15, 0, 1, 67),
                    new BpfInstruction(0x06, 0, 0, 0x0004_0000),
                    new BpfInstruction(0x06, 0, 0, 0));

    private final PacketSocket socket;

    private LeavingAnswers(PacketSocket socket) {
        this.socket = socket;
    }

    static LeavingAnswers by(String interfaceName) throws IOException {
        return new LeavingAnswers(
                PacketSocket.open(
                        interfaceName,
                        new PacketSocketOptions(
                                PacketSocketOptions.ETHER_TYPE_ALL, false, FROM_SERVER_PORT)));
    }

    /**
     * When the next one left, on the clock of {@link System#nanoTime}; empty if none did within the
     * limit, of which zero only looks at what is there already.
     */
    OptionalLong next(Duration limit) throws IOException {
        long endNanos = System.nanoTime() + limit.toNanos();
        for (int frames = 0; frames < FRAMES_MAX; frames++) {
            var frame = socket.receive(Math.max(0, endNanos - System.nanoTime()));
            if (frame.isEmpty()) {
                return OptionalLong.empty();
            }
            if (frame.get().outgoing()) {
                return OptionalLong.of(frame.get().receivedNanos());
            }
        }
        return OptionalLong.empty();
    }

    @Override
    public void close() {
        socket.close();
    }
}
