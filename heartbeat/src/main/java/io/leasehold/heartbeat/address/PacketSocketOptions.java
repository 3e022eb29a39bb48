package io.leasehold.heartbeat.address;

import java.util.List;

/**
 * How a {@link PacketSocket} receives.
 *
 * @param etherType only frames of this type ({@link #ETHER_TYPE_ALL}: all, and only then also those
 *     that this host sends)
 * @param promiscuous also frames for other stations
 * @param filter a classic BPF program that says how many bytes of a frame are wanted, 0 for none;
 *     empty: all frames
 */
public record PacketSocketOptions(int etherType, boolean promiscuous, List<BpfInstruction> filter) {
    public static final int ETHER_TYPE_ALL = 0x0003;
    public static final int ETHER_TYPE_IPV4 = 0x0800;
    public static final int ETHER_TYPE_ARP = 0x0806;

    public PacketSocketOptions {
        filter = List.copyOf(filter);
    }

    /** Frames of that type for this station. */
    public PacketSocketOptions(int etherType) {
        this(etherType, false, List.of());
    }

    /** {@code struct sock_filter}: one instruction as {@code tcpdump -dd} prints it. */
    public record BpfInstruction(int code, int jumpTrue, int jumpFalse, int k) {}

    /**
     * Frames with an IPv4 UDP datagram to this port that is no later fragment; without VLAN tag.
     */
    public static List<BpfInstruction> udpTo(int port) {
        return List.of(
                new BpfInstruction(0x28, 0, 0, 12), // ldh [12]: EtherType
                new BpfInstruction(0x15, 0, 8, 0x0800),
                new BpfInstruction(0x30, 0, 0, 23), // ldb [23]: protocol
                new BpfInstruction(0x15, 0, 6, 17),
                new BpfInstruction(0x28, 0, 0, 20), // ldh [20]: fragment offset
                new BpfInstruction(0x45, 4, 0, 0x1fff),
                new BpfInstruction(0xb1, 0, 0, 14), // ldxb 4*([14]&0xf): length of the IP header
                new BpfInstruction(0x48, 0, 0, 16), // ldh [x + 16]: destination port
                new BpfInstruction(0x15, 0, 1, port),
                new BpfInstruction(0x06, 0, 0, 0x0004_0000),
                new BpfInstruction(0x06, 0, 0, 0));
    }
}
