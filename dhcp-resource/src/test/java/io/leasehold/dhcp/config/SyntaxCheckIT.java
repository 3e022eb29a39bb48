package io.leasehold.dhcp.config;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Debian's dhcpd -t really says, and where. */
@Timeout(30)
class SyntaxCheckIT {

    private static final Path MOUNT = Path.of("/srv/dhcp");

    @TempDir Path temporary;
    private Path volume;
    private SyntaxCheck syntax;

    @BeforeEach
    void begin() throws IOException {
        volume = Files.createDirectory(temporary.resolve("volume"));
        syntax = new SyntaxCheck(Path.of("/usr/sbin/dhcpd"), temporary.resolve("run"));
    }

    private List<Finding> check() throws IOException {
        return syntax.check(
                Configuration.read(new ConfigurationSource(MOUNT, new VolumeLayout(volume))));
    }

    /** local-address, server-identifier and host-identifier are understood by this dhcpd. */
    @Test
    void shouldFindNothingInAGoodConfiguration() throws IOException {
        Files.writeString(volume.resolve("dhcpd.conf"), GOOD);

        assertThat(check()).isEmpty();
        try (var left = Files.list(temporary.resolve("run"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void shouldNameFileLineAndColumnThroughIncludes() throws IOException {
        Files.writeString(volume.resolve("dhcpd.conf"), GOOD + "include \"more.conf\";\n");
        Files.writeString(volume.resolve("more.conf"), "# one\n# two\ndefault-lease-time ten;\n");

        assertThat(check())
                .anySatisfy(finding -> {
                    assertThat(finding.isError()).isTrue();
                    assertThat(finding.place().file()).isEqualTo(MOUNT.resolve("more.conf"));
                    assertThat(finding.place().line()).isEqualTo(3);
                    assertThat(finding.place().column()).isPositive();
                });
    }

    @Test
    void shouldFindTheRangeThatDhcpdOnlyNames() throws IOException {
        Files.writeString(
                volume.resolve("dhcpd.conf"), GOOD.replace("198.18.0.250;", "198.18.7.250;"));

        assertThat(check())
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.place()).hasToString("/srv/dhcp/dhcpd.conf:7:3"));
    }

    @Test
    void shouldBePartOfTheVerdict() throws IOException {
        Files.writeString(volume.resolve("dhcpd.conf"), GOOD + "subnet 1.2.3.4 {\n");
        var configuration =
                Configuration.read(new ConfigurationSource(MOUNT, new VolumeLayout(volume)));

        var verdict =
                new ConfigurationCheck(FACTS, syntax)
                        .check(configuration, LeaseTable.EMPTY, Instant.now());

        assertThat(verdict).isInstanceOf(Verdict.Bad.class);
        assertThat(verdict.findings()).extracting(Finding::check).contains("dhcpd-refuses");
    }

    @Test
    void shouldRefuseWhenDhcpdCannotBeAsked() throws IOException {
        Files.writeString(volume.resolve("dhcpd.conf"), GOOD);
        var configuration =
                Configuration.read(new ConfigurationSource(MOUNT, new VolumeLayout(volume)));
        var absent = new SyntaxCheck(Path.of("/nonexistent/dhcpd"), temporary.resolve("run"));

        assertThat(
                        new ConfigurationCheck(FACTS, absent)
                                .check(configuration, LeaseTable.EMPTY, Instant.now()))
                .isInstanceOf(Verdict.Bad.class);
    }
}
