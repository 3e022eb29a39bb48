package io.leasehold.itests.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairConfigurationTest {
    @TempDir private Path directory = Path.of("");

    @Test
    void shouldBeWhatTheDaemonAccepts() throws Exception {
        var lab = new LabDirectory(new LabName("test"), directory);
        for (var node : LabNode.servers()) {
            Files.createDirectories(lab.etc(node));
        }
        for (var arbiter : LabOptions.Arbiter.values()) {
            for (var profile : LabOptions.Profile.values()) {
                var options =
                        LabOptions.DEFAULT
                                .withArbiter(arbiter)
                                .withProfile(profile)
                                .withSettings("volume.reserve = 64 MiB");
                new PairConfiguration(lab, options).write();

                var file = lab.etc(LabNode.DHCP1).resolve("leasehold.conf");
                assertThat(ConfigurationFile.load(file))
                        .as(arbiter + " " + profile)
                        .isInstanceOfSatisfying(
                                Loaded.Valid.class,
                                valid ->
                                        assertThat(valid.configuration().volume().reserveBytes())
                                                .isEqualTo(64 << 20));
                assertThat(lab.etc(LabNode.DHCP2).resolve("leasehold.conf"))
                        .hasSameTextualContentAs(file);
                assertThat(lab.etc(LabNode.DHCP2).resolve("cluster.key"))
                        .hasSameTextualContentAs(lab.etc(LabNode.DHCP1).resolve("cluster.key"));
            }
        }
    }
}
