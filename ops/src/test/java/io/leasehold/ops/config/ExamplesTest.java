package io.leasehold.ops.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.leasehold.heartbeat.record.NodeName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The examples that people copy from. */
class ExamplesTest {
    private static final Path EXAMPLES = Path.of("examples");
    private static final NodeName DHCP_1 = new NodeName("dhcp1");
    private static final NodeName DHCP_2 = new NodeName("dhcp2");

    @Test
    void shouldAcceptTheShortExampleWithoutAWarning() {
        var valid = load("leasehold.conf");

        assertThat(valid.warnings()).isEmpty();
        var configuration = valid.configuration();
        assertThat(configuration.cluster().name()).isEqualTo("office-dhcp");
        assertThat(configuration.nodes().keySet()).containsExactly(DHCP_1, DHCP_2);
        assertThat(configuration.node(DHCP_1).replication())
                .hasToString("/192.0.2.1:" + ValueType.DEFAULT_REPLICATION_PORT);
        assertThat(
                        configuration
                                .node(DHCP_2)
                                .fencingLevels()
                                .getFirst()
                                .devices()
                                .getFirst()
                                .agent())
                .isEqualTo(Path.of("/usr/sbin/fence_ipmilan"));
        assertThat(configuration.dhcp().interfaces().of(DHCP_2)).containsExactly("eth0");
        assertThat(configuration.trackInterfaces().of(DHCP_1)).containsExactly("eth0");
        assertThat(configuration.control().socket())
                .isEqualTo(Path.of("/run/leasehold/control.sock"));
    }

    @Test
    void shouldReadEveryValueOfTheCompleteExample() {
        var configuration = load("complete.conf").configuration();

        assertThat(configuration.node(DHCP_1).fencingLevels())
                .extracting(level -> level.devices().size())
                .containsExactly(1, 2);
        assertThat(configuration.node(DHCP_1).fencingLevels().getFirst().devices().getFirst())
                .satisfies(device -> {
                    assertThat(device.timeout()).isEqualTo(Duration.ofSeconds(10));
                    assertThat(device.options())
                            .containsEntry("username", "fence")
                            .containsEntry("ip", "198.51.100.11");
                });
        assertThat(
                        configuration
                                .node(DHCP_2)
                                .fencingLevels()
                                .getFirst()
                                .devices()
                                .getFirst()
                                .agent())
                .isEqualTo(Path.of("/usr/local/sbin/fence_pdu"));
        assertThat(configuration.links().get("crossover"))
                .extracting(link -> link.interfaces().of(DHCP_2))
                .isEqualTo("enp3s0");
        assertThat(configuration.timing())
                .isEqualTo(
                        new Configuration.Timing(
                                Duration.ofMillis(100),
                                Duration.ofMillis(600),
                                Duration.ofMillis(1_500),
                                Duration.ofSeconds(45),
                                Duration.ofSeconds(4),
                                Duration.ofMinutes(2),
                                Duration.ofSeconds(4),
                                4,
                                Duration.ofSeconds(20),
                                Duration.ofSeconds(4)));
        assertThat(configuration.volume().journal())
                .isEqualTo(
                        new Configuration.Journal(
                                Path.of("/data/leasehold/journal"), 16 << 20, 32));
        assertThat(configuration.vip().address()).hasToString("203.0.113.10/24");
        assertThat(configuration.dhcp().probe().ports().orElseThrow().send().of(DHCP_2))
                .isEqualTo("probe1");
        assertThat(configuration.control())
                .isEqualTo(
                        new Configuration.Control(
                                Path.of("/run/dhcp-pair/control.sock"), List.of("netadmin")));
    }

    @Test
    void shouldHaveEveryKeyInTheCompleteExample() {
        assertThat(load("complete.conf").settings())
                .filteredOn(setting ->
                        setting.source().isEmpty() && !setting.key().startsWith("nodes."))
                .extracting(EffectiveSetting::key)
                .isEmpty();
    }

    @Test
    void shouldNotShowASecret() {
        assertThat(load("complete.conf").settings())
                .filteredOn(setting -> setting.key().equals("nodes.dhcp1.fencing[1].options"))
                .singleElement()
                .extracting(EffectiveSetting::value)
                .asString()
                .contains("password = \"***\"")
                .contains("username = \"fence\"")
                .doesNotContain("not this one");
    }

    private static Loaded.Valid load(String name) {
        var loaded = ConfigurationFile.load(EXAMPLES.resolve(name));
        if (loaded instanceof Loaded.Invalid invalid) {
            assertThat(invalid.problems()).isEmpty();
        }
        return assertThat(loaded).asInstanceOf(type(Loaded.Valid.class)).actual();
    }
}
