package io.leasehold.dhcp.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.config.Configurations;
import io.leasehold.dhcp.packet.DhcpCodec;
import io.leasehold.dhcp.packet.DhcpMessage;
import io.leasehold.dhcp.packet.MessageType;
import io.leasehold.dhcp.packet.UdpFrame;
import io.leasehold.heartbeat.address.MacAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DhcpProbeTest {

    private static final Ipv4Address VIP = Configurations.VIP;
    private static final Ipv4Address RESERVED = Ipv4Address.of("198.18.0.2");
    private static final MacAddress PROBE = ProbeMacvlan.addressOf(1);
    private static final MacAddress OURS = MacAddress.parse("02:00:5e:00:53:01");
    private static final MacAddress PEER = MacAddress.parse("02:00:5e:00:53:02");
    private static final Duration LIMIT = Duration.ofMillis(200);
    private static final ProbeQuestion DISCOVER = new ProbeQuestion.Reserved(RESERVED);
    private static final ProbeQuestion ELSEWHERE =
            new ProbeQuestion.Elsewhere(Ipv4Address.of("192.0.2.1"));

    private final Wire wire = new Wire();
    private final DhcpProbe probe =
            new DhcpProbe(
                    new ProbeSettings(PROBE, ProbeSettings.CLIENT_ID, VIP, Optional.of(OURS)),
                    wire,
                    new Random(1),
                    () -> wire.nowNanos);

    /** Virtual time; frames come in when the probe waits for them. */
    private static final class Wire implements FrameChannel {
        final List<DhcpMessage> questions = new ArrayList<>();
        final Deque<Frame> incoming = new ArrayDeque<>();
        Responder responder = _ -> List.of();
        long nowNanos = 1_000;

        interface Responder {
            List<Frame> answersTo(DhcpMessage question) throws IOException;
        }

        @Override
        public void send(byte[] frame) throws IOException {
            var udp = UdpFrame.parse(frame).orElseThrow();
            assertThat(udp.sourceMac()).isEqualTo(PROBE);
            assertThat(udp.destinationPort()).isEqualTo(67);
            try {
                questions.add(DhcpCodec.decode(udp.payload()));
            } catch (io.leasehold.dhcp.packet.MalformedPacketException e) {
                throw new IOException(e);
            }
            incoming.addAll(responder.answersTo(questions.getLast()));
        }

        @Override
        public Optional<Frame> receive(long timeoutNanos) {
            if (incoming.isEmpty()) {
                nowNanos += timeoutNanos;
                return Optional.empty();
            }
            nowNanos += 1_000;
            return Optional.of(incoming.removeFirst());
        }

        @Override
        public void close() {}
    }

    private static FrameChannel.Frame answer(
            DhcpMessage question,
            MessageType type,
            Ipv4Address server,
            MacAddress from,
            Ipv4Address offered) {
        var options = new TreeMap<Integer, Octets>();
        options.put(DhcpMessage.SERVER_IDENTIFIER, Octets.copyOf(server.toBytes()));
        var message =
                new DhcpMessage(
                        type,
                        question.xid(),
                        0,
                        false,
                        Ipv4Address.ANY,
                        offered,
                        Ipv4Address.ANY,
                        question.clientHardware(),
                        options);
        var frame = new UdpFrame(PROBE, from, server, offered, 67, 68, DhcpCodec.encode(message));
        return new FrameChannel.Frame(frame.toBytes(), from.equals(OURS));
    }

    private static FrameChannel.Frame offer(DhcpMessage question) {
        return answer(question, MessageType.OFFER, VIP, OURS, RESERVED);
    }

    @Test
    void shouldBeGreenAtOnceWhenOurServerOffersTheReservedAddress() {
        wire.responder = question -> List.of(offer(question));

        var result = probe.probe(DISCOVER, LIMIT);

        assertThat(result)
                .isInstanceOfSatisfying(
                        ProbeResult.Green.class,
                        green -> {
                            assertThat(green.answer().serverIdentifier()).isEqualTo(VIP);
                            assertThat(green.answer().fromThisHost()).isTrue();
                            assertThat(green.answer().after()).isLessThan(Duration.ofMillis(1));
                        });
        assertThat(wire.questions)
                .singleElement()
                .satisfies(question -> {
                    assertThat(question.type()).isEqualTo(MessageType.DISCOVER);
                    assertThat(question.option(DhcpMessage.CLIENT_IDENTIFIER))
                            .contains(ProbeSettings.CLIENT_ID);
                });
    }

    @Test
    void shouldBeGreenWhenOurServerRefusesAnAddressFromElsewhere() {
        wire.responder =
                question -> List.of(answer(question, MessageType.NAK, VIP, OURS, Ipv4Address.ANY));

        assertThat(probe.probe(ELSEWHERE, LIMIT)).isInstanceOf(ProbeResult.Green.class);
        assertThat(wire.questions.getFirst().address(DhcpMessage.REQUESTED_ADDRESS))
                .contains(Ipv4Address.of("192.0.2.1"));
    }

    @Test
    void shouldBeSilentAfterTheLimitWhenNobodyAnswers() {
        assertThat(probe.probe(DISCOVER, LIMIT)).isEqualTo(new ProbeResult.Silent(LIMIT));
    }

    @Test
    void shouldIgnoreWhatAnswersSomebodyElse() {
        wire.responder =
                question -> {
                    var other = offer(question).bytes().clone();
                    other[14 + 20 + 8 + 4] ^= 1; // xid
                    var otherClient = offer(question).bytes().clone();
                    otherClient[14 + 20 + 8 + 28 + 5] ^= 1; // chaddr
                    var garbled = offer(question).bytes().clone();
                    garbled[14 + 20 + 8 + 236] ^= 1; // magic cookie
                    return List.of(
                            new FrameChannel.Frame(other, true),
                            new FrameChannel.Frame(otherClient, true),
                            new FrameChannel.Frame(garbled, true),
                            new FrameChannel.Frame(new byte[3], true));
                };

        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Silent.class);
    }

    @Test
    void shouldBeWrongWhenTheOnlyAnswerIsNotAsItMustBe() {
        wire.responder =
                question ->
                        List.of(
                                answer(
                                        question,
                                        MessageType.OFFER,
                                        Ipv4Address.of("198.18.0.9"),
                                        OURS,
                                        RESERVED));
        assertThat(probe.probe(DISCOVER, LIMIT))
                .isInstanceOfSatisfying(
                        ProbeResult.Wrong.class,
                        wrong ->
                                assertThat(wrong.expected())
                                        .contains("DHCPOFFER of 198.18.0.2")
                                        .contains("198.18.0.1"));

        wire.responder =
                question ->
                        List.of(
                                answer(
                                        question,
                                        MessageType.OFFER,
                                        VIP,
                                        OURS,
                                        Ipv4Address.of("198.18.0.77")));
        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Wrong.class);
    }

    @Test
    void shouldNotTakeThePeersAnswerForItsOwn() {
        wire.responder =
                question -> List.of(answer(question, MessageType.OFFER, VIP, PEER, RESERVED));

        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Wrong.class);
    }

    @Test
    void shouldReportASecondServerThatAnswersFirst() {
        wire.responder =
                question ->
                        List.of(
                                answer(
                                        question,
                                        MessageType.OFFER,
                                        Ipv4Address.of("198.18.0.66"),
                                        PEER,
                                        Ipv4Address.of("198.18.0.99")),
                                offer(question));

        assertThat(probe.probe(DISCOVER, LIMIT))
                .isInstanceOfSatisfying(
                        ProbeResult.SecondServer.class,
                        second -> assertThat(second.answers()).hasSize(2));
    }

    @Test
    void shouldReportASecondServerThatAnswersTooLateWithTheNextProbe() {
        wire.responder =
                question ->
                        List.of(
                                offer(question),
                                answer(question, MessageType.OFFER, VIP, PEER, RESERVED));

        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Green.class);
        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.SecondServer.class);
    }

    @Test
    void shouldNotCallTheSameServerASecondOneWhenItAnswersTwice() {
        wire.responder = question -> List.of(offer(question), offer(question));

        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Green.class);
        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Green.class);
    }

    @Test
    void shouldAskAgainUntilTheServerIsReady() {
        wire.responder =
                question -> wire.questions.size() < 4 ? List.of() : List.of(offer(question));

        var result = probe.awaitGreen(DISCOVER, Duration.ofMillis(20), LIMIT);

        assertThat(result).isInstanceOf(ProbeResult.Green.class);
        assertThat(wire.questions).hasSize(4);
        assertThat(wire.questions).extracting(DhcpMessage::xid).doesNotHaveDuplicates();
    }

    @Test
    void shouldGiveUpWhenTheServerNeverGetsReady() {
        assertThat(probe.awaitGreen(DISCOVER, Duration.ofMillis(20), LIMIT))
                .isEqualTo(new ProbeResult.Silent(LIMIT));
        assertThat(wire.questions).hasSize(10);
    }

    @Test
    void shouldSayThatNothingWasAskedWhenTheInterfaceIsGone() {
        wire.responder =
                _ -> {
                    throw new IOException("Network is down");
                };
        assertThat(probe.probe(DISCOVER, LIMIT))
                .isInstanceOfSatisfying(
                        ProbeResult.NotMade.class,
                        made -> assertThat(made.reason()).contains("Network is down"));
    }
}
