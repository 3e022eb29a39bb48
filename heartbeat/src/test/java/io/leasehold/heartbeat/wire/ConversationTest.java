package io.leasehold.heartbeat.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.wire.Conversation.Reception;
import io.leasehold.heartbeat.wire.Conversation.Reception.Accepted;
import io.leasehold.heartbeat.wire.Conversation.Reception.Rejected;
import io.leasehold.heartbeat.wire.Datagram.Beat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Two keepers in one thread, with an attacker who has recorded everything. */
class ConversationTest {
    private static final byte[] CLUSTER_KEY = filled(32, 7);
    private static final UUID BOOT_ID = new UUID(0x0123_4567_89ab_4defL, 0x8123_4567_89ab_cdefL);
    private static final long MILLI = 1_000_000;
    private static final int LAN = 0;
    private static final int CROSSOVER = 1;

    private long now = 5_000 * MILLI;
    private final List<byte[]> recorded = new ArrayList<>();

    private Conversation a = keeper("a", "b", 1);
    private Conversation b = keeper("b", "a", 2);

    @Test
    void shouldBelieveNothingBeforeTheChallengeIsAnsweredAndEverythingThen() {
        assertThat(deliver(beatOf(a), b, LAN)).isInstanceOf(Reception.Reply.class);

        converse();

        var accepted = accept(deliver(beatOf(a, "serving"), b, LAN));
        assertThat(accepted.beat().bootId()).isEqualTo(BOOT_ID);
        assertThat(accepted.beat().payload()).asString().isEqualTo("serving");
        assertThat(accepted.sender()).isEqualTo(incarnation(1));
        assertThat(accepted.lost()).isZero();
    }

    @Test
    void shouldCountLostBeatsOnEachLinkByItself() {
        converse();
        accept(deliver(beatOf(a), b, LAN));
        beatOf(a);
        beatOf(a);

        assertThat(accept(deliver(beatOf(a), b, LAN)).lost()).isEqualTo(2);
        assertThat(
                        accept(deliver(a.nextDatagram(CROSSOVER, content(""), now), b, CROSSOVER))
                                .lost())
                .isZero();
    }

    @Test
    void shouldMeasureTheRoundTripWithoutTheTimeThatThePeerHeldTheBeat() {
        converse();
        var request = beatOf(a);
        now += 2 * MILLI;
        accept(deliver(request, b, LAN));
        now += 50 * MILLI;
        var answer = beatOf(b);
        now += 3 * MILLI;

        assertThat(accept(deliver(answer, a, LAN)).roundTripNanos())
                .isEqualTo(OptionalLong.of(5 * MILLI));
    }

    @Nested
    class WhenAnAttackerSends {
        @Test
        void shouldRejectAReplayedAndAnOvertakenBeat() {
            converse();
            var early = beatOf(a);
            var late = beatOf(a);
            accept(deliver(late, b, LAN));

            assertThat(rejection(deliver(late, b, LAN))).isEqualTo(Rejection.REPLAYED);
            assertThat(rejection(deliver(early, b, LAN))).isEqualTo(Rejection.REPLAYED);
        }

        @Test
        void shouldRejectABeatFromAnotherLink() {
            converse();

            assertThat(rejection(deliver(beatOf(a), b, CROSSOVER)))
                    .isEqualTo(Rejection.MISADDRESSED);
        }

        @Test
        void shouldRejectEveryChangedByteAndEveryTruncation() {
            converse();
            var beat = beatOf(a, "serving");

            for (int i = 0; i < beat.length; i++) {
                var changed = beat.clone();
                changed[i] ^= 1;
                assertThat(deliver(changed, b, LAN)).as("byte %d", i).isInstanceOf(Rejected.class);
                assertThat(deliver(Arrays.copyOf(beat, i), b, LAN))
                        .as("cut to %d", i)
                        .isInstanceOf(Rejected.class);
                now += 100 * MILLI;
            }
            assertThat(accept(deliver(beat, b, LAN)).beat().payload())
                    .asString()
                    .isEqualTo("serving");
        }

        @Test
        void shouldRejectWhoHasAnotherKeyOrAnotherName() {
            var stranger =
                    new Conversation(
                            new Names("lab", "a", "b"),
                            filled(32, 8),
                            2,
                            incarnation(9),
                            filled(32, 9));
            assertThat(rejection(deliver(beatOf(stranger), b, LAN))).isEqualTo(Rejection.FORGED);

            var misconfigured = keeper("c", "b", 9);
            var answer = (Rejected) deliver(beatOf(misconfigured), b, LAN);
            assertThat(answer.cause()).isEqualTo(Rejection.MISADDRESSED);
            assertThat(answer.remark())
                    .isEqualTo(
                            "node c of cluster lab calls for b; expected node a of cluster lab"
                                    + " calling for b");
        }

        @Test
        void shouldNotTakeItsOwnReflectedBeatForThePeers() {
            converse();

            assertThat(rejection(deliver(beatOf(a), a, LAN))).isEqualTo(Rejection.STALE);
        }

        @Test
        void shouldNotAnswerAFloodOfForgeriesWithAFlood() {
            var forged = beatOf(a);
            forged[20] ^= 1;
            converse();
            int answers = 0;
            for (int i = 0; i < 1_000; i++) {
                now += MILLI / 100;
                var beat = beatOf(a);
                beat[33] ^= 1;
                if (deliver(beat, b, LAN) instanceof Rejected(_, _, var reply)
                        && reply.isPresent()) {
                    answers++;
                }
                deliver(forged, b, LAN);
            }
            assertThat(answers).isLessThanOrEqualTo(6);
            assertThat(deliver(beatOf(a), b, LAN))
                    .as("the believed one is still heard")
                    .isInstanceOf(Accepted.class);
        }
    }

    @Nested
    class WhenAKeeperIsReplaced {
        @Test
        void shouldBelieveTheNewRunAndNeverTheOldOneAgain() {
            converse();
            var old = beatOf(a);
            accept(deliver(beatOf(a), b, LAN));

            a = keeper("a", "b", 11);
            converse();

            assertThat(accept(deliver(beatOf(a), b, LAN)).sender()).isEqualTo(incarnation(11));
            assertThat(rejection(deliver(old, b, LAN))).isEqualTo(Rejection.STALE);
        }

        @Test
        void shouldNotLetADeadPeerLiveOnByItsRecordings() {
            converse();
            for (int i = 0; i < 20; i++) {
                accept(deliver(beatOf(a), b, LAN));
                accept(deliver(beatOf(b), a, LAN));
            }
            // a is dead. b's keeper is replaced, and the attacker plays everything ever said.
            b = keeper("b", "a", 12);

            for (var datagram : List.copyOf(recorded)) {
                now += 50 * MILLI;
                assertThat(deliver(datagram, b, LAN)).isNotInstanceOf(Accepted.class);
                beatOf(b);
            }
        }

        @Test
        void shouldComeTogetherWhileTheAttackerPlaysEverythingInBetween() {
            converse();
            a = keeper("a", "b", 13);
            converse();
            b = keeper("b", "a", 14);
            var attack = List.copyOf(recorded);

            boolean heard = false;
            for (int i = 0; i < attack.size() && !heard; i++) {
                now += 50 * MILLI;
                deliver(attack.get(i), a, LAN);
                deliver(attack.get(i), b, LAN);
                converse();
                heard =
                        deliver(beatOf(a), b, LAN) instanceof Accepted
                                && deliver(beatOf(b), a, LAN) instanceof Accepted;
            }
            assertThat(heard).isTrue();
        }

        @Test
        void shouldComeTogetherOverALinkThatWorksOneWayAndAnotherThatWorksBoth() {
            for (int i = 0; i < 4; i++) {
                now += 50 * MILLI;
                exchange(a, b, CROSSOVER);
                exchange(b, a, CROSSOVER);
                deliver(beatOf(a), b, LAN);
            }
            assertThat(deliver(beatOf(a), b, LAN)).isInstanceOf(Accepted.class);
        }
    }

    @Nested
    class WhenFrozen {
        /** The bytes of version 1. They change never: a new layout is a new version. */
        @Test
        void shouldSendTheSameBytesAsEver() {
            var hello = a.nextDatagram(LAN, content(""), now);
            var challenge = ((Reception.Reply) b.receive(LAN, hello, now)).datagram();
            a.receive(LAN, challenge, now);
            var beat = a.nextDatagram(LAN, content("golden"), now);

            assertThat(HexFormat.of().formatHex(hello)).isEqualTo(GOLDEN_HELLO);
            assertThat(HexFormat.of().formatHex(challenge)).isEqualTo(GOLDEN_CHALLENGE);
            assertThat(HexFormat.of().formatHex(beat)).isEqualTo(GOLDEN_BEAT);
        }

        private static final String GOLDEN_HELLO =
                "4c48484201010000000000000000000111223344556677880000000000000001"
                        + "00000000dc2dee8a76e0634807cc422e6955b5e1d00e247ad53697d3";
        private static final String GOLDEN_CHALLENGE =
                "4c48484201020000000000000000000211223344556677880000000000000001"
                        + "00000000b7a61569b1de77d593c39ce42519f50f2f2577ee05d8d8f055ca7aaa"
                        + "3904ea1e17147a4b8083237cca50d924334c2633d77b914147a389fc";
        private static final String GOLDEN_BEAT =
                "4c48484201030000000000000000000111223344556677880000000000000002"
                        + "c443ad2ee5a85ec62d0e36c1041f1d5a45c4e2b6d5ecc0a0100bb6c1f562ea51"
                        + "e7e5f49967f290da12cb955ac6c552d02af8eb1f553261a61d1d3561da0f360f"
                        + "9b1b9e1e48af81806b7512814f";
    }

    /** Two rounds over both links: enough for both directions. */
    private void converse() {
        for (int round = 0; round < 3; round++) {
            now += 50 * MILLI;
            for (int link : new int[] {LAN, CROSSOVER}) {
                exchange(a, b, link);
                exchange(b, a, link);
            }
        }
    }

    private void exchange(Conversation from, Conversation to, int link) {
        var reply = replyOf(deliver(from.nextDatagram(link, content(""), now), to, link));
        if (reply != null) {
            deliver(reply, from, link);
        }
    }

    private static byte @Nullable [] replyOf(Reception reception) {
        return switch (reception) {
            case Reception.Reply(var datagram) -> datagram;
            case Rejected(_, _, Optional<byte[]> reply) -> reply.orElse(null);
            case Accepted _, Reception.SendNow _, Reception.Noted _ -> null;
        };
    }

    private Reception deliver(byte[] datagram, Conversation to, int link) {
        recorded.add(datagram);
        return to.receive(link, datagram, now);
    }

    private byte[] beatOf(Conversation sender) {
        return beatOf(sender, "");
    }

    private byte[] beatOf(Conversation sender, String payload) {
        return sender.nextDatagram(LAN, content(payload), now);
    }

    private static Accepted accept(Reception reception) {
        assertThat(reception).isInstanceOf(Accepted.class);
        return (Accepted) reception;
    }

    private static Rejection rejection(Reception reception) {
        assertThat(reception).isInstanceOf(Rejected.class);
        return ((Rejected) reception).cause();
    }

    private static Beat content(String payload) {
        return new Beat(
                BOOT_ID, 3, (byte) 1, 4_000, 0, 0, payload.getBytes(StandardCharsets.UTF_8));
    }

    private static Conversation keeper(String node, String peer, int run) {
        return new Conversation(
                new Names("lab", node, peer), CLUSTER_KEY, 2, incarnation(run), filled(32, run));
    }

    private static Incarnation incarnation(int run) {
        return new Incarnation(run, 0x1122_3344_5566_7788L);
    }

    private static byte[] filled(int length, int value) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
