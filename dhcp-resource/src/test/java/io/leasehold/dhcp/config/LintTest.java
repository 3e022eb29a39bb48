package io.leasehold.dhcp.config;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Severity;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LintTest {

    private static final Path FILE = Path.of("/srv/dhcp/dhcpd.conf");

    private static List<Finding> lint(String text) {
        return Lint.check(Configuration.ofText(text, FILE), FACTS);
    }

    @Test
    void shouldFindNothingInAGoodConfiguration() {
        assertThat(lint(GOOD)).isEmpty();
    }

    /**
     * Each line breaks the good configuration in one way, by replacing its first with its second.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "server-identifier 198.18.0.1; |  | server-identifier-missing | ERROR | 6:1",
                "server-identifier 198.18.0.1; | server-identifier 198.18.0.2; |"
                        + " server-identifier-wrong | ERROR | 2:1",
                "server-identifier 198.18.0.1; | server-identifier dhcp.example; |"
                        + " server-identifier-wrong | ERROR | 2:1",
                "server-identifier 198.18.0.1; | option dhcp-server-identifier 198.18.0.9; |"
                        + " server-identifier-wrong | ERROR | 2:1",
                "local-address 198.18.0.1; | | local-address-missing | ERROR | 1",
                "local-address 198.18.0.1; | local-address 198.18.0.2; | local-address-wrong | ERROR"
                        + " | 3:1",
                "authoritative; | authoritative; local-port 1067; | local-port-other | ERROR | 1:16",
                "authoritative; | | authoritative-missing | WARNING | 1",
                "authoritative; | not authoritative; | authoritative-missing | WARNING | 1",
                "authoritative; | authoritative; dont-use-fsync true; | fsync-switched-off | ERROR |"
                        + " 1:16",
                "authoritative; | authoritative; DONT-USE-FSYNC on; | fsync-switched-off | ERROR |"
                        + " 1:16",
                "authoritative; | authoritative; failover peer \"x\" { primary; } | failover-leftover"
                        + " | ERROR | 1:16",
                "range 198 | failover peer \"x\"; range 198 | failover-leftover | ERROR | 7:3",
                "authoritative; | authoritative; lease-file-name \"/tmp/l\"; | lease-file-name-set |"
                        + " ERROR | 1:16",
                "authoritative; | authoritative; pid-file-name \"/tmp/p\"; | pid-file-name-set |"
                        + " ERROR | 1:16",
                "authoritative; | authoritative; delayed-ack 5000; | delayed-ack-large | WARNING |"
                        + " 1:16",
                "authoritative; | authoritative; omapi-port 7911; | omapi-open | WARNING | 1:16",
                "default-lease-time 600; | default-lease-time 10; | lease-time-short | WARNING |"
                        + " 4:1",
                "default-lease-time 600; | default-lease-time -1; | lease-time-short | WARNING |"
                        + " 4:1",
                "198.18.0.10 198 | 198.18.0.1 198 | range-contains-own-address | ERROR | 7:3",
                "198.18.0.0 netmask | 198.18.7.0 netmask | vip-subnet-missing | ERROR | 1",
                "range 198 | range 198.18.0.100; range 198 | ranges-overlap | WARNING | 7:3",
                "fixed-address 198.18.0.2 | fixed-address 198.18.0.20 | probe-host-in-range | ERROR |"
                        + " 9:1",
                "fixed-address 198.18.0.2 | fixed-address 192.0.2.7 | probe-host-elsewhere | ERROR |"
                        + " 9:1",
                "leasehold-probe\"; | somebody-else\"; | probe-host-missing | NOTE | 1",
            })
    void shouldFindWhatAFailoverDoesNotSurvive(
            String before, String after, String check, Severity severity, String place) {
        var text =
                GOOD.replaceFirst(
                        java.util.regex.Pattern.quote(before), after == null ? "" : after);
        assertThat(text).isNotEqualTo(GOOD);

        assertThat(lint(text))
                .anySatisfy(finding -> {
                    assertThat(finding.check()).isEqualTo(check);
                    assertThat(finding.severity()).isEqualTo(severity);
                    assertThat(finding.place()).hasToString(FILE + ":" + place);
                    assertThat(finding.what()).isNotBlank();
                });
    }

    /** The replication link has node addresses, too, and often comes first. */
    @Test
    void shouldAdviseAnAddressOfTheClientsSubnetForTheProbe() {
        var facts =
                new ClusterFacts(
                        FACTS.vip(),
                        List.of(Ipv4Address.of("192.0.2.1"), Ipv4Address.of("198.18.0.2")),
                        FACTS.probeClientId());
        var withoutProbe = GOOD.substring(0, GOOD.indexOf("host "));

        assertThat(Lint.check(Configuration.ofText(withoutProbe, FILE), facts))
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.advice())
                                .contains("fixed-address 198.18.0.2;")
                                .contains("\\000leasehold-probe"));
    }

    @Test
    void shouldAcceptWhatSwitchesATrapOff() {
        assertThat(lint("dont-use-fsync false;\n" + GOOD)).isEmpty();
        assertThat(lint("omapi-key k;\nomapi-port 7911;\n" + GOOD)).isEmpty();
    }

    @Test
    void shouldAcceptAServerIdentifierInEverySubnetInsteadOfOneForAll() {
        var moved =
                GOOD.replace("server-identifier 198.18.0.1;\n", "")
                        .replace("  range", "  server-identifier 198.18.0.1;\n  range");
        assertThat(lint(moved)).isEmpty();

        var oneOfTwo = moved + "shared-network x { subnet 198.18.9.0 netmask 255.255.255.0 { } }\n";
        assertThat(lint(oneOfTwo))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.check()).isEqualTo("server-identifier-missing");
                    assertThat(finding.what()).contains("198.18.9.0");
                });

        var shared = oneOfTwo.replace("network x {", "network x { server-identifier 198.18.0.1;");
        assertThat(lint(shared)).isEmpty();
    }

    @Test
    void shouldFindReservationsThatDisturbEachOther() {
        var findings =
                lint(
                        GOOD
                                + """
                                host a { hardware ethernet 2:0:5E:0:53:1; fixed-address 198.18.0.5; }
                                host b { hardware ethernet 02:00:5e:00:53:01; fixed-address 198.18.0.6; }
                                host c { hardware ethernet 02:00:5e:00:53:03; fixed-address 198.18.0.30; }
                                host d { hardware ethernet 02:00:5e:00:53:04; fixed-address 198.18.0.1; }
                                """);

        assertThat(findings)
                .extracting(Finding::check)
                .containsExactly("reservation-twice", "reservation-in-range", "reservation-of-vip");
    }

    @Test
    void shouldNotBeMisledByRecordTypesConditionsAndStrings() {
        var text =
                """
                option space lab;
                option lab.pair code 1 = { integer 8, text };
                class "a" { match if substring (option vendor-class-identifier, 0, 3) = "{;}"; }
                if exists agent.circuit-id { log(info, "dont-use-fsync true;"); } else { set x = "}"; }
                # failover peer "x" { }
                """;
        assertThat(lint(text + GOOD)).isEmpty();
    }
}
