package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
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
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What passes the gate, as seen by a client on the other end of the cable. */
class GateIT {
    private static final long MILLI = 1_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** As nft shows an element that goes by itself. */
    private static final Pattern PERMISSION = Pattern.compile("timeout (\\w+) expires");

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

    /**
     * How soon is the kernel's own matter; what counts is what it was told, and that it does it.
     */
    @Test
    void shouldShutByItselfWhenNobodyRenews() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);

            open(gate, 300);

            assertThat(permissions()).containsOnly("300ms");
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(PATIENCE)
                    .until(() -> !wire.passes(udp(67, "192.0.2.10")));
            assertThat(wire.passes(arp("192.0.2.10"))).isFalse();
            assertThat(permissions()).isEmpty();
        }
    }

    @Test
    void shouldStayOpenBeyondTheEndOfAPermissionThatWasRenewed() throws IOException {
        try (var gate = openGate();
                var wire = new Wire()) {
            gate.install(CONFIGURATION);
            open(gate, 300);

            open(gate, 60_000);

            assertThat(permissions()).as("not what the first one left").containsOnly("1m");
            pauseMillis(400);
            assertThat(wire.passes(udp(67, "192.0.2.10"))).isTrue();
            assertThat(wire.passes(arp("192.0.2.10"))).isTrue();
        }
    }

    /** The time-outs of the elements that let something out, as the kernel has them. */
    private List<String> permissions() throws IOException {
        return PERMISSION
                .matcher(TestNetwork.exec(node, "nft", "list", "ruleset"))
                .results()
                .map(found -> found.group(1))
                .filter(timeout -> !timeout.equals(Gate.TICKET.toMillis() + "ms"))
                .toList();
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
        try (var gate = openGate()) {
            gate.install(CONFIGURATION);
            assertThat(inClient(asking(Duration.ofMillis(200))::announce).silent())
                    .containsExactly(VIP);

            open(gate, 60_000);
            assertThat(inClient(asking(PATIENCE)::announce).convinced()).containsOnlyKeys(VIP);
        }
    }

    private static GratuitousArp asking(Duration limit) {
        return new GratuitousArp("eth0", Inet4Address.ofLiteral("192.0.2.2"), Set.of(VIP), limit);
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

    /** As the keeper does; each attempt fails only if this thread stands still in it. */
    private static void open(Gate gate, long millis) {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(PATIENCE)
                .until(() -> gate.prepare() && gate.openFor(millis));
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
        /** What was sent after it has arrived; a frame that another processor has comes soon. */
        private static final long STRAGGLER_NANOS_MAX = 5 * MILLI;

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

        /**
         * Whether it arrives, in the order of the wire: it is followed by one that nothing holds
         * back. The last byte is marked, so that no frame is taken for another one.
         */
        boolean passes(byte[] frame) throws IOException {
            frame[frame.length - 1] = ++counter;
            var next = udp(68, "192.0.2.1");
            next[next.length - 1] = ++counter;
            sender.send(frame);
            sender.send(next);
            long endNanos = System.nanoTime() + PATIENCE.toNanos();
            boolean nextArrived = false;
            while (true) {
                var received =
                        receiver.receive(
                                nextArrived
                                        ? STRAGGLER_NANOS_MAX
                                        : Math.max(0, endNanos - System.nanoTime()));
                if (received.isEmpty()) {
                    assertThat(nextArrived).as("the wire carries what is not guarded").isTrue();
                    return false;
                }
                var bytes = received.get().bytes();
                if (Arrays.equals(bytes, frame)) {
                    return true;
                }
                nextArrived |= Arrays.equals(bytes, next);
            }
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
