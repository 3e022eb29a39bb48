package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.ClusterMessage;
import io.leasehold.heartbeat.controller.ClusterMessageCodec;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the two daemons say to each other in the replication session: the controllers' messages, and
 * questions that a person's command or the guard has for the other node.
 *
 * <pre>
 *   octet 0  channel: 1 a {@link ClusterMessage} follows | 2 a question | 3 an answer
 *   channels 2 and 3: number (8 octets), kind (1 octet), body (the rest)
 * </pre>
 */
final class PeerTalk {
    private static final Logger log = LoggerFactory.getLogger(PeerTalk.class);

    private static final int CONTROLLER = 1;
    private static final int QUESTION = 2;
    private static final int ANSWER = 3;
    private static final int HEADER_BYTES = 1 + Long.BYTES + 1;

    /** Below the 64 KiB that a message of the session may have. */
    static final int BODY_BYTES_MAX = 60 * 1024;

    /** So many questions may wait for their answers; a person asks one at a time. */
    private static final int OPEN_QUESTIONS_MAX = 64;

    /**
     * What may be asked. Positions are appended, never reused; a new one is asked only in a session
     * of the protocol's version that brings it (ADR 0050).
     */
    enum Question {
        /** The wall clock, in milliseconds since 1970. */
        CLOCK,
        /** A page of the peer's flight recorder. */
        HISTORY,
        /** Whether the peer's promotion guard would let it take over. */
        REHEARSAL,
        /** Which branches the peer keeps. */
        BRANCHES
    }

    /** Answers questions of the peer. Called on a virtual thread each. */
    interface Respondent {
        byte[] answer(Question question, byte[] body) throws Exception;
    }

    private final Predicate<byte[]> send;
    private final Consumer<Event> controller;
    private final AtomicLong lastNumber = new AtomicLong();
    private final Map<Long, CompletableFuture<byte[]>> open = new ConcurrentHashMap<>();
    private volatile Optional<Respondent> respondent = Optional.empty();
    private volatile long sessionId;

    /**
     * @param send hands a message to the session; false if there is none
     */
    PeerTalk(Predicate<byte[]> send, Consumer<Event> controller) {
        this.send = send;
        this.controller = controller;
    }

    /** From now on the peer's questions are answered. */
    void answerWith(Respondent whoAnswers) {
        respondent = Optional.of(whoAnswers);
    }

    /** The session that is open, or the last one; 0 before the first. */
    long sessionId() {
        return sessionId;
    }

    void sessionOpened(long session) {
        sessionId = session;
    }

    void sessionClosed(String reason) {
        for (var number : List.copyOf(open.keySet())) {
            var waiting = open.remove(number);
            if (waiting != null) {
                waiting.completeExceptionally(
                        new java.io.IOException("the session with the peer ended: " + reason));
            }
        }
    }

    /** Sends for the controller; dropped if that session is over. */
    void tell(long session, ClusterMessage message) {
        if (session != sessionId) {
            return;
        }
        var body = ClusterMessageCodec.encode(message);
        var framed = new byte[body.length + 1];
        framed[0] = CONTROLLER;
        System.arraycopy(body, 0, framed, 1, body.length);
        if (!send.test(framed)) {
            log.info("no session with the peer: {} is dropped", message);
        }
    }

    /** Asks the peer and waits; empty without a session or an answer in time. */
    Optional<byte[]> ask(Question question, byte[] body, Duration limit)
            throws InterruptedException {
        if (open.size() >= OPEN_QUESTIONS_MAX || body.length > BODY_BYTES_MAX) {
            return Optional.empty();
        }
        long number = lastNumber.incrementAndGet();
        var waiting = new CompletableFuture<byte[]>();
        open.put(number, waiting);
        try {
            if (!send.test(frame(QUESTION, number, question, body))) {
                return Optional.empty();
            }
            return Optional.of(waiting.get(limit.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
            log.debug("the peer did not answer {}", question, e);
            return Optional.empty();
        } finally {
            open.remove(number);
        }
    }

    /** Called on the volume's event thread. */
    void received(long session, byte[] message) {
        try {
            var from = new LayoutReader(message);
            int channel = from.octet();
            switch (channel) {
                case CONTROLLER ->
                        controller.accept(
                                new Event.PeerMessage(
                                        session,
                                        ClusterMessageCodec.decode(
                                                java.util.Arrays.copyOfRange(
                                                        message, 1, message.length))));
                case QUESTION, ANSWER -> {
                    long number = from.number();
                    var kind = from.choice(Question.class);
                    var body = java.util.Arrays.copyOfRange(message, HEADER_BYTES, message.length);
                    if (channel == ANSWER) {
                        var waiting = open.remove(number);
                        if (waiting != null) {
                            waiting.complete(body);
                        }
                    } else {
                        respondent.ifPresent(who -> respond(who, number, kind, body));
                    }
                }
                default -> throw new LayoutException(0, "channel 1 to 3", "channel " + channel);
            }
        } catch (LayoutException e) {
            // Authentic, so it is our own build's or a newer one's: say so and change nothing.
            log.warn(
                    "a message of the peer is not understood and changes nothing: {}",
                    e.getMessage());
        }
    }

    private void respond(Respondent who, long number, Question kind, byte[] body) {
        Thread.ofVirtual()
                .name("peer-answer-" + number)
                .start(() -> {
                    try {
                        var answer = who.answer(kind, body);
                        if (answer.length <= BODY_BYTES_MAX
                                && !send.test(frame(ANSWER, number, kind, answer))) {
                            log.debug("the session ended before {} was answered", kind);
                        }
                    } catch (Exception e) {
                        log.warn("the peer's question {} could not be answered", kind, e);
                    }
                });
    }

    private static byte[] frame(int channel, long number, Question kind, byte[] body) {
        var head =
                new LayoutWriter(HEADER_BYTES).octet(channel).number(number).choice(kind).toBytes();
        var framed = java.util.Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, framed, head.length, body.length);
        return framed;
    }
}
