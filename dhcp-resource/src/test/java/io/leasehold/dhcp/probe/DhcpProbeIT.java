package io.leasehold.dhcp.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.Configuration;
import io.leasehold.dhcp.config.ConfigurationSource;
import io.leasehold.dhcp.config.Configurations;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.engine.DhcpLan;
import io.leasehold.dhcp.engine.DhcpdEngine;
import io.leasehold.dhcp.engine.DhcpdSettings;
import io.leasehold.dhcp.engine.NamespaceProcessHost;
import io.leasehold.dhcp.engine.StartResult;
import io.leasehold.heartbeat.address.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The probe against the real dhcpd, in both arrangements. */
@Timeout(60)
class DhcpProbeIT {

    private static final ProbeQuestion DISCOVER =
            new ProbeQuestion.Reserved(Ipv4Address.of("198.18.0.2"));
    private static final ProbeQuestion ELSEWHERE =
            new ProbeQuestion.Elsewhere(Ipv4Address.of("192.0.2.1"));
    private static final Duration LIMIT = Duration.ofMillis(500);

    /** Where the probe is. */
    enum Arrangement {
        /** Sends from a macvlan on the server's interface, listens on that interface. */
        MACVLAN,
        /** Sends and listens on a second way into the client LAN. */
        CLIENT_SIDE
    }

    @TempDir Path temporary;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private DhcpLan lan;

    @BeforeEach
    void begin() throws IOException {
        lan = new DhcpLan();
    }

    @AfterEach
    void end() throws Exception {
        for (var resource : opened.reversed()) {
            resource.close();
        }
        lan.close();
    }

    private DhcpProbe probe(Arrangement arrangement) throws IOException {
        var mac = ProbeMacvlan.addressOf(1);
        var channel =
                switch (arrangement) {
                    case MACVLAN -> {
                        opened.add(
                                lan.in(
                                        "server",
                                        () -> ProbeMacvlan.create("lhprobe", "lan0", mac)));
                        yield lan.in("server", () -> PacketSocketChannel.open("lhprobe", "lan0"));
                    }
                    case CLIENT_SIDE -> {
                        lan.ip("server", "link", "set", "probe0", "address", mac.toString());
                        yield lan.in("server", () -> PacketSocketChannel.open("probe0", "probe0"));
                    }
                };
        MacAddress own =
                lan.in(
                        "server",
                        () -> {
                            try (var onServer = PacketSocketChannel.open("lan0", "lan0")) {
                                return onServer.receiveAddress();
                            }
                        });
        var probe =
                new DhcpProbe(
                        new ProbeSettings(
                                mac, ProbeSettings.CLIENT_ID, Configurations.VIP, Optional.of(own)),
                        channel,
                        new Random(),
                        System::nanoTime);
        opened.add(probe);
        return probe;
    }

    private Path serve(String where, String device, String configuration) throws IOException {
        var root = Files.createDirectory(temporary.resolve(where));
        var volume = new VolumeLayout(root);
        Files.writeString(volume.configuration(), configuration);
        Files.createFile(volume.leases());
        new Generations(volume)
                .accept(Configuration.read(ConfigurationSource.mounted(volume)), Instant.now());
        var host = new NamespaceProcessHost(lan.namespace(where));
        opened.add(host);
        var engine =
                new DhcpdEngine(
                        DhcpdSettings.of(
                                volume, List.of(device), temporary.resolve(where + ".log")),
                        host,
                        _ -> {},
                        System::nanoTime);
        opened.add(engine);
        assertThat(engine.start()).isInstanceOf(StartResult.Started.class);
        return volume.leases();
    }

    private static Duration green(ProbeResult result) {
        assertThat(result).isInstanceOf(ProbeResult.Green.class);
        return ((ProbeResult.Green) result).answer().after();
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeGreenWithinMillisecondsAndConsumeNothing(Arrangement arrangement)
            throws IOException {
        var leases = serve("server", "lan0", Configurations.GOOD);
        var before = Files.readString(leases);
        var probe = probe(arrangement);

        var best = Duration.ofDays(1);
        for (var question : List.of(DISCOVER, ELSEWHERE, DISCOVER, ELSEWHERE, DISCOVER)) {
            var after = green(probe.probe(question, LIMIT));
            best = after.compareTo(best) < 0 ? after : best;
        }

        System.out.println(arrangement + ": answer after " + best);
        assertThat(best).isLessThan(Duration.ofMillis(50));
        assertThat(Files.readString(leases)).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeRedWhileTheKernelGateIsShut(Arrangement arrangement) throws IOException {
        serve("server", "lan0", Configurations.GOOD);
        var probe = probe(arrangement);
        green(probe.probe(DISCOVER, LIMIT));

        lan.exec(
                "server",
                """
                table netdev gate {
                  chain out {
                    type filter hook egress device "lan0" priority 0;
                    udp sport 67 drop
                  }
                }
                """,
                "nft",
                "-f",
                "-");
        assertThat(probe.probe(DISCOVER, LIMIT)).isInstanceOf(ProbeResult.Silent.class);

        lan.exec("server", "delete table netdev gate\n", "nft", "-f", "-");
        green(probe.probe(DISCOVER, LIMIT));
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeRedWithoutAServer(Arrangement arrangement) throws IOException {
        assertThat(probe(arrangement).probe(DISCOVER, LIMIT))
                .isInstanceOf(ProbeResult.Silent.class);
    }

    @ParameterizedTest
    @EnumSource
    void shouldHearASecondServer(Arrangement arrangement) throws IOException {
        serve("server", "lan0", Configurations.GOOD);
        var probe = probe(arrangement);
        green(probe.probe(DISCOVER, LIMIT));
        serve(
                "rogue",
                "eth0",
                """
                authoritative;
                subnet 198.18.0.0 netmask 255.255.255.0 { range 198.18.0.90 198.18.0.99; }
                """);

        // Whichever is first, the other one is heard by a later probe: a rogue may be slow.
        var result =
                await().pollInterval(Duration.ofMillis(50))
                        .until(
                                () -> probe.probe(ELSEWHERE, LIMIT),
                                ProbeResult.SecondServer.class::isInstance);

        assertThat(result)
                .isInstanceOfSatisfying(
                        ProbeResult.SecondServer.class,
                        second ->
                                assertThat(second.answers())
                                        .extracting(a -> a.serverIdentifier().toString())
                                        .contains("198.18.0.1", "198.18.0.66"));
    }

    @Test
    void shouldReplaceAMacvlanThatAPredecessorLeft() throws IOException {
        var mac = ProbeMacvlan.addressOf(2);
        lan.in("server", () -> ProbeMacvlan.create("lhprobe", "lan0", mac));
        var second = lan.in("server", () -> ProbeMacvlan.create("lhprobe", "lan0", mac));

        assertThat(second.name()).isEqualTo("lhprobe");
        assertThat(
                        lan.<MacAddress>in(
                                "server",
                                () -> {
                                    try (var socket = PacketSocketChannel.open("lhprobe", "lan0")) {
                                        return socket.sendAddress();
                                    }
                                }))
                .isEqualTo(mac);
    }
}
