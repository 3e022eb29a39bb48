package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.heartbeat.address.GratuitousArp;
import io.leasehold.heartbeat.address.MacAddress;
import io.leasehold.heartbeat.address.PacketSocket;
import io.leasehold.heartbeat.address.PacketSocketOptions;
import io.leasehold.heartbeat.keeper.GateConfiguration.Guarded;
import io.leasehold.heartbeat.linux.Errno;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.NetworkNamespace;
import io.leasehold.heartbeat.linux.TestNetwork;
import java.io.IOException;
import java.net.Inet4Address;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What passes the gate, as seen by a client on the other end of the cable. */
class GateIT {
    private static final long MILLI = 1_000_000L;
    private static final Inet4Address VIP = Inet4Address.ofLiteral("192.0.2.10");
    private static final GateConfiguration CONFIGURATION =
            new GateConfiguration(List.of(new Guarded("eth0", VIP)));

    private final TestNetwork network = new TestNetwork();
    private String node = "";
    private String client = "";

    @BeforeEach
    void connectNodeAndClient() throws IOException {
        assumeTrue(TestNetwork.hindrance().isEmpty(), TestNetwork.hindrance());
        node = network.namespace("n");
        client = network.namespace("c");
        network.veth(node, "eth0", client, "eth0");
    }

    @AfterEach
    void removeNamespaces() throws IOException {
        network.close();
    }

    @Test
    void shouldSpeakWhatNftUnderstands() throws IOException {
        try (var gate = openGate()) {
            gate.install(CONFIGURATION);

            assertThat(TestNetwork.exec(node, "nft", "-nn", "list", "ruleset"))
                    .contains("table netdev leasehold")
                    .contains("type inet_service\n\t\tflags timeout")
                    .contains("type ipv4_addr\n\t\tflags timeout")
                    .contains("type filter hook egress device \"eth0\" priority 0; policy accept;")
                    .contains("udp sport 67 udp sport != @dhcp counter packets 0 bytes 0 drop")
                    .contains("arp saddr ip 192.0.2.10 arp saddr ip != @vip counter")
                    .contains("ip saddr 192.0.2.10 ip saddr != @vip counter");
        }
    }

    @Test
    void shouldBeInstalledShutAndPassWhatIsNotGuarded() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);

            assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
            assertThat(wire.passes(udp(67, "192.0.2.1"))).isFalse();
            assertThat(wire.passes(udp(68, "192.0.2.10"))).as("anything of the VIP").isFalse();
            assertThat(wire.passes(arp("192.0.2.10"))).isFalse();
            assertThat(wire.passes(udp(68, "192.0.2.1"))).isTrue();
            assertThat(wire.passes(arp("192.0.2.1"))).isTrue();
        }
    }

    @Test
    void shouldPassEverythingWhileOpenAndNothingAfterItWasShut() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);

            open(gate, 60_000);

            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
            assertThat(wire.passes(arp("192.0.2.10"))).isTrue();

            gate.shut();

            assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
            assertThat(wire.passes(arp("192.0.2.10"))).isFalse();
        }
    }

    @Test
    void shouldShutByItselfWhenNobodyRenews() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);
            long openedNanos = System.nanoTime();
            open(gate, 300);
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
            for (int renewal = 0; renewal < 5; renewal++) {
                pauseMillis(100);
                open(gate, 300);
                openedNanos = System.nanoTime();
            }
            assertThat(wire.passes(arp("192.0.2.10"))).as("still open after 500 ms").isTrue();

            long lastPassedNanos = openedNanos;
            while (System.nanoTime() - openedNanos < 600 * MILLI) {
                long sentNanos = System.nanoTime();
                if (wire.passes(udp(67, "192.0.2.10"))) {
                    lastPassedNanos = sentNanos;
                }
            }

            // The kernel rounds to ticks of up to 10 ms, downwards; it must never be later.
            assertThat((lastPassedNanos - openedNanos) / MILLI).isBetween(230L, 300L);
            assertThat(wire.passes(arp("192.0.2.10"))).isFalse();
        }
    }

    @Test
    void shouldNotOpenAfterAPauseBetweenTheLookAtTheClockAndTheOrder() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);
            gate.prepare();

            pauseMillis(2 * Gate.TICKET.toMillis());

            assertThat(gate.openFor(60_000)).isFalse();
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
            open(gate, 60_000);
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
        }
    }

    @Test
    void shouldOpenOnceForEachTicket() throws IOException {
        try (var gate = openGate()) {
            gate.install(CONFIGURATION);
            open(gate, 60_000);

            assertThat(gate.openFor(60_000)).isFalse();
        }
    }

    @Test
    void shouldSurviveTheReloadOfAFirewall() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);

            TestNetwork.exec(node, "nft", "flush", "ruleset");

            if (gate.isOwning()) {
                assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
                assertThat(gate.prepare()).isTrue();
            } else {
                assertThat(gate.prepare()).isFalse();
            }
        }
    }

    @Test
    void shouldTellOnAKernelWithoutOwnershipThatSomebodyRemovedItsRules() throws IOException {
        try (var gate =
                        NetworkNamespace.call(
                                TestNetwork.path(node), () -> Gate.openWithoutOwnership());
                var wire = new Wire()) {
            gate.install(CONFIGURATION);
            assertThat(gate.prepare()).isTrue();
            TestNetwork.exec(node, "nft", "flush", "ruleset");

            assertThat(gate.prepare()).isFalse();
            assertThat(gate.openFor(60_000)).isFalse();
            gate.shut();

            assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
            open(gate, 60_000);
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
        }
    }

    @Test
    void shouldNotTakeTheRulesOfAKeeperThatLives() throws IOException {
        try (var first = openGate();
                var second = openGate()) {
            first.install(CONFIGURATION);
            assumeTrue(first.isOwning(), "a table cannot belong to somebody before Linux 6.9");

            assertThatThrownBy(() -> second.install(CONFIGURATION))
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.EPERM));
        }
    }

    @Test
    void shouldSayWhatARenewalCosts() throws IOException {
        try (var gate = openGate()) {
            gate.install(CONFIGURATION);
            int renewals = 2_000;
            var nanos = new long[renewals];
            for (int i = 0; i < renewals; i++) {
                long begun = System.nanoTime();
                open(gate, 300);
                nanos[i] = System.nanoTime() - begun;
            }
            Arrays.sort(nanos);
            System.out.printf(
                    "a renewal of the gate: median %d us, p99 %d us%n",
                    nanos[renewals / 2] / 1_000, nanos[renewals * 99 / 100] / 1_000);
            assertThat(nanos[renewals / 2]).as("nanoseconds").isLessThan(5 * MILLI);
        }
    }

    @Test
    void shouldShortenAnEarlierPermission() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);
            open(gate, 60_000);

            open(gate, 50);

            pauseMillis(100);
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
        }
    }

    @Test
    void shouldGuardTheAnswersOfTheKernelToo() throws IOException {
        TestNetwork.ip(node, "addr add 192.0.2.10/24 dev eth0");
        TestNetwork.ip(client, "addr add 192.0.2.2/24 dev eth0");
        var asked =
                new GratuitousArp(
                        "eth0",
                        Inet4Address.ofLiteral("192.0.2.2"),
                        Set.of(VIP),
                        Duration.ofMillis(200));
        try (var gate = openGate()) {
            gate.install(CONFIGURATION);
            assertThat(inClient(asked::announce).silent()).containsExactly(VIP);

            open(gate, 60_000);
            assertThat(inClient(asked::announce).convinced()).containsOnlyKeys(VIP);
        }
    }

    private <T> T inClient(NetworkNamespace.Work<T> work) throws IOException {
        return NetworkNamespace.call(TestNetwork.path(client), work);
    }

    @Test
    void shouldReplaceRulesThatAPredecessorLeftOpenByShutOnes() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            try (var predecessor = openGate()) {
                predecessor.install(CONFIGURATION);
                open(predecessor, 60_000);
            }
            assertThat(wire.passes(udp(67, "192.0.2.10"))).as("it left it open").isTrue();

            gate.install(CONFIGURATION);

            assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
            open(gate, 60_000);
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
        }
    }

    @Test
    void shouldDropNothingAfterItsRemoval() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);
            gate.remove();
            gate.remove();

            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
            assertThat(TestNetwork.exec(node, "nft", "list", "ruleset")).isBlank();
        }
    }

    @Test
    void shouldGuardAnInterfaceThatComesLaterOrRefuse() throws IOException {
        try (var gate = openGate()) {
            gate.install(CONFIGURATION);
            var wrong =
                    new GateConfiguration(
                            List.of(new Guarded("eth0", VIP), new Guarded("eth9", VIP)));
            try {
                gate.install(wrong);
            } catch (LinuxException e) {
                // Kernels before 6.16 know devices, not names; the rules are then as before.
                assertThat(e.errno()).isEqualTo(Errno.ENOENT);
                assertThat(e).hasMessageContaining("install the gate on [eth0, eth9]");
                assertThat(TestNetwork.exec(node, "nft", "list", "ruleset")).contains("chain eth0");
                return;
            }
            network.veth(node, "eth9", client, "eth9");
            try (var wire = new Wire("eth9")) {
                assertThat(wire.passes(udp(67, "192.0.2.10"))).isFalse();
                assertThat(wire.passes(udp(68, "192.0.2.1"))).isTrue();
            }
        }
    }

    private static void open(Gate gate, long millis) throws IOException {
        gate.prepare();
        assertThat(gate.openFor(millis)).isTrue();
    }

    private Gate openGate() throws IOException {
        return NetworkNamespace.call(TestNetwork.path(node), Gate::open);
    }

    private static void pauseMillis(long millis) {
        long end = System.nanoTime() + millis * MILLI;
        while (System.nanoTime() - end < 0) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /** Sends as dhcpd does, and listens as a client does. */
    private final class Wire implements AutoCloseable {
        private static final long DELIVERY_NANOS_MAX = 30 * MILLI;
        private final PacketSocket sender;
        private final PacketSocket receiver;
        private byte counter;

        Wire() throws IOException {
            this("eth0");
        }

        Wire(String interfaceName) throws IOException {
            sender = open(node, interfaceName);
            receiver = open(client, interfaceName);
        }

        private static PacketSocket open(String namespace, String interfaceName)
                throws IOException {
            var all = new PacketSocketOptions(PacketSocketOptions.ETHER_TYPE_ALL, true, List.of());
            return NetworkNamespace.call(
                    TestNetwork.path(namespace), () -> PacketSocket.open(interfaceName, all));
        }

        /** The last byte is marked, so that no frame is taken for another one. */
        boolean passes(byte[] frame) throws IOException {
            frame[frame.length - 1] = ++counter;
            sender.send(frame);
            long end = System.nanoTime() + DELIVERY_NANOS_MAX;
            Optional<PacketSocket.Frame> received;
            do {
                received = receiver.receive(Math.max(0, end - System.nanoTime()));
                if (received.filter(f -> Arrays.equals(f.bytes(), frame)).isPresent()) {
                    return true;
                }
            } while (received.isPresent());
            return false;
        }

        @Override
        public void close() {
            sender.close();
            receiver.close();
        }
    }

    private static byte[] udp(int sourcePort, String sourceAddress) {
        return HexFormat.of()
                .parseHex(
                        MacAddress.BROADCAST.toString().replace(":", "")
                                + "02005e005301"
                                + "0800"
                                + "450000240000000040110000"
                                + hex(sourceAddress)
                                + "ffffffff"
                                + "%04x".formatted(sourcePort)
                                + "004400100000"
                                + "0000000000000000"
                                + "00000000000000000000");
    }

    private static byte[] arp(String senderAddress) {
        return HexFormat.of()
                .parseHex(
                        "ffffffffffff02005e005301"
                                + "0806"
                                + "0001080006040002"
                                + "02005e005301"
                                + hex(senderAddress)
                                + "ffffffffffff"
                                + hex(senderAddress)
                                + "000000000000000000000000000000000000");
    }

    private static String hex(String address) {
        return HexFormat.of().formatHex(Inet4Address.ofLiteral(address).getAddress());
    }
}
