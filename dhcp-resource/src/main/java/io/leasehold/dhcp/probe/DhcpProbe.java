package io.leasehold.dhcp.probe;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.packet.DhcpCodec;
import io.leasehold.dhcp.packet.DhcpMessage;
import io.leasehold.dhcp.packet.MalformedPacketException;
import io.leasehold.dhcp.packet.MessageType;
import io.leasehold.dhcp.packet.UdpFrame;
import io.leasehold.dhcp.probe.ProbeResult.Answer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Asks the server one question at a time, as a client.
 *
 * <p>The first right answer ends a probe at once: at a takeover nothing waits for it. Answers that
 * come later are not lost: the next probe reads them first, so a second server is reported then. An
 * answer counts if it is a well-formed reply to the transaction id and the hardware address of one
 * of our last questions; everything else on the wire is ignored.
 *
 * <p>Not thread-safe: one thread probes.
 */
public final class DhcpProbe implements AutoCloseable {

    /** Questions whose late answers are still recognized. */
    private static final int REMEMBERED_MAX = 8;

    /** Frames that one probe looks at; a flood must not keep it from its end. */
    private static final int FRAMES_MAX = 10_000;

    private static final int ANSWERS_MAX = 16;

    private final ProbeSettings settings;
    private final FrameChannel channel;
    private final RandomGenerator random;
    private final LongSupplier nanoTime;
    private final Deque<Asked> asked = new ArrayDeque<>();

    private record Asked(int xid, ProbeQuestion question, long atNanos) {}

    /** An answer, the question that it belongs to, and whether it is the one that was hoped for. */
    private record Heard(Answer answer, Asked to, boolean right) {}

    public DhcpProbe(
            ProbeSettings settings,
            FrameChannel channel,
            RandomGenerator random,
            LongSupplier nanoTime) {
        this.settings = settings;
        this.channel = channel;
        this.random = random;
        this.nanoTime = nanoTime;
    }

    /**
     * Asks once, and waits for the first right answer, but not longer than {@code limit}.
     *
     * <p>One lost packet is no dead server: the caller decides how many red probes in a row mean
     * something.
     */
    public ProbeResult probe(ProbeQuestion question, Duration limit) {
        try {
            return ask(question, nanoTime.getAsLong() + limit.toNanos());
        } catch (IOException e) {
            return new ProbeResult.NotMade(e.toString());
        }
    }

    /**
     * Asks again every {@code interval} until an answer is right: for the last step of a start,
     * when the server may not be ready for the first question. Silence is that of all questions.
     */
    public ProbeResult awaitGreen(ProbeQuestion question, Duration interval, Duration limit) {
        long begin = nanoTime.getAsLong();
        long end = begin + limit.toNanos();
        while (true) {
            long remaining = end - nanoTime.getAsLong();
            var result =
                    probe(question, Duration.ofNanos(Math.clamp(remaining, 0, interval.toNanos())));
            boolean again =
                    switch (result) {
                        case ProbeResult.Green _ -> false;
                        case ProbeResult.SecondServer _, ProbeResult.NotMade _ -> false;
                        case ProbeResult.Silent _, ProbeResult.Wrong _ -> true;
                    };
            long now = nanoTime.getAsLong();
            if (!again || now >= end) {
                return result instanceof ProbeResult.Silent
                        ? new ProbeResult.Silent(Duration.ofNanos(now - begin))
                        : result;
            }
        }
    }

    private ProbeResult ask(ProbeQuestion question, long endNanos) throws IOException {
        var heard = new ArrayList<>(hear(Long.MIN_VALUE, Optional.empty()));
        var current = new Asked(random.nextInt(), question, nanoTime.getAsLong());
        asked.addLast(current);
        if (asked.size() > REMEMBERED_MAX) {
            asked.removeFirst();
        }
        channel.send(frameOf(current));
        heard.addAll(hear(endNanos, Optional.of(current)));
        return judge(current, heard);
    }

    /**
     * Reads frames until the end of time, or the right answer to the question that is waited for;
     * without one, only what is there already: answers that came after their probe had ended.
     */
    private List<Heard> hear(long endNanos, Optional<Asked> awaited) throws IOException {
        var heard = new ArrayList<Heard>();
        for (int frames = 0; frames < FRAMES_MAX; frames++) {
            long remainingNanos =
                    awaited.isPresent() ? Math.max(0, endNanos - nanoTime.getAsLong()) : 0;
            var frame = channel.receive(remainingNanos);
            if (frame.isEmpty()) {
                break;
            }
            var answer = answerIn(frame.get());
            if (answer.isPresent() && heard.size() < ANSWERS_MAX) {
                heard.add(answer.get());
                if (answer.get().right() && awaited.equals(Optional.of(answer.get().to()))) {
                    break;
                }
            }
        }
        return heard;
    }

    private byte[] frameOf(Asked question) {
        var options = new TreeMap<Integer, Octets>();
        options.put(DhcpMessage.CLIENT_IDENTIFIER, settings.clientId());
        var type =
                switch (question.question()) {
                    case ProbeQuestion.Reserved _ -> MessageType.DISCOVER;
                    case ProbeQuestion.Elsewhere(var address) -> {
                        options.put(
                                DhcpMessage.REQUESTED_ADDRESS, Octets.copyOf(address.toBytes()));
                        yield MessageType.REQUEST;
                    }
                };
        var message =
                new DhcpMessage(
                        type,
                        question.xid(),
                        0,
                        false,
                        Ipv4Address.ANY,
                        Ipv4Address.ANY,
                        Ipv4Address.ANY,
                        Octets.copyOf(settings.clientMac().toBytes()),
                        options);
        return UdpFrame.broadcastOfClient(settings.clientMac(), DhcpCodec.encode(message))
                .toBytes();
    }

    private Optional<Heard> answerIn(FrameChannel.Frame frame) {
        var udp = UdpFrame.parse(frame.bytes());
        if (udp.isEmpty() || udp.get().sourcePort() != UdpFrame.SERVER_PORT) {
            return Optional.empty();
        }
        DhcpMessage message;
        try {
            message = DhcpCodec.decode(udp.get().payload());
        } catch (MalformedPacketException _) {
            // Anybody on the LAN can send such a thing; it answers nothing.
            return Optional.empty();
        }
        if (!message.clientHardware().equals(Octets.copyOf(settings.clientMac().toBytes()))) {
            return Optional.empty();
        }
        return asked.stream()
                .filter(question -> question.xid() == message.xid())
                .findFirst()
                .filter(_ -> isReply(message))
                .map(question -> heard(question, message, udp.get(), frame.outgoing()));
    }

    private static boolean isReply(DhcpMessage message) {
        return switch (message.type()) {
            case OFFER, ACK, NAK -> true;
            case DISCOVER, REQUEST, DECLINE, RELEASE, INFORM -> false;
        };
    }

    private Heard heard(Asked question, DhcpMessage message, UdpFrame udp, boolean outgoing) {
        var answer =
                new Answer(
                        message.serverIdentifier().orElse(Ipv4Address.ANY),
                        udp.sourceMac().toString(),
                        outgoing,
                        message.yiaddr(),
                        Duration.ofNanos(nanoTime.getAsLong() - question.atNanos()));
        boolean expected =
                switch (question.question()) {
                    case ProbeQuestion.Reserved(var address) ->
                            message.type() == MessageType.OFFER && message.yiaddr().equals(address);
                    case ProbeQuestion.Elsewhere _ -> message.type() == MessageType.NAK;
                };
        return new Heard(answer, question, expected && isFromOurs(answer));
    }

    private boolean isFromOurs(Answer answer) {
        return answer.serverIdentifier().equals(settings.vip())
                && settings.serverMac()
                        .map(mac -> mac.toString().equals(answer.serverMac()))
                        .orElse(true);
    }

    private ProbeResult judge(Asked current, List<Heard> heard) {
        var servers = new HashSet<List<Object>>();
        for (var h : heard) {
            servers.add(List.of(h.answer().serverIdentifier(), h.answer().serverMac()));
        }
        var answers = heard.stream().map(Heard::answer).toList();
        if (servers.size() > 1) {
            return new ProbeResult.SecondServer(answers);
        }
        var toCurrent = heard.stream().filter(h -> h.to().equals(current)).toList();
        var right = toCurrent.stream().filter(Heard::right).findFirst();
        if (right.isPresent()) {
            return new ProbeResult.Green(right.get().answer());
        }
        return toCurrent.isEmpty()
                ? new ProbeResult.Silent(Duration.ofNanos(nanoTime.getAsLong() - current.atNanos()))
                : new ProbeResult.Wrong(
                        toCurrent.stream().map(Heard::answer).toList(), expected(current));
    }

    private String expected(Asked question) {
        var what =
                switch (question.question()) {
                    case ProbeQuestion.Reserved(var address) -> "a DHCPOFFER of " + address;
                    case ProbeQuestion.Elsewhere(var address) -> "a DHCPNAK for " + address;
                };
        return what
                + " with server identifier "
                + settings.vip()
                + settings.serverMac().map(mac -> " from " + mac).orElse("");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
