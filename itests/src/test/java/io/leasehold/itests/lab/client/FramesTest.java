package io.leasehold.itests.lab.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.network.Addresses;
import java.nio.ByteBuffer;
import org.dhcp4java.DHCPConstants;
import org.dhcp4java.DHCPPacket;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FramesTest {
    private static final int DHCP_OFFSET = 14 + 20 + 8;
    private static final Station STATION = new Station(Station.Subnet.LAN, 0x12ab);
    private static final int ADDRESS = Addresses.parse("198.18.16.5");
    private static final int VIP = Addresses.parse(Addresses.VIP);

    private final ByteBuffer frame = ByteBuffer.allocate(Frames.FRAME_BYTES_MAX);

    /** Another codec than ours must understand what our clients say. */
    @Nested
    class WhatAClientSays {
        @Test
        void shouldBeADiscoverForOthers() {
            Frames.write(frame, Question.discover(STATION, 77, 3), Frames.HARDWARE_BROADCAST);

            var packet = decoded();
            assertThat(packet.getDHCPMessageType()).isEqualTo(DHCPConstants.DHCPDISCOVER);
            assertThat(packet.getXid()).isEqualTo(77);
            assertThat(packet.getSecs()).isEqualTo((short) 3);
            assertThat(packet.getChaddrAsHex()).isEqualToIgnoringCase("02c1000012ab");
        }

        @Test
        void shouldNameAddressAndServerWhenItSelectsAnOffer() {
            Frames.write(frame, Question.select(STATION, 77, 0, ADDRESS, VIP), 1);

            var packet = decoded();
            assertThat(packet.getDHCPMessageType()).isEqualTo(DHCPConstants.DHCPREQUEST);
            assertThat(packet.getOptionAsInetAddr((byte) 50).getHostAddress())
                    .isEqualTo("198.18.16.5");
            assertThat(packet.getOptionAsInetAddr((byte) 54).getHostAddress())
                    .isEqualTo(Addresses.VIP);
            assertThat(packet.getCiaddr().getHostAddress()).isEqualTo("0.0.0.0");
        }

        @Test
        void shouldNameNeitherInOptionsWhenItRenews() {
            Frames.write(frame, Question.renew(STATION, 77, ADDRESS, VIP), 1);

            var packet = decoded();
            assertThat(packet.getCiaddr().getHostAddress()).isEqualTo("198.18.16.5");
            assertThat(packet.containsOption((byte) 50)).isFalse();
            assertThat(packet.containsOption((byte) 54)).isFalse();
        }

        @Test
        void shouldHaveAValidHeaderChecksum() {
            Frames.write(frame, Question.renew(STATION, 77, ADDRESS, VIP), 1);

            int sum = 0;
            for (int i = 0; i < 20; i += 2) {
                sum += frame.getShort(14 + i) & 0xffff;
            }
            assertThat((sum & 0xffff) + (sum >>> 16)).isEqualTo(0xffff);
        }

        private DHCPPacket decoded() {
            return DHCPPacket.getPacket(
                    frame.array(), DHCP_OFFSET, frame.limit() - DHCP_OFFSET, true);
        }
    }

    @Nested
    class WhatAServerSays {
        @Test
        void shouldBeReadAsAcknowledgement() {
            var reply = Frames.reply(serverFrame(DHCPConstants.DHCPACK));

            assertThat(reply)
                    .contains(
                            new Reply(
                                    MessageType.ACK,
                                    77,
                                    STATION.hardwareAddress(),
                                    ADDRESS,
                                    VIP,
                                    3600,
                                    0x0200_0000_0011L));
        }

        @Test
        void shouldBeReadAtNoLengthThatItWasCutTo() {
            var whole = serverFrame(DHCPConstants.DHCPACK);
            // The end of the last option that we need; what follows is padding.
            int needed = DHCP_OFFSET + 240 + 3 + 6 + 6;

            for (int length = 0; length < needed; length++) {
                var cut = whole.duplicate().limit(length);
                assertThat(Frames.reply(cut).filter(FramesTest::isComplete)).isEmpty();
            }
        }

        @Test
        void shouldBeKnownByItsPortHoweverItIsCut() throws Exception {
            var whole = serverFrame(DHCPConstants.DHCPACK);

            assertThat(Frames.isFromServerPort(whole)).isTrue();
            for (int length = 0; length < 42; length++) {
                assertThat(Frames.isFromServerPort(whole.duplicate().limit(length))).isFalse();
            }
        }

        @Test
        void shouldNotBeReadFromWhatAClientSays() {
            Frames.write(frame, Question.discover(STATION, 77, 3), Frames.HARDWARE_BROADCAST);

            assertThat(Frames.isFromServerPort(frame)).isFalse();
            assertThat(Frames.reply(frame)).isEmpty();
        }
    }

    @Nested
    class Neighbours {
        @Test
        void shouldReadBackTheQuestionThatWasWritten() {
            Frames.writeArpRequest(frame, STATION, ADDRESS, VIP);

            assertThat(Frames.arp(frame))
                    .contains(new Frames.Arp(true, STATION.hardwareAddress(), ADDRESS, VIP));
        }

        @Test
        void shouldAnswerTheOneWhoAsked() {
            Frames.writeArpReply(frame, STATION, new Frames.Arp(true, 0x99, VIP, ADDRESS));

            assertThat(Frames.arp(frame))
                    .contains(new Frames.Arp(false, STATION.hardwareAddress(), ADDRESS, VIP));
            assertThat(frame.getShort(0)).isZero();
            assertThat(frame.getInt(2)).isEqualTo(0x99);
        }
    }

    private static boolean isComplete(Reply reply) {
        return reply.serverIdentifier() != 0 && reply.leaseSeconds() != 0;
    }

    /** A frame as dhcpd sends it, with its options in the order 53, 54, 51. */
    private static ByteBuffer serverFrame(byte type) {
        var out = ByteBuffer.allocate(DHCP_OFFSET + 300);
        out.putShort((short) 0x02c1).putInt(0x12ab);
        out.putShort((short) 0x0200).putInt(0x11);
        out.putShort((short) 0x0800);
        out.put((byte) 0x45).position(14 + 9);
        out.put((byte) 17).position(14 + 20);
        out.putShort((short) 67).putShort((short) 68).putInt(0);
        out.put((byte) 2).put((byte) 1).put((byte) 6).put((byte) 0).putInt(77);
        out.position(DHCP_OFFSET + 16).putInt(ADDRESS);
        out.position(DHCP_OFFSET + 28).putShort((short) 0x02c1).putInt(0x12ab);
        out.position(DHCP_OFFSET + 236).putInt(0x63825363);
        out.put((byte) 53).put((byte) 1).put(type);
        out.put((byte) 54).put((byte) 4).putInt(VIP);
        out.put((byte) 51).put((byte) 4).putInt(3600);
        out.put((byte) 255);
        return out.position(0);
    }
}
