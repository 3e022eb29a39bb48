package io.leasehold.dhcp.packet;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.heartbeat.address.MacAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class UdpFrameTest {

    private static final MacAddress CLIENT = MacAddress.parse("02:00:5e:00:53:01");

    @Test
    void shouldBeAsOnTheWire() {
        var frame =
                new UdpFrame(
                        MacAddress.BROADCAST,
                        CLIENT,
                        Ipv4Address.of("192.0.2.1"),
                        Ipv4Address.of("192.0.2.2"),
                        68,
                        67,
                        new byte[] {1, 2, 3});

        // IP checksum and UDP checksum worked out apart from this code, per RFC 791 and RFC 768.
        assertThat(HexFormat.of().formatHex(frame.toBytes()))
                .isEqualTo(
                        "ffffffffffff"
                                + "02005e005301"
                                + "0800"
                                + "4510001f0000000040"
                                + "11f6ba"
                                + "c0000201"
                                + "c0000202"
                                + "0044"
                                + "0043"
                                + "000b"
                                + "774b"
                                + "010203");
    }

    @Test
    void shouldReadWhatItWroteAndCutPadding() {
        var frame = UdpFrame.broadcastOfClient(CLIENT, new byte[] {7, 8});
        var padded = Arrays.copyOf(frame.toBytes(), 60);

        assertThat(UdpFrame.parse(padded))
                .hasValueSatisfying(read -> {
                    assertThat(read.payload()).containsExactly(7, 8);
                    assertThat(read.sourceMac()).isEqualTo(CLIENT);
                    assertThat(read.destinationMac()).isEqualTo(MacAddress.BROADCAST);
                    assertThat(read.source()).isEqualTo(Ipv4Address.ANY);
                    assertThat(read.destination()).isEqualTo(Ipv4Address.BROADCAST);
                    assertThat(read.sourcePort()).isEqualTo(68);
                    assertThat(read.destinationPort()).isEqualTo(67);
                });
    }

    @Test
    void shouldNotReadWhatIsNoWholeDatagram() {
        var good = UdpFrame.broadcastOfClient(CLIENT, new byte[20]).toBytes();
        for (int length = 0; length < good.length; length++) {
            assertThat(UdpFrame.parse(Arrays.copyOf(good, length))).isEmpty();
        }
        var arp = good.clone();
        arp[13] = 6;
        assertThat(UdpFrame.parse(arp)).isEmpty();
        var damaged = good.clone();
        damaged[27] ^= 1;
        assertThat(UdpFrame.parse(damaged)).isEmpty();
        var fragment = good.clone();
        fragment[20] = 0x20;
        assertThat(UdpFrame.parse(fragment)).isEmpty();
    }

    @Test
    void shouldNeverFailOnRandomBytes() {
        var random = new SplittableRandom(1);
        var good = UdpFrame.broadcastOfClient(CLIENT, new byte[20]).toBytes();
        for (int round = 0; round < 50_000; round++) {
            var bytes = good.clone();
            bytes[random.nextInt(12, bytes.length)] = (byte) random.nextInt(256);
            bytes[random.nextInt(12, 42)] = (byte) random.nextInt(256);
            assertThat(UdpFrame.parse(bytes)).isNotNull();
        }
    }
}
