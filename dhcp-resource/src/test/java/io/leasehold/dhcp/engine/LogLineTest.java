package io.leasehold.dhcp.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines as dhcpd 4.4.3 prints them. */
class LogLineTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "commit_leases: unable to commit, fsync(): Input/output error | CommitFailed | true",
                "commit_leases: unable to commit, fflush(): No space left | CommitFailed | true",
                "write_lease: unable to write lease 192.0.2.1 | CommitFailed | true",
                "Can't create new lease file: Read-only file system | RewriteFailed | true",
                "Can't backup lease database /srv/dhcp/dhcpd.leases to /srv/dhcp/dhcpd.leases~:"
                        + " Operation not permitted | RewriteFailed | true",
                "Can't install new lease database /a to /b: No such file | RewriteFailed | true",
                "new_lease_file: lease file path too long | RewriteFailed | true",
                "Corrupt lease file - possible data loss! | LeaseDropped | false",
                "lease 192.0.2.9: no subnet. | LeaseDropped | false",
                "undeclared lease found in database: 192.0.2.9 | LeaseDropped | false",
                "DHCPDISCOVER from 02:00:5e:00:53:01 via lan0: network 192.0.2.0/24: no free leases"
                        + " | NoFreeLeases | false",
                "Abandoning IP address 192.0.2.9: pinged before offer | AddressConflict | false",
            })
    void shouldBeAnAlarm(String line, String alarm, boolean fatal) {
        assertThat(LogLine.alarmOf(line))
                .hasValueSatisfying(found -> {
                    assertThat(found.getClass().getSimpleName()).isEqualTo(alarm);
                    assertThat(found.isFatal()).isEqualTo(fatal);
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DHCPACK on 192.0.2.9 to 02:00:5e:00:53:01 (lease database) via lan0",
                "Wrote 3 leases to leases file.",
                "Server starting service.",
                "DHCPREQUEST for 192.0.2.1 from 02:00:5e:00:53:01 via lan0: wrong network.",
                "Can't open /etc/dhcp/x: No such file or directory",
                ""
            })
    void shouldNotBeAnAlarm(String line) {
        assertThat(LogLine.alarmOf(line)).isEqualTo(Optional.empty());
    }
}
