package io.leasehold.heartbeat.address;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** An ARP message for IPv4 over Ethernet (RFC 826), with the names of RFC 5227 §1.1. */
record ArpFrame(
        Operation operation,
        MacAddress senderHardware,
        Inet4Address sender,
        MacAddress targetHardware,
        Inet4Address target) {
    private static final int ETHERNET_HEADER_BYTES = 14;
    private static final int BYTES = 28;
    private static final int HARDWARE_ETHERNET = 1;

    enum Operation {
        REQUEST,
        REPLY
    }

    byte[] toFrame(MacAddress destination) {
        return ByteBuffer.allocate(ETHERNET_HEADER_BYTES + BYTES)
                .put(destination.toBytes())
                .put(senderHardware.toBytes())
                .putShort((short) PacketSocketOptions.ETHER_TYPE_ARP)
                .putShort((short) HARDWARE_ETHERNET)
                .putShort((short) PacketSocketOptions.ETHER_TYPE_IPV4)
                .put((byte) MacAddress.BYTES)
                .put((byte) 4)
                .putShort((short) (operation == Operation.REQUEST ? 1 : 2))
                .put(senderHardware.toBytes())
                .put(sender.getAddress())
                .put(targetHardware.toBytes())
                .put(target.getAddress())
                .array();
    }

    /** Empty if the frame is not such a message. */
    static Optional<ArpFrame> parse(byte[] frame) {
        if (frame.length < ETHERNET_HEADER_BYTES + BYTES) {
            return Optional.empty();
        }
        var arp = ByteBuffer.wrap(frame, ETHERNET_HEADER_BYTES, BYTES).slice();
        boolean known =
                ByteBuffer.wrap(frame).getShort(12) == PacketSocketOptions.ETHER_TYPE_ARP
                        && arp.getShort(0) == HARDWARE_ETHERNET
                        && arp.getShort(2) == PacketSocketOptions.ETHER_TYPE_IPV4
                        && arp.get(4) == MacAddress.BYTES
                        && arp.get(5) == 4;
        int code = arp.getShort(6);
        if (!known || code < 1 || code > 2) {
            return Optional.empty();
        }
        return Optional.of(
                new ArpFrame(
                        code == 1 ? Operation.REQUEST : Operation.REPLY,
                        MacAddress.from(frame, ETHERNET_HEADER_BYTES + 8),
                        address(arp, 14),
                        MacAddress.from(frame, ETHERNET_HEADER_BYTES + 18),
                        address(arp, 24)));
    }

    private static Inet4Address address(ByteBuffer arp, int offset) {
        var bytes = new byte[4];
        arp.get(offset, bytes);
        try {
            return (Inet4Address) InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }
}
