package io.leasehold.itests.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.itests.lab.client.ProbeKind;
import io.leasehold.itests.lab.client.RenewalState;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import io.leasehold.itests.lab.power.FenceBehaviour;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** The lab itself, with a stock dhcpd in it: what it measures must be so without Leasehold, too. */
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PlainLabIT {
    private static final LabName NAME = new LabName("plain-it");

    @BeforeAll
    static void up() throws Exception {
        Lab.up(NAME, LabOptions.plain());
    }

    @AfterAll
    static void down() throws Exception {
        Lab.down(NAME);
        assertThat(LabDirectory.of(NAME).path()).doesNotExist();
        assertThat(Command.of("ip", "netns", "list").check()).doesNotContain(NAME.value());
    }

    private final Lab lab = lab();

    @Test
    @Order(1)
    void shouldBeHandedBackWhenItIsUpAlready() throws Exception {
        var boot = lab.status().nodes();

        assertThat(Lab.up(NAME, LabOptions.plain()).status().nodes()).isEqualTo(boot);
        assertThatThrownBy(() -> Lab.up(NAME, LabOptions.plain().withLeaseSeconds(77)))
                .hasMessageContaining("run `lab down` first");
    }

    @Test
    @Order(2)
    void shouldHaveNoWayOut() throws Exception {
        for (var node : LabNode.values()) {
            var routes = lab.in(node, Command.of("ip", "route")).check();
            assertThat(routes).as(node.label()).doesNotContain("default");
            assertThat(lab.in(node, Command.of("ip", "route", "get", "192.0.0.8")).run().errors())
                    .as(node.label())
                    .contains("unreachable");
        }
    }

    @Test
    @Order(3)
    void shouldGiveEachServerANameABootIdAndDirectoriesOfItsOwn() throws Exception {
        var one = lab.node(LabNode.DHCP1);
        var other = lab.node(LabNode.DHCP2);

        assertThat(one.exec("hostname").output().strip()).isEqualTo("dhcp1");
        var bootId = one.exec("cat", "/proc/sys/kernel/random/boot_id").output();
        assertThat(bootId)
                .isNotEqualTo(other.exec("cat", "/proc/sys/kernel/random/boot_id").output())
                .isNotEqualTo(
                        Files.readString(java.nio.file.Path.of("/proc/sys/kernel/random/boot_id")));
        assertThat(one.exec("touch", "/var/lib/leasehold/mine", "/run/mine").succeeded()).isTrue();
        assertThat(other.exec("ls", "/var/lib/leasehold", "/run").output()).doesNotContain("mine");
    }

    @Test
    @Order(4)
    void shouldGiveLeasesToClientsOnBothSubnets() throws Exception {
        var summary = lab.clients().acquire(100);

        assertThat(summary.isFlawless()).as(summary.toString()).isTrue();
        assertThat(summary.clients()).isEqualTo(100);
        assertThat(lab.clients().leases())
                .anyMatch(lease -> lease.address().startsWith("203.0.113."))
                .anyMatch(lease -> lease.address().startsWith("198.18."));
        assertThat(lab.clients().acquire(100).obtained()).isZero();
    }

    @Test
    @Order(5)
    void shouldRenewInEachState() throws Exception {
        for (var state : RenewalState.values()) {
            var summary = lab.clients().renew(Optional.of(state));

            assertThat(summary.isFlawless()).as(state + ": " + summary).isTrue();
            assertThat(summary.sameAddress()).isEqualTo(100);
        }
    }

    @Test
    @Order(6)
    void shouldMeasureHowLongAPausedServerWasSilent() throws Exception {
        var server = lab.node(LabNode.DHCP1);
        try (var probe = lab.clients().probe()) {
            server.pause();
            Thread.sleep(Duration.ofMillis(400));
            server.resume();
            var report = probe.finish(Duration.ofSeconds(10));

            assertThat(report.recovered()).isTrue();
            for (var kind : ProbeKind.values()) {
                assertThat(report.kind(kind).gapMillis()).as(kind.label()).isBetween(380.0, 3000.0);
            }
        }
    }

    @Test
    @Order(7)
    void shouldShowBothEndsThatACableIsCut() throws Exception {
        lab.cut(Link.CROSSOVER);
        assertThat(lab.network().hasCarrier(Link.CROSSOVER, LabNode.DHCP1)).isFalse();
        assertThat(lab.network().hasCarrier(Link.CROSSOVER, LabNode.DHCP2)).isFalse();
        assertThat(reaches(LabNode.DHCP1, Link.CROSSOVER)).isFalse();

        lab.heal(Link.CROSSOVER);
        assertThat(reaches(LabNode.DHCP1, Link.CROSSOVER)).isTrue();
    }

    @Test
    @Order(8)
    void shouldLoseOneDirectionOnly() throws Exception {
        for (var link : new Link[] {Link.CROSSOVER, Link.LAN_DHCP1}) {
            lab.cut(link, LabNode.DHCP1);
            assertThat(lab.network().hasCarrier(link, LabNode.DHCP1)).isTrue();
            assertThat(reaches(LabNode.DHCP1, link)).isFalse();
            // What the other says still arrives.
            assertThat(received(LabNode.DHCP1, link, LabNode.DHCP2)).isTrue();

            lab.heal(link);
            assertThat(reaches(LabNode.DHCP1, link)).as(link.label()).isTrue();
        }
    }

    @Test
    @Order(9)
    void shouldSwitchAServerOffAndOnWithANewBoot() throws Exception {
        var server = lab.node(LabNode.DHCP2);
        var boot = server.status().bootId();
        server.exec("ip", "address", "add", "198.18.0.99/32", "dev", "lan0");

        server.powerOff();
        assertThat(server.isOn()).isFalse();
        assertThat(lab.network().hasCarrier(Link.CROSSOVER, LabNode.DHCP1)).isFalse();
        assertThat(server.resume()).as("there is nothing to resume, and nothing wrong").isZero();

        server.powerOn();
        assertThat(server.status().bootId()).isNotEqualTo(boot);
        assertThat(server.exec("ip", "address").output()).doesNotContain("198.18.0.99");
        assertThat(reaches(LabNode.DHCP1, Link.CROSSOVER)).isTrue();
    }

    /** A box that a fence device switches on, as its cable is plugged in again. */
    @Test
    @Order(10)
    void shouldPlugACableInOfAServerThatIsJustBeingSwitchedOn() throws Exception {
        lab.node(LabNode.DHCP1).powerOff();
        lab.cut(Link.CROSSOVER);
        var on =
                new FutureTask<>(() -> {
                    lab.node(LabNode.DHCP1).powerOn();
                    return true;
                });
        Thread.ofPlatform().start(on);
        Lab.await("it to find its cables", () -> lab.network().exists(LabNode.DHCP1));

        lab.heal(Link.CROSSOVER);

        assertThat(on.get()).isTrue();
        assertThat(reaches(LabNode.DHCP1, Link.CROSSOVER)).isTrue();
    }

    @Test
    @Order(11)
    void shouldFenceAndReadBackAsAFenceAgentDoes() throws Exception {
        assertThat(fence("status")).isZero();
        assertThat(fence("off")).isZero();
        assertThat(lab.node(LabNode.DHCP2).isOn()).isFalse();
        assertThat(fence("status")).isEqualTo(2);
        assertThat(fence("on")).isZero();
        assertThat(lab.node(LabNode.DHCP2).isOn()).isTrue();

        device(FenceBehaviour.Fault.REFUSE);
        assertThat(fence("off")).isEqualTo(1);
        assertThat(lab.node(LabNode.DHCP2).isOn()).isTrue();

        device(FenceBehaviour.Fault.LIE);
        assertThat(fence("off")).isZero();
        assertThat(lab.node(LabNode.DHCP2).isOn()).isTrue();

        device(FenceBehaviour.Fault.NONE);
        assertThat(fence("reboot")).isZero();
    }

    @Test
    @Order(12)
    void shouldShowWhatMovingOnlyTheAddressDoes() throws Exception {
        lab.node(LabNode.DHCP1).powerOff();
        lab.movePlainServer(LabNode.DHCP2);
        // Newcomers first: they get what others hold.
        var held = lab.clients().leases();
        lab.clients().acquire(held.size() + 30);

        var summary = lab.clients().renew(Optional.of(RenewalState.REBINDING));
        assertThat(summary.naks() + summary.duplicateAddresses()).isPositive();
        assertThat(summary.isFlawless()).isFalse();
    }

    private void device(FenceBehaviour.Fault fault) throws Exception {
        lab.fenceDevice(LabNode.DHCP2, new FenceBehaviour(fault, Duration.ofMillis(10)));
    }

    private int fence(String action) throws Exception {
        return lab.in(
                        LabNode.DHCP1,
                        Command.of("/run/leasehold-lab/fence_lab")
                                .withInput("action=%s%nplug=dhcp2%n".formatted(action)))
                .run()
                .exitStatus();
    }

    /** Whether a server gets an ARP answer from its peer. */
    private boolean reaches(LabNode from, Link link) throws Exception {
        var address =
                link == Link.CROSSOVER ? from.peer().crossoverAddress() : from.peer().lanAddress();
        return lab.in(
                        from,
                        Command.of("arping", "-c1", "-w2", "-I", link.interfaceAt(from), address))
                .run()
                .succeeded();
    }

    /** Whether an ARP question of {@code sender} reaches {@code receiver} on a link. */
    private boolean received(LabNode receiver, Link link, LabNode sender) throws Exception {
        var address = link == Link.CROSSOVER ? receiver.crossoverAddress() : receiver.lanAddress();
        var card = link.interfaceAt(receiver);
        var counter = "/sys/class/net/" + card + "/statistics/rx_packets";
        long before = Long.parseLong(lab.node(receiver).exec("cat", counter).output().strip());
        lab.in(sender, Command.of("arping", "-c1", "-w1", "-I", card, address)).run();
        long after = Long.parseLong(lab.node(receiver).exec("cat", counter).output().strip());
        return after > before;
    }

    private static Lab lab() {
        try {
            return Lab.find(NAME).orElseThrow();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
