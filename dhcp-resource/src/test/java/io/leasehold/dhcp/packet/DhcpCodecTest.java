package io.leasehold.dhcp.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class DhcpCodecTest {

    private static final Octets MAC = Octets.ofAscii("\2\0^\0S\1");

    private static DhcpMessage message(MessageType type, Object... options) {
        var map = new TreeMap<Integer, Octets>();
        for (int i = 0; i < options.length; i += 2) {
            map.put((Integer) options[i], (Octets) options[i + 1]);
        }
        return new DhcpMessage(
                type,
                0xcafebabe,
                65_535,
                true,
                Ipv4Address.of("192.0.2.1"),
                Ipv4Address.of("192.0.2.2"),
                Ipv4Address.of("192.0.2.3"),
                MAC,
                map);
    }

    /** 240 bytes of a reply's header, then the options. */
    private static byte[] packet(int... options) {
        var bytes = new byte[240 + options.length];
        bytes[0] = 2;
        bytes[1] = 1;
        bytes[2] = 6;
        System.arraycopy(new byte[] {0x63, (byte) 0x82, 0x53, 0x63}, 0, bytes, 236, 4);
        for (int i = 0; i < options.length; i++) {
            bytes[240 + i] = (byte) options[i];
        }
        return bytes;
    }

    private static void assertRefused(byte[] bytes, String why) {
        assertThatExceptionOfType(MalformedPacketException.class)
                .isThrownBy(() -> DhcpCodec.decode(bytes))
                .withMessageContaining(why);
    }

    @Test
    void shouldReadWhatItWrote() throws MalformedPacketException {
        for (var type : MessageType.values()) {
            var message =
                    message(
                            type,
                            DhcpMessage.CLIENT_IDENTIFIER,
                            Octets.ofAscii("\0leasehold-probe"),
                            DhcpMessage.SERVER_IDENTIFIER,
                            Octets.ofAscii("\300\0\2\1"),
                            12,
                            Octets.EMPTY,
                            82,
                            Octets.copyOf(new byte[255]));
            assertThat(DhcpCodec.decode(DhcpCodec.encode(message))).isEqualTo(message);
        }
    }

    @Test
    void shouldNotSendLessThanABootpMessage() {
        assertThat(DhcpCodec.encode(message(MessageType.DISCOVER)).length)
                .isGreaterThanOrEqualTo(300);
    }

    @Nested
    class WhatIsMalformed {

        @Test
        void shouldBeRefused() {
            assertRefused(new byte[0], "expected 240");
            assertRefused(new byte[239], "expected 240");
            assertRefused(new byte[1501], "expected 240");
            assertRefused(new byte[300], "BOOTREQUEST");
            assertRefused(packet(), "end option");
            assertRefused(packet(53, 1, 2), "end option");
            assertRefused(packet(53), "runs over");
            assertRefused(packet(53, 1), "runs over");
            assertRefused(packet(53, 200, 2, 255), "runs over");
            assertRefused(packet(255), "expected option 53");
            assertRefused(packet(53, 2, 2, 2, 255), "expected option 53");
            assertRefused(packet(53, 1, 99, 255), "unknown message type");
            assertRefused(packet(53, 1, 2, 53, 1, 5, 255), "option 53 comes twice");
            assertRefused(packet(53, 1, 2, 54, 0, 54, 0, 255), "option 54 comes twice");
            assertRefused(packet(53, 1, 2, 61, 0, 61, 0, 255), "option 61 comes twice");
            assertRefused(packet(53, 1, 2, 52, 1, 0, 255), "must be 1, 2 or 3");
            assertRefused(packet(53, 1, 2, 52, 1, 4, 255), "must be 1, 2 or 3");
            assertRefused(packet(53, 1, 2, 52, 2, 1, 1, 255), "must be 1, 2 or 3");
        }

        @Test
        void shouldBeRefusedInTheHeader() {
            var longAddress = packet(53, 1, 2, 255);
            longAddress[2] = 17;
            assertRefused(longAddress, "more than 16");
            longAddress[2] = (byte) 255;
            assertRefused(longAddress, "more than 16");
            var noCookie = packet(53, 1, 2, 255);
            noCookie[239] = 0;
            assertRefused(noCookie, "magic cookie");
        }

        @Test
        void shouldBeRefusedInOverloadedFields() {
            // The field "file" without an end option, and "sname" overloaded again.
            assertRefused(packet(53, 1, 2, 52, 1, 1, 255), "end option");
            var again = packet(53, 1, 2, 52, 1, 2, 255);
            System.arraycopy(new byte[] {52, 1, 1, (byte) 255}, 0, again, 44, 4);
            assertRefused(again, "option 52 comes twice");
        }
    }

    @Test
    void shouldReadOptionsInOverloadedFieldsAndInParts() throws MalformedPacketException {
        var bytes = packet(53, 1, 2, 0, 0, 82, 2, 1, 2, 52, 1, 3, 82, 1, 3, 255);
        System.arraycopy(new byte[] {82, 1, 4, (byte) 255}, 0, bytes, 108, 4);
        System.arraycopy(new byte[] {54, 4, 10, 0, 0, 1, (byte) 255}, 0, bytes, 44, 7);

        var message = DhcpCodec.decode(bytes);

        assertThat(message.option(82)).contains(Octets.ofAscii("\1\2\3\4"));
        assertThat(message.serverIdentifier()).contains(Ipv4Address.of("10.0.0.1"));
        assertThat(message.options()).doesNotContainKeys(52, 53);
    }

    @Test
    void shouldNeverFailInAnotherWayThanByRefusing() {
        var random = new SplittableRandom(20261122);
        var good = DhcpCodec.encode(message(MessageType.OFFER, 61, Octets.ofAscii("abc")));
        for (int round = 0; round < 100_000; round++) {
            var bytes = Arrays.copyOf(good, random.nextInt(200, 600));
            for (int i = random.nextInt(0, 20); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            if (round % 2 == 0) {
                for (int i = 240; i < bytes.length; i++) {
                    bytes[i] = (byte) random.nextInt(256);
                }
            }
            assertThatNoException()
                    .isThrownBy(() -> {
                        try {
                            DhcpCodec.decode(bytes);
                        } catch (MalformedPacketException e) {
                            assertThat(e.offset()).isBetween(0, bytes.length);
                        }
                    });
        }
    }
}
