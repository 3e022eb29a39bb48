package io.leasehold.dhcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4AddressTest {

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "192.0.2.1", "255.255.255.255", "10.200.3.44"})
    void shouldBePrintedAsItWasRead(String text) {
        var address = Ipv4Address.of(text);

        assertThat(address).hasToString(text);
        assertThat(Ipv4Address.of(address.toBytes(), 0)).isEqualTo(address);
        assertThat(address.toInet().getHostAddress()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.256",
                "1..2.3",
                "a.b.c.d",
                "1.2.3.-4",
                " 1.2.3.4",
                "1.2.3.4.",
                "99999999999.0.0.1"
            })
    void shouldNotBeMadeOfAnythingElse(String text) {
        assertThat(Ipv4Address.parse(text)).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> Ipv4Address.of(text));
    }

    @Test
    void shouldBeOrderedAsAnUnsignedNumber() {
        assertThat(Ipv4Address.of("200.0.0.1")).isGreaterThan(Ipv4Address.of("100.0.0.1"));
        assertThat(Ipv4Address.BROADCAST).isGreaterThan(Ipv4Address.ANY);
    }

    @Test
    void shouldKnowItsNetwork() {
        var mask = Ipv4Address.of("255.255.255.128");
        assertThat(Ipv4Address.of("192.0.2.127").isIn(Ipv4Address.of("192.0.2.0"), mask)).isTrue();
        assertThat(Ipv4Address.of("192.0.2.128").isIn(Ipv4Address.of("192.0.2.0"), mask)).isFalse();
    }

    @Test
    void shouldShowBytesAsDhcpdDoes() {
        assertThat(Octets.ofAscii("a\"\\\0\377")).hasToString("\"a\\\"\\\\\\000\\377\"");
        assertThat(Octets.ofAscii("\1\253").toHex()).isEqualTo("01:ab");
        assertThat(Octets.copyOf(new byte[0])).isSameAs(Octets.EMPTY);
    }
}
