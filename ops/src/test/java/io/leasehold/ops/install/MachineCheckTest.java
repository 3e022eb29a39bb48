package io.leasehold.ops.install;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import io.leasehold.ops.config.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a machine that is a directory, with {@code examples/leasehold.conf}. */
class MachineCheckTest {
    private static final String FILE = "examples/leasehold.conf";

    @TempDir private Path root;

    private MachineCheck.Result check(String node) {
        return check(Optional.of(new NodeName(node)));
    }

    private MachineCheck.Result check(Optional<NodeName> node) {
        return switch (ConfigurationFile.load(Path.of(FILE))) {
            case Loaded.Valid valid -> MachineCheck.of(root, valid, FILE, node);
            case Loaded.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private void write(String path, String text) throws IOException {
        var file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void program(String path) throws IOException {
        write(path, "");
        permit(path, "rwxr-xr-x");
    }

    private void permit(String path, String permissions) throws IOException {
        Files.setPosixFilePermissions(
                root.resolve(path.substring(1)), PosixFilePermissions.fromString(permissions));
    }

    private void remove(String path) throws IOException {
        Files.delete(root.resolve(path.substring(1)));
    }

    private static List<String> keys(List<Problem> problems) {
        return problems.stream().map(Problem::key).toList();
    }

    @Test
    void shouldNameAllThatAnEmptyMachineLacks() {
        var result = check("dhcp1");

        assertThat(keys(result.problems()))
                .containsExactlyInAnyOrder(
                        "volume.mount-point",
                        "links.crossover.interface",
                        "links.lan.interface",
                        "cluster.key-file",
                        "tls.key-file",
                        "tls.certificate-file",
                        "dhcp.program",
                        "nodes.dhcp2.fencing");
        assertThat(result.problems())
                .filteredOn(problem -> problem.key().equals("links.crossover.interface"))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.message()).contains("eth1");
                    assertThat(problem.place().file()).isEqualTo(FILE);
                    assertThat(problem.place().line()).isPositive();
                });
    }

    @Nested
    class WhenNothingIsMissing {
        @BeforeEach
        void prepare() throws IOException {
            write("/dev/fuse", "");
            write("/proc/sys/kernel/osrelease", "6.12.9-amd64\n");
            for (var name : List.of("eth0", "eth1")) {
                write("/sys/class/net/" + name + "/flags", "0x1003\n");
                write("/proc/sys/net/ipv4/conf/" + name + "/promote_secondaries", "1\n");
            }
            for (var name : List.of("cluster.key", "node.key", "node.crt")) {
                write("/etc/leasehold/" + name, "x");
                permit("/etc/leasehold/" + name, "rw-------");
            }
            program("/usr/sbin/dhcpd");
            program("/usr/sbin/fence_ipmilan");
            write("/etc/logrotate.d/leasehold", "");
        }

        private void assertOneWarning(String key, String hint) {
            var result = check("dhcp1");
            assertThat(result.problems()).isEmpty();
            assertThat(result.warnings())
                    .singleElement()
                    .satisfies(warning -> {
                        assertThat(warning.key()).isEqualTo(key);
                        assertThat(warning.hint().orElseThrow()).contains(hint);
                    });
        }

        @Test
        void shouldFindNothing() {
            assertThat(check("dhcp1").problems()).isEmpty();
            assertThat(check("dhcp2").warnings()).isEmpty();
        }

        @Test
        void shouldSayThatThisIsNoneOfTheNodes() {
            assertThat(check("mail").problems())
                    .singleElement()
                    .satisfies(problem -> assertThat(problem.message()).contains("[dhcp1, dhcp2]"));
        }

        @Test
        void shouldTakeTheNodeOfTheHostName() throws IOException {
            write("/proc/sys/kernel/hostname", "dhcp2.example.net\n");
            assertThat(check(Optional.empty()).problems()).isEmpty();
        }

        /** It may be the name of the node all the same: that is what --node is for. */
        @Test
        void shouldAskForTheNodeWhereTheHostNameCanBeNone() throws IOException {
            write("/proc/sys/kernel/hostname", "dhcp_1\n");

            assertThat(check(Optional.empty()).problems())
                    .singleElement()
                    .satisfies(problem -> {
                        assertThat(problem.message()).contains("dhcp_1");
                        assertThat(problem.hint())
                                .hasValueSatisfying(hint -> assertThat(hint).contains("--node"));
                    });
            assertThat(check("dhcp1").problems()).isEmpty();
        }

        @Test
        void shouldWarnOfAProbeThatAnswersForTheVip() throws IOException {
            write("/sys/class/net/probe0/flags", "0x1083\n");
            assertThat(check("dhcp1").warnings()).isEmpty();

            write("/sys/class/net/probe0/flags", "0x1003\n");
            assertOneWarning("dhcp.probe.interface", "ip link set probe0 arp off");
        }

        @Test
        void shouldWarnWhenTheVipTakesOtherAddressesWithIt() throws IOException {
            write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "0\n");
            assertOneWarning("vip.interface", "net.ipv4.conf.eth0.promote_secondaries=1");
        }

        @Test
        void shouldWarnOfASecretThatOthersMayRead() throws IOException {
            permit("/etc/leasehold/cluster.key", "rw-r-----");
            assertOneWarning("cluster.key-file", "chmod 600 /etc/leasehold/cluster.key");
        }

        @Test
        void shouldWarnOfAnAppArmorProfileThatDoesNotKnowTheVolume() throws IOException {
            write("/sys/kernel/security/apparmor/profiles", "lsb_release (enforce)\n");
            assertThat(check("dhcp1").warnings()).isEmpty();

            write("/sys/kernel/security/apparmor/profiles", "/usr/sbin/dhcpd (enforce)\n");
            assertOneWarning("dhcp.program", "/srv/dhcp/** rwkl,");

            write("/etc/apparmor.d/local/usr.sbin.dhcpd", "/srv/dhcp/ r,\n/srv/dhcp/** rwkl,\n");
            assertThat(check("dhcp1").warnings()).isEmpty();
        }

        @Test
        void shouldWarnOfAServerThatSystemdStarts() throws IOException {
            write("/etc/systemd/system/multi-user.target.wants/isc-dhcp-server.service", "");
            assertOneWarning("dhcp.program", "systemctl disable --now isc-dhcp-server");
        }

        @Test
        void shouldWarnWhenNothingRotatesTheLog() throws IOException {
            remove("/etc/logrotate.d/leasehold");
            assertOneWarning("paths.log-directory", "ops/examples/logrotate.conf");
        }

        @Test
        void shouldKnowWhatTheKernelMustHave() throws IOException {
            write("/proc/sys/kernel/osrelease", "6.1.0-31-amd64\n");
            assertOneWarning("", "takeover");

            write("/proc/sys/kernel/osrelease", "5.10.0-34-amd64\n");
            assertThat(check("dhcp1").problems())
                    .singleElement()
                    .satisfies(problem -> assertThat(problem.message()).contains("5.16"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "6.1.0-25-amd64, false",
        "6.8.12, false",
        "6.9.0, true",
        "6.12.1, true",
        "7.0-rc1, true",
        "unknown, false"
    })
    void shouldKnowOnWhichKernelADaemonCanBeReplacedUnderItsMount(String release, boolean can) {
        assertThat(MachineCheck.canHandAMountOn(release)).isEqualTo(can);
    }
}
