package io.leasehold.dhcp.packet;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.heartbeat.address.MacAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * A UDP datagram in an Ethernet frame, as DHCP clients send and receive before they have an
 * address.
 *
 * <pre>
 *  0 destination MAC   6 source MAC   12 EtherType 0x0800
 * 14 IPv4 header (20 bytes and options)
 *    UDP: source port, destination port, length, checksum
 *    payload
 * </pre>
 */
public final class UdpFrame {

    public static final int SERVER_PORT = 67;
    public static final int CLIENT_PORT = 68;

    private static final int ETHERNET_BYTES = 14;
    private static final int IP_BYTES = 20;
    private static final int UDP_BYTES = 8;
    private static final int ETHER_TYPE_IPV4 = 0x0800;
    private static final int UDP = 17;

    private final MacAddress destinationMac;
    private final MacAddress sourceMac;
    private final Ipv4Address source;
    private final Ipv4Address destination;
    private final int sourcePort;
    private final int destinationPort;
    private final byte[] payload;

    public UdpFrame(
            MacAddress destinationMac,
            MacAddress sourceMac,
            Ipv4Address source,
            Ipv4Address destination,
            int sourcePort,
            int destinationPort,
            byte[] payload) {
        this.destinationMac = destinationMac;
        this.sourceMac = sourceMac;
        this.source = source;
        this.destination = destination;
        this.sourcePort = sourcePort;
        this.destinationPort = destinationPort;
        this.payload = payload.clone();
    }

    /** A client's broadcast: from 0.0.0.0:68 to 255.255.255.255:67. */
    public static UdpFrame broadcastOfClient(MacAddress client, byte[] payload) {
        return new UdpFrame(
                MacAddress.BROADCAST,
                client,
                Ipv4Address.ANY,
                Ipv4Address.BROADCAST,
                CLIENT_PORT,
                SERVER_PORT,
                payload);
    }

    public MacAddress destinationMac() {
        return destinationMac;
    }

    public MacAddress sourceMac() {
        return sourceMac;
    }

    public Ipv4Address source() {
        return source;
    }

    public Ipv4Address destination() {
        return destination;
    }

    public int sourcePort() {
        return sourcePort;
    }

    public int destinationPort() {
        return destinationPort;
    }

    public byte[] payload() {
        return payload.clone();
    }

    public byte[] toBytes() {
        int udpLength = UDP_BYTES + payload.length;
        var frame = ByteBuffer.allocate(ETHERNET_BYTES + IP_BYTES + udpLength);
        frame.put(destinationMac.toBytes()).put(sourceMac.toBytes());
        frame.putShort((short) ETHER_TYPE_IPV4);
        frame.put((byte) 0x45).put((byte) 0x10);
        frame.putShort((short) (IP_BYTES + udpLength)).putInt(0);
        frame.put((byte) 64).put((byte) UDP).putShort((short) 0);
        frame.putInt(source.bits()).putInt(destination.bits());
        frame.putShort((short) sourcePort).putShort((short) destinationPort);
        frame.putShort((short) udpLength).putShort((short) 0).put(payload);
        var bytes = frame.array();
        int ip = ETHERNET_BYTES;
        frame.putShort(ip + 10, (short) ~fold(sum(bytes, ip, ip + IP_BYTES)));
        // RFC 768: the sum over a pseudo header too; 0 is sent as 0xffff.
        int checksum = ~fold(sum(bytes, ip + 12, bytes.length) + UDP + udpLength) & 0xffff;
        frame.putShort(ip + IP_BYTES + 6, (short) (checksum == 0 ? 0xffff : checksum));
        return bytes;
    }

    /**
     * Reads a frame.
     *
     * <p>The UDP checksum is not compared: on virtual interfaces, and before the network card has
     * filled it in, it is not there yet. Padding behind the datagram is cut off.
     *
     * @return empty if it is no whole UDP datagram over IPv4, or its IP header is damaged
     */
    public static Optional<UdpFrame> parse(byte[] bytes) {
        if (bytes.length < ETHERNET_BYTES + IP_BYTES + UDP_BYTES) {
            return Optional.empty();
        }
        var frame = ByteBuffer.wrap(bytes);
        int ip = ETHERNET_BYTES;
        int headerBytes = (bytes[ip] & 0xf) * 4;
        int total = frame.getShort(ip + 2) & 0xffff;
        boolean fragment = (frame.getShort(ip + 6) & 0x3fff) != 0;
        if ((frame.getShort(12) & 0xffff) != ETHER_TYPE_IPV4
                || bytes[ip] >>> 4 != 4
                || headerBytes < IP_BYTES
                || total < headerBytes + UDP_BYTES
                || ip + total > bytes.length
                || fragment
                || bytes[ip + 9] != UDP
                || fold(sum(bytes, ip, ip + headerBytes)) != 0xffff) {
            return Optional.empty();
        }
        int udp = ip + headerBytes;
        int udpLength = frame.getShort(udp + 4) & 0xffff;
        if (udpLength < UDP_BYTES || udpLength > total - headerBytes) {
            return Optional.empty();
        }
        return Optional.of(
                new UdpFrame(
                        MacAddress.from(bytes, 0),
                        MacAddress.from(bytes, 6),
                        new Ipv4Address(frame.getInt(ip + 12)),
                        new Ipv4Address(frame.getInt(ip + 16)),
                        frame.getShort(udp) & 0xffff,
                        frame.getShort(udp + 2) & 0xffff,
                        Arrays.copyOfRange(bytes, udp + UDP_BYTES, udp + udpLength)));
    }

    private static long sum(byte[] bytes, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (i + 1 < to ? bytes[i + 1] & 0xff : 0);
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }
}
