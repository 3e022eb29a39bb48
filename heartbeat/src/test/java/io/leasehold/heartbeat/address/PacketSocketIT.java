package io.leasehold.heartbeat.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.NetworkNamespace;
import io.leasehold.heartbeat.linux.TestNetwork;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Frames between two namespaces. */
class PacketSocketIT {
    private static final long SECOND = 1_000_000_000L;
    private static final int TEST_ETHER_TYPE = 0x88b5; // IEEE 802: for local experiments

    private final TestNetwork network = new TestNetwork();
    private String left = "";
    private String right = "";

    @BeforeEach
    void connectTwoNamespaces() throws IOException {
        assumeTrue(TestNetwork.hindrance().isEmpty(), TestNetwork.hindrance());
        left = network.namespace("l");
        right = network.namespace("r");
        network.veth(left, "eth0", right, "eth0");
    }

    @AfterEach
    void removeNamespaces() throws IOException {
        network.close();
    }

    @Test
    void shouldReceiveTheFrameThatTheOtherSideSent() throws IOException {
        try (var sender = open(left, new PacketSocketOptions(TEST_ETHER_TYPE));
                var receiver = open(right, new PacketSocketOptions(TEST_ETHER_TYPE))) {
            var frame = frame(receiver.interfaceAddress(), sender.interfaceAddress(), 700);

            sender.send(frame);

            var received = receiver.receive(2 * SECOND).orElseThrow();
            assertThat(received.bytes()).isEqualTo(frame);
            assertThat(received.outgoing()).isFalse();
        }
    }

    @Test
    void shouldTellOutgoingFramesFromIncomingOnes() throws IOException {
        try (var sender = open(left, new PacketSocketOptions(TEST_ETHER_TYPE));
                var observer =
                        open(left, new PacketSocketOptions(PacketSocketOptions.ETHER_TYPE_ALL))) {
            sender.send(frame(MacAddress.BROADCAST, sender.interfaceAddress(), 60));

            PacketSocket.Frame seen;
            do {
                seen = observer.receive(2 * SECOND).orElseThrow();
            } while (seen.bytes()[12] != (byte) (TEST_ETHER_TYPE >> 8));
            assertThat(seen.outgoing()).isTrue();
        }
    }

    @Test
    void shouldSeeFramesForOtherStationsOnlyIfPromiscuous() throws IOException {
        var stranger = MacAddress.parse("02:00:5e:00:53:77");
        try (var sender = open(left, new PacketSocketOptions(TEST_ETHER_TYPE));
                var receiver =
                        open(right, new PacketSocketOptions(TEST_ETHER_TYPE, true, List.of()))) {
            sender.send(frame(stranger, sender.interfaceAddress(), 60));

            var received = receiver.receive(2 * SECOND).orElseThrow();
            assertThat(MacAddress.from(received.bytes(), 0)).isEqualTo(stranger);
            assertThat(TestNetwork.ip(right, "-d link show eth0")).contains("promiscuity 1");
        }
        assertThat(TestNetwork.ip(right, "-d link show eth0")).contains("promiscuity 0");
    }

    @Test
    void shouldLetOnlyTheFilteredPortThrough() throws IOException {
        var options =
                new PacketSocketOptions(
                        PacketSocketOptions.ETHER_TYPE_IPV4, false, PacketSocketOptions.udpTo(68));
        try (var sender = open(left, new PacketSocketOptions(TEST_ETHER_TYPE));
                var receiver = open(right, options)) {
            sender.send(udp(receiver.interfaceAddress(), sender.interfaceAddress(), 67, 0));
            sender.send(
                    udp(receiver.interfaceAddress(), sender.interfaceAddress(), 68, 0x2000 | 9));
            sender.send(udp(receiver.interfaceAddress(), sender.interfaceAddress(), 68, 0));

            var received = receiver.receive(2 * SECOND).orElseThrow();
            assertThat(received.bytes()[37]).isEqualTo((byte) 68);
            assertThat(received.bytes()[21]).as("not the later fragment").isZero();
            assertThat(receiver.receive(0)).isEmpty();
        }
    }

    @Test
    void shouldGiveUpWhenTheTimeIsOver() throws IOException {
        try (var receiver = open(right, new PacketSocketOptions(TEST_ETHER_TYPE))) {
            long before = System.nanoTime();

            assertThat(receiver.receive(SECOND / 20)).isEmpty();

            assertThat(System.nanoTime() - before).isBetween(SECOND / 20, SECOND);
        }
    }

    @Test
    void shouldEndAWaitingReceiveWhenItIsClosed() throws Exception {
        var receiver = open(right, new PacketSocketOptions(TEST_ETHER_TYPE));
        try (var executor = Executors.newSingleThreadExecutor()) {
            var waiting = executor.submit(() -> receiver.receive(-1));

            receiver.close();

            assertThatThrownBy(() -> waiting.get(5, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(ClosedChannelException.class);
        }
        assertThatThrownBy(() -> receiver.send(new byte[60]))
                .isInstanceOf(ClosedChannelException.class);
        receiver.close();
    }

    @Test
    void shouldSayWhichInterfaceIsMissing() {
        assertThatThrownBy(() ->
                        NetworkNamespace.call(
                                TestNetwork.path(left),
                                () ->
                                        PacketSocket.open(
                                                "eth7", new PacketSocketOptions(TEST_ETHER_TYPE))))
                .isInstanceOf(LinuxException.class)
                .hasMessage("interface eth7: No such device (ENODEV)");
    }

    private static PacketSocket open(String namespace, PacketSocketOptions options)
            throws IOException {
        return NetworkNamespace.call(
                TestNetwork.path(namespace), () -> PacketSocket.open("eth0", options));
    }

    private static byte[] frame(MacAddress to, MacAddress from, int length) {
        var frame = new byte[length];
        System.arraycopy(to.toBytes(), 0, frame, 0, 6);
        System.arraycopy(from.toBytes(), 0, frame, 6, 6);
        frame[12] = (byte) (TEST_ETHER_TYPE >> 8);
        frame[13] = (byte) TEST_ETHER_TYPE;
        frame[length - 1] = 42;
        return frame;
    }

    private static byte[] udp(MacAddress to, MacAddress from, int port, int fragment) {
        var frame = frame(to, from, 60);
        frame[12] = 0x08;
        frame[13] = 0;
        frame[14] = 0x45;
        frame[20] = (byte) (fragment >> 8);
        frame[21] = (byte) fragment;
        frame[23] = 17;
        frame[37] = (byte) port;
        return frame;
    }
}
