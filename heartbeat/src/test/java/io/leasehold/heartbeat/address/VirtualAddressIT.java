package io.leasehold.heartbeat.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.NetworkNamespace;
import io.leasehold.heartbeat.linux.TestNetwork;
import java.io.IOException;
import java.net.Inet4Address;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The virtual address and its announcement, between two namespaces. */
class VirtualAddressIT {
    private static final Inet4Address VIP = Inet4Address.ofLiteral("192.0.2.10");
    private static final Inet4Address GATEWAY = Inet4Address.ofLiteral("192.0.2.1");
    private static final Inet4Address ABSENT = Inet4Address.ofLiteral("192.0.2.99");
    private static final String OLD_STATION = "02:00:5e:00:53:01";

    private final TestNetwork network = new TestNetwork();
    private String node = "";
    private String gateway = "";

    @BeforeEach
    void connectNodeAndGateway() throws IOException {
        assumeTrue(TestNetwork.hindrance().isEmpty(), TestNetwork.hindrance());
        node = network.namespace("n");
        gateway = network.namespace("g");
        network.veth(node, "eth0", gateway, "eth0");
        TestNetwork.ip(gateway, "addr add 192.0.2.1/24 dev eth0");
    }

    @AfterEach
    void removeNamespaces() throws IOException {
        network.close();
    }

    @Test
    void shouldComeAndGoOftenWithoutHarm() throws IOException {
        var address = new VirtualAddress("eth0", VIP, 24);
        assertThat(inNode(address::isPresent)).isFalse();

        add(address);
        add(address);

        assertThat(inNode(address::isPresent)).isTrue();
        assertThat(TestNetwork.ip(node, "addr show eth0"))
                .containsOnlyOnce("inet 192.0.2.10/24")
                .contains("valid_lft 60sec");
        assertThat(inNode(address::remove)).isTrue();
        assertThat(inNode(address::remove)).isFalse();
        assertThat(inNode(address::isPresent)).isFalse();
    }

    @Test
    void shouldGoByItselfAtTheEndOfItsLifetimeAndNotBefore() throws IOException {
        var address = new VirtualAddress("eth0", VIP, 24);
        add(address, Duration.ofSeconds(60));
        add(address, Duration.ofSeconds(1));
        await().pollDelay(Duration.ofMillis(700)).until(() -> true);
        add(address, Duration.ofSeconds(2));
        long renewedNanos = System.nanoTime();

        await().pollInterval(Duration.ofMillis(20))
                .atMost(Duration.ofSeconds(10))
                .until(() -> !inNode(address::isPresent));

        long millis = (System.nanoTime() - renewedNanos) / 1_000_000;
        System.out.printf("a lifetime of 2 s ended after %d ms%n", millis);
        // Whole seconds in the kernel's ticks, its work queue, and this look.
        assertThat(millis).isBetween(1_900L, 4_000L);
    }

    @Test
    void shouldLimitTheLifeOfAnAddressThatSomebodyAddedForEver() throws IOException {
        TestNetwork.ip(node, "addr add 192.0.2.10/24 dev eth0");

        add(new VirtualAddress("eth0", VIP, 24));

        assertThat(TestNetwork.ip(node, "addr show eth0"))
                .containsOnlyOnce("inet 192.0.2.10/24")
                .contains("valid_lft 60sec");
    }

    @Test
    void shouldRefuseALifetimeThatTheKernelCannotCount() {
        var address = new VirtualAddress("eth0", VIP, 24);

        assertThatThrownBy(() -> address.add(Duration.ofMillis(1_500)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> address.add(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldBeRemovedAlsoIfSomebodyAddedItWithAnotherPrefix() throws IOException {
        TestNetwork.ip(node, "addr add 192.0.2.10/32 dev eth0");
        var address = new VirtualAddress("eth0", VIP, 24);

        assertThat(inNode(address::isPresent)).isTrue();
        assertThat(inNode(address::remove)).isTrue();
        assertThat(TestNetwork.ip(node, "addr show eth0")).doesNotContain("192.0.2.10");
    }

    @Test
    void shouldSayWhichInterfaceIsMissing() {
        assertThatThrownBy(() -> add(new VirtualAddress("eth7", VIP, 24)))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("eth7: No such device");
    }

    @Test
    void shouldMoveTheNeighboursEntryFromTheOldStationToThisOne() throws IOException {
        add(new VirtualAddress("eth0", VIP, 24));
        TestNetwork.ip(
                gateway, "neigh add 192.0.2.10 lladdr " + OLD_STATION + " dev eth0 nud stale");

        var outcome =
                inNode(
                        new GratuitousArp("eth0", VIP, Set.of(GATEWAY), Duration.ofSeconds(5))
                                ::announce);

        assertThat(outcome.convinced()).containsOnlyKeys(GATEWAY);
        assertThat(outcome.convinced().get(GATEWAY)).isLessThan(Duration.ofSeconds(2));
        assertThat(outcome.silent()).isEmpty();
        assertThat(outcome.rivals()).isEmpty();
        assertThat(TestNetwork.ip(gateway, "neigh show 192.0.2.10 dev eth0"))
                .doesNotContain(OLD_STATION)
                .contains("lladdr");
    }

    /** keepalived #166: who never changed its role says once more where the address is. */
    @Test
    void shouldTakeTheEntryBackWithOneBurstAfterAHealedSplit() throws IOException {
        add(new VirtualAddress("eth0", VIP, 24));
        TestNetwork.ip(
                gateway, "neigh add 192.0.2.10 lladdr " + OLD_STATION + " dev eth0 nud stale");

        var outcome =
                inNode(
                        new GratuitousArp("eth0", VIP, Set.of(GATEWAY), Duration.ofSeconds(5))
                                        .once()
                                ::announce);

        assertThat(outcome.bursts()).isEqualTo(1);
        await().atMost(Duration.ofSeconds(5))
                .untilAsserted(() ->
                        assertThat(TestNetwork.ip(gateway, "neigh show 192.0.2.10 dev eth0"))
                                .doesNotContain(OLD_STATION)
                                .contains("lladdr"));
    }

    @Test
    void shouldNameTheRivalAndTheSilentAndStopAtTheBound() throws IOException {
        add(new VirtualAddress("eth0", VIP, 24));
        // The gateway's kernel answers for the address too, so the announcement has a rival: it
        // defends by asking for it.
        TestNetwork.ip(gateway, "addr add 192.0.2.10/24 dev eth0");
        try (var rival =
                NetworkNamespace.call(
                        TestNetwork.path(gateway),
                        () ->
                                PacketSocket.open(
                                        "eth0",
                                        new PacketSocketOptions(
                                                PacketSocketOptions.ETHER_TYPE_ARP)))) {
            var claiming = Thread.ofVirtual().start(() -> claimOnceAsked(rival));
            long before = System.nanoTime();

            var outcome =
                    inNode(
                            new GratuitousArp("eth0", VIP, Set.of(ABSENT), Duration.ofMillis(300))
                                    ::announce);

            assertThat(outcome.rivals()).containsExactly(rival.interfaceAddress());
            assertThat(outcome.silent()).containsExactly(ABSENT);
            assertThat(outcome.bursts()).isBetween(3, 6);
            assertThat(Duration.ofNanos(System.nanoTime() - before))
                    .isBetween(Duration.ofMillis(290), Duration.ofSeconds(5));
            claiming.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void claimOnceAsked(PacketSocket rival) {
        try {
            rival.receive(-1);
            rival.send(
                    new ArpFrame(
                                    ArpFrame.Operation.REPLY,
                                    rival.interfaceAddress(),
                                    VIP,
                                    MacAddress.ZERO,
                                    VIP)
                            .toFrame(MacAddress.BROADCAST));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void add(VirtualAddress address) throws IOException {
        add(address, Duration.ofSeconds(60));
    }

    private void add(VirtualAddress address, Duration lifetime) throws IOException {
        inNode(() -> {
            address.add(lifetime);
            return true;
        });
    }

    private <T> T inNode(NetworkNamespace.Work<T> work) throws IOException {
        return NetworkNamespace.call(TestNetwork.path(node), work);
    }
}
