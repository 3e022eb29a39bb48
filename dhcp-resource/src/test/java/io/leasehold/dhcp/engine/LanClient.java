package io.leasehold.dhcp.engine;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.packet.DhcpCodec;
import io.leasehold.dhcp.packet.DhcpMessage;
import io.leasehold.dhcp.packet.MalformedPacketException;
import io.leasehold.dhcp.packet.MessageType;
import io.leasehold.dhcp.packet.UdpFrame;
import io.leasehold.dhcp.probe.PacketSocketChannel;
import io.leasehold.heartbeat.address.MacAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeMap;

/** A DHCP client on a packet socket: as little of RFC 2131 as the tests need. */
public final class LanClient implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(4);

    private final PacketSocketChannel channel;
    private final MacAddress mac;
    private int xid;

    private LanClient(PacketSocketChannel channel, MacAddress mac) {
        this.channel = channel;
        this.mac = mac;
        this.xid = mac.hashCode();
    }

    public static LanClient on(DhcpLan lan, int number) throws IOException {
        var channel = lan.in("client", () -> PacketSocketChannel.open("eth0", "eth0"));
        return new LanClient(
                channel, MacAddress.parse(String.format("02:00:5e:10:00:%02x", number)));
    }

    /** DISCOVER, OFFER, REQUEST, ACK. */
    public Ipv4Address obtain() throws IOException {
        var offer = ask(MessageType.DISCOVER, Optional.empty(), Optional.empty()).orElseThrow();
        var ack =
                ask(MessageType.REQUEST, Optional.of(offer.yiaddr()), offer.serverIdentifier())
                        .orElseThrow();
        if (ack.type() != MessageType.ACK) {
            throw new IOException("expected an ACK, got " + ack.type());
        }
        return ack.yiaddr();
    }

    /** INIT-REBOOT: comes back with an address that it remembers. Empty if nobody answers. */
    public Optional<MessageType> reboot(Ipv4Address address) throws IOException {
        return ask(MessageType.REQUEST, Optional.of(address), Optional.empty())
                .map(DhcpMessage::type);
    }

    private Optional<DhcpMessage> ask(
            MessageType type, Optional<Ipv4Address> wanted, Optional<Ipv4Address> server)
            throws IOException {
        var options = new TreeMap<Integer, Octets>();
        wanted.ifPresent(
                a -> options.put(DhcpMessage.REQUESTED_ADDRESS, Octets.copyOf(a.toBytes())));
        server.ifPresent(
                a -> options.put(DhcpMessage.SERVER_IDENTIFIER, Octets.copyOf(a.toBytes())));
        var question =
                new DhcpMessage(
                        type,
                        ++xid,
                        0,
                        true,
                        Ipv4Address.ANY,
                        Ipv4Address.ANY,
                        Ipv4Address.ANY,
                        Octets.copyOf(mac.toBytes()),
                        options);
        channel.send(UdpFrame.broadcastOfClient(mac, DhcpCodec.encode(question)).toBytes());
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var frame = channel.receive(end - System.nanoTime());
            if (frame.isEmpty()) {
                return Optional.empty();
            }
            var answer = decode(frame.get().bytes());
            if (answer.isPresent() && answer.get().xid() == xid && answer.get().type() != type) {
                return answer;
            }
        }
    }

    private static Optional<DhcpMessage> decode(byte[] frame) {
        return UdpFrame.parse(frame)
                .flatMap(udp -> {
                    try {
                        return Optional.of(DhcpCodec.decode(udp.payload()));
                    } catch (MalformedPacketException _) {
                        return Optional.empty();
                    }
                });
    }

    @Override
    public void close() {
        channel.close();
    }
}
