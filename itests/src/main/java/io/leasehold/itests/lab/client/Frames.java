package io.leasehold.itests.lab.client;

import java.nio.ByteBuffer;
import java.util.Optional;

/** Ethernet frames of clients: DHCP over UDP over IPv4, and ARP. Buffers are big-endian. */
final class Frames {
    static final int FRAME_BYTES_MAX = 1514;
    static final long HARDWARE_BROADCAST = 0xFFFF_FFFF_FFFFL;

    private static final short ETHERTYPE_IPV4 = 0x0800;
    private static final short ETHERTYPE_ARP = 0x0806;
    private static final short ARP_REQUEST = 1;
    private static final short ARP_REPLY = 2;
    private static final byte PROTOCOL_UDP = 17;
    private static final short SERVER_PORT = 67;
    private static final short CLIENT_PORT = 68;

    private static final int ETHERNET_BYTES = 14;
    private static final int IP_BYTES = 20;
    private static final int UDP_BYTES = 8;
    private static final int ARP_BYTES = 28;
    private static final int OPTIONS_OFFSET = 236;
    private static final int MAGIC_COOKIE = 0x63825363;

    /** Some relays drop anything shorter than a BOOTP message (RFC 1542 §2.1). */
    private static final int DHCP_BYTES_MIN = 300;

    private static final byte OPTION_PAD = 0;
    private static final byte OPTION_REQUESTED_ADDRESS = 50;
    private static final byte OPTION_LEASE_TIME = 51;
    private static final byte OPTION_MESSAGE_TYPE = 53;
    private static final byte OPTION_SERVER_IDENTIFIER = 54;
    private static final byte OPTION_PARAMETERS = 55;
    private static final byte OPTION_END = (byte) 255;

    /** What somebody says about an address by ARP. */
    record Arp(boolean request, long senderHardware, int sender, int target) {}

    private Frames() {}

    /** Writes a client's frame; afterwards the buffer is ready to be sent. */
    static void write(ByteBuffer out, Question question, long destinationHardware) {
        out.clear();
        putHardware(out, destinationHardware);
        putHardware(out, question.station().hardwareAddress());
        out.putShort(ETHERTYPE_IPV4);

        int dhcpOffset = ETHERNET_BYTES + IP_BYTES + UDP_BYTES;
        out.position(dhcpOffset);
        putMessage(out, question);
        while (out.position() < dhcpOffset + DHCP_BYTES_MIN) {
            out.put(OPTION_PAD);
        }
        int end = out.position();

        out.position(ETHERNET_BYTES);
        out.put((byte) 0x45).put((byte) 0).putShort((short) (end - ETHERNET_BYTES));
        out.putInt(0).put((byte) 64).put(PROTOCOL_UDP).putShort((short) 0);
        out.putInt(question.clientAddress()).putInt(question.destination());
        out.putShort(ETHERNET_BYTES + 10, headerChecksum(out, ETHERNET_BYTES));
        // A UDP checksum of 0 means that there is none (RFC 768).
        out.putShort(CLIENT_PORT).putShort(SERVER_PORT);
        out.putShort((short) (end - ETHERNET_BYTES - IP_BYTES)).putShort((short) 0);
        out.position(0).limit(end);
    }

    private static void putMessage(ByteBuffer out, Question question) {
        out.put((byte) 1).put((byte) 1).put((byte) 6).put((byte) 0);
        out.putInt(question.transaction());
        out.putShort((short) question.secondsElapsed()).putShort((short) 0);
        out.putInt(question.clientAddress()).putInt(0).putInt(0).putInt(0);
        putHardware(out, question.station().hardwareAddress());
        // The rest of chaddr, sname and file.
        for (int i = 0; i < 10 + 64 + 128; i++) {
            out.put((byte) 0);
        }
        out.putInt(MAGIC_COOKIE);
        out.put(OPTION_MESSAGE_TYPE).put((byte) 1).put((byte) question.type().code());
        if (question.requestedAddress() != 0) {
            out.put(OPTION_REQUESTED_ADDRESS).put((byte) 4).putInt(question.requestedAddress());
        }
        if (question.serverIdentifier() != 0) {
            out.put(OPTION_SERVER_IDENTIFIER).put((byte) 4).putInt(question.serverIdentifier());
        }
        // Netmask, router, lease time, server identifier: what every client asks for.
        out.put(OPTION_PARAMETERS).put((byte) 4).put((byte) 1).put((byte) 3).put((byte) 51);
        out.put((byte) 54).put(OPTION_END);
    }

    /** The server's message in a frame, or empty if the frame is anything else or is damaged. */
    static Optional<Reply> reply(ByteBuffer frame) {
        int length = frame.limit();
        if (!isUdp(frame)) {
            return Optional.empty();
        }
        int udp = udpOffset(frame);
        int dhcp = udp + UDP_BYTES;
        if (length < dhcp + OPTIONS_OFFSET + 4
                || frame.getShort(udp + 2) != CLIENT_PORT
                || frame.get(dhcp) != 2
                || frame.getInt(dhcp + OPTIONS_OFFSET) != MAGIC_COOKIE) {
            return Optional.empty();
        }
        MessageType type = null;
        int server = 0;
        int leaseSeconds = 0;
        int at = dhcp + OPTIONS_OFFSET + 4;
        while (at + 1 < length && frame.get(at) != OPTION_END) {
            byte option = frame.get(at);
            if (option == OPTION_PAD) {
                at++;
                continue;
            }
            int size = frame.get(at + 1) & 0xff;
            if (at + 2 + size > length) {
                return Optional.empty();
            }
            if (option == OPTION_MESSAGE_TYPE && size == 1) {
                type = serverMessage(frame.get(at + 2));
            } else if (option == OPTION_SERVER_IDENTIFIER && size == 4) {
                server = frame.getInt(at + 2);
            } else if (option == OPTION_LEASE_TIME && size == 4) {
                leaseSeconds = frame.getInt(at + 2);
            }
            at += 2 + size;
        }
        if (type == null) {
            return Optional.empty();
        }
        return Optional.of(
                new Reply(
                        type,
                        frame.getInt(dhcp + 4),
                        hardware(frame, dhcp + 28),
                        frame.getInt(dhcp + 16),
                        server,
                        leaseSeconds,
                        hardware(frame, 6)));
    }

    private static @org.jspecify.annotations.Nullable MessageType serverMessage(byte code) {
        return switch (code) {
            case 2 -> MessageType.OFFER;
            case 5 -> MessageType.ACK;
            case 6 -> MessageType.NAK;
            default -> null;
        };
    }

    /** Whether it is what only a DHCP server sends, to a client or a relay: UDP from port 67. */
    static boolean isFromServerPort(ByteBuffer frame) {
        if (!isUdp(frame)) {
            return false;
        }
        int udp = udpOffset(frame);
        return udp + UDP_BYTES <= frame.limit() && frame.getShort(udp) == SERVER_PORT;
    }

    private static boolean isUdp(ByteBuffer frame) {
        return frame.limit() >= ETHERNET_BYTES + IP_BYTES + UDP_BYTES
                && frame.getShort(12) == ETHERTYPE_IPV4
                && frame.get(ETHERNET_BYTES + 9) == PROTOCOL_UDP;
    }

    private static int udpOffset(ByteBuffer frame) {
        return ETHERNET_BYTES + (frame.get(ETHERNET_BYTES) & 0x0f) * 4;
    }

    /** The ARP message in a frame, or empty if it has none. */
    static Optional<Arp> arp(ByteBuffer frame) {
        if (frame.limit() < ETHERNET_BYTES + ARP_BYTES || frame.getShort(12) != ETHERTYPE_ARP) {
            return Optional.empty();
        }
        return Optional.of(
                new Arp(
                        frame.getShort(20) == ARP_REQUEST,
                        hardware(frame, 22),
                        frame.getInt(28),
                        frame.getInt(38)));
    }

    static void writeArpRequest(ByteBuffer out, Station sender, int senderAddress, int target) {
        writeArp(
                out,
                HARDWARE_BROADCAST,
                ARP_REQUEST,
                sender.hardwareAddress(),
                senderAddress,
                0,
                target);
    }

    static void writeArpReply(ByteBuffer out, Station owner, Arp question) {
        writeArp(
                out,
                question.senderHardware(),
                ARP_REPLY,
                owner.hardwareAddress(),
                question.target(),
                question.senderHardware(),
                question.sender());
    }

    private static void writeArp(
            ByteBuffer out,
            long destination,
            short operation,
            long senderHardware,
            int sender,
            long targetHardware,
            int target) {
        out.clear();
        putHardware(out, destination);
        putHardware(out, senderHardware);
        out.putShort(ETHERTYPE_ARP);
        out.putShort((short) 1).putShort(ETHERTYPE_IPV4).put((byte) 6).put((byte) 4);
        out.putShort(operation);
        putHardware(out, senderHardware);
        out.putInt(sender);
        putHardware(out, targetHardware);
        out.putInt(target);
        out.flip();
    }

    private static void putHardware(ByteBuffer out, long hardware) {
        out.putShort((short) (hardware >>> 32)).putInt((int) hardware);
    }

    private static long hardware(ByteBuffer frame, int at) {
        return ((frame.getShort(at) & 0xffffL) << 32) | (frame.getInt(at + 2) & 0xffff_ffffL);
    }

    private static short headerChecksum(ByteBuffer frame, int header) {
        int sum = 0;
        for (int i = 0; i < IP_BYTES; i += 2) {
            sum += frame.getShort(header + i) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~((sum & 0xffff) + (sum >>> 16));
    }
}
