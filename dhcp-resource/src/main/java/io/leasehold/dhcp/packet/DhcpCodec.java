package io.leasehold.dhcp.packet;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.dhcp4java.DHCPConstants;
import org.dhcp4java.DHCPOption;
import org.dhcp4java.DHCPPacket;

/**
 * The one place that knows dhcp4java.
 *
 * <p>Stricter than the library and than most servers, on purpose: a probe must not call an answer
 * good that a client would read otherwise. Refused are: less than 240 bytes, more than {@link
 * #BYTES_MAX}, a hardware address of more than 16 bytes, a missing magic cookie, an option that
 * runs over its field, a missing end option, an overload that is none or comes twice, message type,
 * server identifier or client identifier that come twice. Other repeated options are concatenated
 * (RFC 3396), and the fields {@code file} and {@code sname} are read as options if option 52 says
 * so (RFC 2131 §4.1); dhcp4java does neither. What both understand must be the same.
 */
public final class DhcpCodec {

    /** dhcp4java refuses more; nobody sends more over Ethernet. */
    public static final int BYTES_MAX = 1500;

    /** BOOTP's size, below which some relays drop a message (RFC 1542 §2.1). */
    private static final int BYTES_MIN_SENT = 300;

    private static final int HEADER_BYTES = 236;
    private static final int SNAME = 44;
    private static final int FILE = 108;
    private static final int OPTIONS = 240;
    private static final int BOOT_REPLY = 2;
    private static final int BOOT_REQUEST = 1;
    private static final int PAD = 0;
    private static final int END = 255;
    private static final byte[] MAGIC = {0x63, (byte) 0x82, 0x53, 0x63};

    private static final Set<Integer> ONCE =
            Set.of(
                    DhcpMessage.MESSAGE_TYPE,
                    DhcpMessage.SERVER_IDENTIFIER,
                    DhcpMessage.CLIENT_IDENTIFIER,
                    DhcpMessage.OVERLOAD);

    private DhcpCodec() {}

    /** The UDP payload of a message. */
    public static byte[] encode(DhcpMessage message) {
        var packet = new DHCPPacket();
        packet.setOp(
                message.type().isReply() ? DHCPConstants.BOOTREPLY : DHCPConstants.BOOTREQUEST);
        packet.setHtype(DHCPConstants.HTYPE_ETHER);
        packet.setHlen((byte) message.clientHardware().length());
        packet.setXid(message.xid());
        packet.setSecs((short) message.secs());
        packet.setFlags(message.broadcast() ? (short) 0x8000 : 0);
        packet.setCiaddrRaw(message.ciaddr().toBytes());
        packet.setYiaddrRaw(message.yiaddr().toBytes());
        packet.setGiaddrRaw(message.giaddr().toBytes());
        packet.setChaddr(Arrays.copyOf(message.clientHardware().toBytes(), 16));
        packet.setDHCPMessageType((byte) message.type().code());
        message.options()
                .forEach((code, value) -> {
                    if (value.length() > 255) {
                        throw new IllegalArgumentException("option too long: " + code);
                    }
                    packet.setOption(new DHCPOption((byte) code.intValue(), value.toBytes()));
                });
        var bytes = packet.serialize(BYTES_MIN_SENT, BYTES_MAX);
        try {
            if (!decode(bytes).equals(message)) {
                throw new IllegalStateException("dhcp4java wrote another message than " + message);
            }
        } catch (MalformedPacketException e) {
            throw new IllegalStateException("dhcp4java wrote what is no message: " + message, e);
        }
        return bytes;
    }

    /** Reads a UDP payload. */
    public static DhcpMessage decode(byte[] bytes) throws MalformedPacketException {
        checkHeader(bytes);
        var options = options(bytes);
        var type = messageType(options);
        var packet = library(bytes);
        checkAgreement(bytes, packet, options);
        options.remove(DhcpMessage.MESSAGE_TYPE);
        options.remove(DhcpMessage.OVERLOAD);
        return new DhcpMessage(
                type,
                packet.getXid(),
                packet.getSecs() & 0xffff,
                (packet.getFlags() & 0x8000) != 0,
                Ipv4Address.of(packet.getCiaddrRaw(), 0),
                Ipv4Address.of(packet.getYiaddrRaw(), 0),
                Ipv4Address.of(packet.getGiaddrRaw(), 0),
                Octets.copyOf(packet.getChaddr(), 0, packet.getHlen()),
                options);
    }

    private static void checkHeader(byte[] bytes) throws MalformedPacketException {
        if (bytes.length < OPTIONS || bytes.length > BYTES_MAX) {
            throw new MalformedPacketException(
                    bytes.length, "expected " + OPTIONS + " to " + BYTES_MAX + " bytes");
        }
        if (bytes[0] != BOOT_REQUEST && bytes[0] != BOOT_REPLY) {
            throw new MalformedPacketException(0, "expected BOOTREQUEST or BOOTREPLY");
        }
        if ((bytes[2] & 0xff) > 16) {
            throw new MalformedPacketException(2, "hardware address of more than 16 bytes");
        }
        if (!Arrays.equals(bytes, HEADER_BYTES, OPTIONS, MAGIC, 0, MAGIC.length)) {
            throw new MalformedPacketException(HEADER_BYTES, "expected the magic cookie");
        }
    }

    private static SortedMap<Integer, Octets> options(byte[] bytes)
            throws MalformedPacketException {
        var parts = new TreeMap<Integer, ByteArrayOutputStream>();
        scan(bytes, OPTIONS, bytes.length, parts);
        var overload = parts.get(DhcpMessage.OVERLOAD);
        if (overload != null) {
            var value = overload.toByteArray();
            if (value.length != 1 || value[0] < 1 || value[0] > 3) {
                throw new MalformedPacketException(OPTIONS, "option 52 must be 1, 2 or 3");
            }
            // RFC 3396 §5: first the field "file", then "sname".
            if ((value[0] & 1) != 0) {
                scan(bytes, FILE, HEADER_BYTES, parts);
            }
            if ((value[0] & 2) != 0) {
                scan(bytes, SNAME, FILE, parts);
            }
        }
        var options = new TreeMap<Integer, Octets>();
        parts.forEach((code, value) -> options.put(code, Octets.copyOf(value.toByteArray())));
        return options;
    }

    private static void scan(
            byte[] bytes, int from, int to, SortedMap<Integer, ByteArrayOutputStream> parts)
            throws MalformedPacketException {
        int at = from;
        while (at < to) {
            int code = bytes[at] & 0xff;
            if (code == END) {
                return;
            }
            if (code == PAD) {
                at++;
                continue;
            }
            if (at + 1 >= to || at + 2 + (bytes[at + 1] & 0xff) > to) {
                throw new MalformedPacketException(at, "option " + code + " runs over its field");
            }
            int length = bytes[at + 1] & 0xff;
            if (parts.containsKey(code) && ONCE.contains(code)) {
                throw new MalformedPacketException(at, "option " + code + " comes twice");
            }
            parts.computeIfAbsent(code, _ -> new ByteArrayOutputStream())
                    .write(bytes, at + 2, length);
            at += 2 + length;
        }
        throw new MalformedPacketException(to, "expected the end option");
    }

    private static MessageType messageType(SortedMap<Integer, Octets> options)
            throws MalformedPacketException {
        var value = options.get(DhcpMessage.MESSAGE_TYPE);
        if (value == null || value.length() != 1) {
            throw new MalformedPacketException(OPTIONS, "expected option 53 with one byte");
        }
        return MessageType.of(value.at(0) & 0xff)
                .orElseThrow(() ->
                        new MalformedPacketException(
                                OPTIONS, "unknown message type " + value.at(0)));
    }

    private static DHCPPacket library(byte[] bytes) throws MalformedPacketException {
        try {
            return DHCPPacket.getPacket(bytes, 0, bytes.length, true);
        } catch (RuntimeException e) {
            throw new MalformedPacketException(0, "dhcp4java refuses it: " + e.getMessage());
        }
    }

    /** Options that stand once in the options field are the same in both readings. */
    private static void checkAgreement(
            byte[] bytes, DHCPPacket packet, SortedMap<Integer, Octets> options)
            throws MalformedPacketException {
        if (packet.getHlen() != bytes[2]) {
            throw new MalformedPacketException(2, "hardware length read differently");
        }
        for (var option : packet.getOptionsCollection()) {
            var ours = options.get(option.getCode() & 0xff);
            var theirs = Octets.copyOf(option.getValueFast());
            if (ours == null || (!ours.equals(theirs) && ours.length() <= theirs.length())) {
                throw new MalformedPacketException(
                        OPTIONS, "option " + (option.getCode() & 0xff) + " read differently");
            }
        }
    }
}
