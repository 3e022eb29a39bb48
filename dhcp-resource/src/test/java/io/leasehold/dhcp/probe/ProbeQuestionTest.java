package io.leasehold.dhcp.probe;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.AddressPlan;
import io.leasehold.dhcp.config.Configuration;
import io.leasehold.dhcp.config.ConfigurationSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbeQuestionTest {

    @TempDir Path directory;

    private AddressPlan plan(String text) throws IOException {
        var volume = new VolumeLayout(directory);
        Files.writeString(volume.configuration(), text);
        return Configuration.read(ConfigurationSource.mounted(volume)).plan();
    }

    @Test
    void shouldAskForTheReservedAddress() throws IOException {
        assertThat(ProbeQuestion.fitting(plan(GOOD), FACTS))
                .isEqualTo(new ProbeQuestion.Reserved(Ipv4Address.of("198.18.0.2")));
        assertThat(FACTS.probeClientId()).isEqualTo(ProbeSettings.CLIENT_ID);
    }

    @Test
    void shouldAskFromElsewhereWithoutAReservationInTheRightSubnet() throws IOException {
        assertThat(
                        ProbeQuestion.fitting(
                                plan(GOOD.replace("address 198.18.0.2", "address 10.1.1.1")),
                                FACTS))
                .isEqualTo(new ProbeQuestion.Elsewhere(Ipv4Address.of("192.0.2.1")));
    }

    @Test
    void shouldNotAskForAnAddressThatTheServerKnows() throws IOException {
        var text =
                GOOD.replace("leasehold-probe\";", "other\";")
                        + "subnet 192.0.2.0 netmask 255.255.255.0 { }\n";
        assertThat(ProbeQuestion.fitting(plan(text), FACTS))
                .isEqualTo(new ProbeQuestion.Elsewhere(Ipv4Address.of("198.51.100.1")));
    }
}
