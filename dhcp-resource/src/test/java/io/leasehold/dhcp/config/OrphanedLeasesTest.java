package io.leasehold.dhcp.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.lease.LeaseFileParser;
import io.leasehold.dhcp.lease.LeaseFiles;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class OrphanedLeasesTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:30:00Z");
    private static final Path FILE = Path.of("dhcpd.conf");

    /** 198.18.0.10 to 198.18.0.29, all active. */
    private static LeaseTable leases(Instant ends) throws IOException {
        var table = new LeaseTable.Builder();
        LeaseFileParser.parse(
                new ByteArrayInputStream(LeaseFiles.of(20, NOW.minusSeconds(60), ends)),
                FILE,
                table);
        return table.build();
    }

    private static Configuration configuration(String text) {
        return Configuration.ofText(text, FILE);
    }

    @Test
    void shouldCountAndNameTheActiveLeasesThatNoRangeCovers() throws IOException {
        var narrowed =
                configuration(
                        "a;\nsubnet 198.18.0.0 netmask 255.255.255.0 {"
                                + " range 198.18.0.13 198.18.0.22; pool { range 198.18.0.29; } }");

        assertThat(OrphanedLeases.check(narrowed, leases(NOW.plusSeconds(60)), NOW))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.isError()).isFalse();
                    assertThat(finding.place()).hasToString("dhcpd.conf:2:1");
                    assertThat(finding.what())
                            .contains("9 active leases")
                            .contains("198.18.0.10, 198.18.0.11, 198.18.0.12, 198.18.0.23")
                            .contains("…");
                });
    }

    @Test
    void shouldTellARemovedSubnet() throws IOException {
        assertThat(OrphanedLeases.check(configuration(""), leases(NOW.plusSeconds(60)), NOW))
                .extracting(Finding::what)
                .singleElement()
                .asString()
                .contains("20 active leases are in no subnet at all");
    }

    @Test
    void shouldNotMindLeasesThatHaveRunOut() throws IOException {
        assertThat(OrphanedLeases.check(configuration(""), leases(NOW), NOW)).isEmpty();
    }
}
