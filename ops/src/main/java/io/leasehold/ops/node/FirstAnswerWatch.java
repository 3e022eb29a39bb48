package io.leasehold.ops.node;

import io.leasehold.heartbeat.address.PacketSocket;
import io.leasehold.heartbeat.address.PacketSocketOptions;
import io.leasehold.heartbeat.address.PacketSocketOptions.BpfInstruction;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees the first DHCP answer that really leaves this node after a start of the server: a packet
 * socket is shown outgoing frames after the gate has let them pass.
 */
final class FirstAnswerWatch implements DhcpService.FirstAnswer {
    private static final Logger log = LoggerFactory.getLogger(FirstAnswerWatch.class);

    /** On a quiet night nobody asks; the probe does, if there is one. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final int UDP_SOURCE_PORT_OFFSET_AFTER_IP = 14;

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

    private final List<String> interfaces;
    private final Journalist history;

    FirstAnswerWatch(List<String> interfaces, Journalist history) {
        this.interfaces = List.copyOf(interfaces);
        this.history = history;
    }

    @Override
    public void await() {
        long begunNanos = System.nanoTime();
        for (var name : interfaces) {
            try {
                var socket =
                        PacketSocket.open(
                                name,
                                new PacketSocketOptions(
                                        PacketSocketOptions.ETHER_TYPE_ALL,
                                        false,
                                        FROM_SERVER_PORT));
                Thread.ofPlatform()
                        .name("first-answer-" + name)
                        .daemon()
                        .start(() -> watch(socket, name, begunNanos));
            } catch (IOException e) {
                log.warn("cannot watch {} for the first answer: {}", name, e.getMessage());
            }
        }
    }

    private void watch(PacketSocket socket, String name, long begunNanos) {
        try (socket) {
            while (System.nanoTime() - begunNanos < LIMIT.toNanos()) {
                var frame = socket.receive(LOOK.toNanos());
                if (frame.isPresent() && frame.get().outgoing()) {
                    history.answered(
                            "dhcp: first answer left on " + name,
                            Duration.ofNanos(frame.get().receivedNanos() - begunNanos));
                    return;
                }
            }
        } catch (IOException e) {
            log.warn("cannot watch {} for the first answer: {}", name, e.getMessage());
        }
    }
}
