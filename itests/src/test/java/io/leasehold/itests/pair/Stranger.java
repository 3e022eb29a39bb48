package io.leasehold.itests.pair;

import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.linux.NetworkNamespace;
import io.leasehold.itests.lab.linux.PacketSocket;
import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.awaitility.Awaitility;

/**
 * Somebody on the LAN without the cluster's key, who has a genuine beat of the peer to play with,
 * as if a switch had sent it to the wrong port, and can write any source address.
 */
final class Stranger implements AutoCloseable {
    /** The port that is registered as ha-cluster; configuration.md has it as the default. */
    private static final int BEAT_PORT = 694;

    private static final int ETHERNET_BYTES = 14;
    private static final int IP_BYTES = 20;
    private static final int UDP_BYTES = 8;
    private static final int PAYLOAD = ETHERNET_BYTES + IP_BYTES + UDP_BYTES;
    private static final int SOURCE_HARDWARE = 6;
    private static final int IP_LENGTH = ETHERNET_BYTES + 2;
    private static final int IP_CHECKSUM = ETHERNET_BYTES + 10;
    private static final int IP_SOURCE = ETHERNET_BYTES + 12;
    private static final int UDP_LENGTH = ETHERNET_BYTES + IP_BYTES + 4;
    private static final int UDP_CHECKSUM = ETHERNET_BYTES + IP_BYTES + 6;
    private static final byte[] OWN_HARDWARE = {0x02, 0x66, 0x66, 0x66, 0x66, 0x66};
    private static final int TRUNCATED_BYTES = 5;

    private final PacketSocket wire;
    private final byte[] beat;

    private Stranger(PacketSocket wire, byte[] beat) {
        this.wire = wire;
        this.beat = beat;
    }

    static Stranger on(Lab lab, LabNode victim) throws IOException, InterruptedException {
        var beat = capture(lab, victim);
        // Not the peer's own: the switch would send the peer's frames to the stranger from then on.
        System.arraycopy(OWN_HARDWARE, 0, beat, SOURCE_HARDWARE, OWN_HARDWARE.length);
        var wire =
                NetworkNamespace.call(
                        lab.network().namespaceFile(LabNode.ATTACKER),
                        () -> PacketSocket.open(Addresses.LAN_INTERFACE));
        return new Stranger(wire, beat);
    }

    /** The next beat that the victim hears on the LAN. */
    private static byte[] capture(Lab lab, LabNode victim)
            throws IOException, InterruptedException {
        try (var socket =
                NetworkNamespace.call(
                        lab.network().namespaceFile(victim),
                        () -> PacketSocket.open(Addresses.LAN_INTERFACE))) {
            return Awaitility.await("a beat")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> nextBeat(socket), bytes -> bytes.length > 0);
        }
    }

    /** Of the frames that are there; empty if there is no beat among them. */
    private static byte[] nextBeat(PacketSocket socket) throws IOException {
        for (var frame = socket.receive(); frame.hasRemaining(); frame = socket.receive()) {
            if (frame.remaining() > PAYLOAD
                    && frame.getShort(12) == 0x0800
                    && frame.get(ETHERNET_BYTES + 9) == 17
                    && frame.getShort(ETHERNET_BYTES + IP_BYTES + 2) == BEAT_PORT) {
                var bytes = new byte[frame.remaining()];
                frame.get(bytes);
                return bytes;
            }
        }
        return new byte[0];
    }

    /** The same beat again. */
    void replay() throws IOException {
        send(beat.clone());
    }

    /** A beat with one bit changed. */
    void forge() throws IOException {
        var changed = beat.clone();
        changed[changed.length - 1] ^= 1;
        send(changed);
    }

    void truncate() throws IOException {
        var cut = java.util.Arrays.copyOf(beat, PAYLOAD + TRUNCATED_BYTES);
        var buffer = ByteBuffer.wrap(cut);
        buffer.putShort(IP_LENGTH, (short) (cut.length - ETHERNET_BYTES));
        buffer.putShort(UDP_LENGTH, (short) (UDP_BYTES + TRUNCATED_BYTES));
        send(cut);
    }

    void sendFromItsOwnAddress() throws IOException {
        var own = beat.clone();
        var address = InetAddress.getByName(LabNode.ATTACKER.lanAddress()).getAddress();
        System.arraycopy(address, 0, own, IP_SOURCE, address.length);
        send(own);
    }

    private void send(byte[] frame) throws IOException {
        var buffer = ByteBuffer.wrap(frame);
        // Captured before a card would have filled it in; 0 is none (RFC 768).
        buffer.putShort(UDP_CHECKSUM, (short) 0);
        buffer.putShort(IP_CHECKSUM, (short) 0);
        int sum = 0;
        for (int at = ETHERNET_BYTES; at < ETHERNET_BYTES + IP_BYTES; at += 2) {
            sum += buffer.getShort(at) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        buffer.putShort(IP_CHECKSUM, (short) ~(sum + (sum >>> 16)));
        wire.send(buffer);
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
