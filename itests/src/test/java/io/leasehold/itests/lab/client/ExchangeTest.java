package io.leasehold.itests.lab.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.network.Addresses;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ExchangeTest {
    private static final Station STATION = new Station(Station.Subnet.LAN, 3);
    private static final int VIP = Addresses.parse(Addresses.VIP);
    private static final int ADDRESS = Addresses.parse("198.18.16.3");
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final long ONE_BOX = 0x11;
    private static final long OTHER_BOX = 0x12;
    private static final long SECOND = 1_000_000_000L;

    @Nested
    class WhenAClientIsNew {
        private final Exchange exchange = Exchange.init(STATION, 1);

        @Test
        void shouldDiscoverThenRequestWhatItIsOffered() {
            exchange.start(0);
            assertThat(sent(0)).isEqualTo(MessageType.DISCOVER);

            exchange.heard(reply(MessageType.OFFER, ONE_BOX), 5, NOW);
            var request = exchange.due(5).orElseThrow();
            assertThat(request.requestedAddress()).isEqualTo(ADDRESS);
            assertThat(request.serverIdentifier()).isEqualTo(VIP);

            exchange.heard(reply(MessageType.ACK, ONE_BOX), 9, NOW);
            assertThat(exchange.isOver()).isTrue();
            assertThat(exchange.held()).contains(lease());
        }

        @Test
        void shouldAskAgainLaterEachTimeAndGiveUpInTheEnd() {
            exchange.start(0);
            int questions = 0;
            long now = 0;
            while (!exchange.isOver()) {
                if (exchange.due(now).isPresent()) {
                    questions++;
                }
                now = exchange.nextSendNanos();
            }
            assertThat(questions).isEqualTo(8);
            assertThat(now).isBetween(10 * SECOND, 20 * SECOND);
            assertThat(exchange.held()).isEmpty();
        }

        private MessageType sent(long now) {
            return exchange.due(now).orElseThrow().type();
        }
    }

    @Nested
    class WhenAClientRenews {
        private final Exchange exchange = Exchange.again(lease(), 1, RenewalState.RENEWING);

        @Test
        void shouldAskItsServerAndTurnToEverybodyWhenThatIsSilent() {
            exchange.start(0);
            long now = 0;
            for (int i = 0; i < 3; i++) {
                assertThat(exchange.due(now).orElseThrow().destination()).isEqualTo(VIP);
                now = exchange.nextSendNanos();
            }
            assertThat(exchange.due(now).orElseThrow().destination()).isEqualTo(Question.BROADCAST);
        }

        @Test
        void shouldKeepItsAddressOnAck() {
            exchange.start(0);
            exchange.heard(reply(MessageType.ACK, ONE_BOX), 5, NOW);

            assertThat(exchange.keptItsAddress()).isTrue();
        }

        @Test
        void shouldStopUsingItsAddressAndStartOverOnNak() {
            exchange.start(0);
            exchange.heard(reply(MessageType.NAK, ONE_BOX), 5, NOW);

            assertThat(exchange.wasRefused()).isTrue();
            assertThat(exchange.held()).isEmpty();
            assertThat(exchange.due(5).map(Question::type)).contains(MessageType.DISCOVER);
            assertThat(exchange.keptItsAddress()).isFalse();
        }

        @Test
        void shouldHaveLostItsAddressEvenIfItGetsItBackAfterANak() {
            exchange.start(0);
            exchange.heard(reply(MessageType.NAK, ONE_BOX), 5, NOW);
            exchange.heard(reply(MessageType.OFFER, ONE_BOX), 6, NOW);
            exchange.heard(reply(MessageType.ACK, ONE_BOX), 7, NOW);

            assertThat(exchange.held()).isPresent();
            assertThat(exchange.keptItsAddress()).isFalse();
        }

        @Test
        void shouldNoticeThatTwoBoxesAnswered() {
            exchange.start(0);
            exchange.heard(reply(MessageType.ACK, ONE_BOX), 5, NOW);
            assertThat(exchange.wasAnsweredTwice()).isFalse();

            exchange.heard(reply(MessageType.ACK, OTHER_BOX), 6, NOW);
            assertThat(exchange.wasAnsweredTwice()).isTrue();
        }

        @Test
        void shouldStillBelieveInItsLeaseWhenNobodyAnswers() {
            exchange.start(0);
            long now = 0;
            while (!exchange.isOver()) {
                var _ = exchange.due(now);
                now = exchange.nextSendNanos();
            }
            assertThat(exchange.held()).contains(lease());
            assertThat(exchange.acknowledged()).isEqualTo(Optional.empty());
        }
    }

    private static HeldLease lease() {
        return new HeldLease(STATION, "198.18.16.3", Addresses.VIP, 3600, NOW);
    }

    private static Reply reply(MessageType type, long box) {
        return new Reply(type, 1, STATION.hardwareAddress(), ADDRESS, VIP, 3600, box);
    }
}
