package io.leasehold.dhcp.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.engine.OpenLeaseFile.Open;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenLeaseFileTest {

    private static final Path LEASES = Path.of("/srv/dhcp/dhcpd.leases");

    @ParameterizedTest
    @CsvSource({
        // What dhcpd has open, its inode, whether its leases will be lost.
        "/srv/dhcp/dhcpd.leases, 7, false",
        "/srv/dhcp/dhcpd.leases.1795341600, 8, false",
        "/var/log/dhcpd.log, 9, false",
        "/srv/dhcp/dhcpd.leases.saved (deleted), 9, false",
        "/srv/dhcp/dhcpd.leases, 8, true",
        "/srv/dhcp/dhcpd.leases (deleted), 7, true",
        "/srv/dhcp/dhcpd.leases.1795341600 (deleted), 8, true",
    })
    void shouldTellADetachedFileFromARewriteUnderWay(String target, long inode, boolean detached) {
        assertThat(
                        OpenLeaseFile.detached(
                                        List.of(new Open("/dev/fuse", 1), new Open(target, inode)),
                                        LEASES,
                                        7)
                                .isPresent())
                .isEqualTo(detached);
    }
}
