package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An administrator edits {@code dhcpd.conf} on the mount of the primary. */
@Timeout(240)
class ConfigurationEditIT {
    private static final String NAME = "edit-it";
    private static final String FILE = Pair.MOUNT_POINT + "/dhcpd.conf";

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME);
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        pair.assertHealthyAndNothingLost();
    }

    @Test
    void shouldRestartTheDhcpServerWithAGoodEdit() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);

        pair.underLoad(
                () -> edit(primary, "echo 'option domain-name \"example.org\";' >> " + FILE));

        pair.eventually(
                "dhcpd to be started again",
                () -> assertThat(pair.process(primary, Role.DHCPD)).isNotEqualTo(before));
        assertThat(pair.primary()).isEqualTo(primary);
    }

    @Test
    void shouldRefuseABadEditWithFileAndLine() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);
        var good = pair.lab().in(primary, Command.of("cat", FILE)).check();
        var line = good.lines().count() + 1;

        edit(primary, "echo 'this is no statement;' >> " + FILE);
        try {
            pair.eventually(
                    "the edit to be refused",
                    () ->
                            assertThat(pair.status(primary).path("alarms").toString())
                                    .contains("dhcpd.conf:" + line));
            var reload = pair.pair().clusterctl(primary, "dhcp", "reload");
            assertThat(reload.exitStatus()).as(reload.output()).isEqualTo(3);
            assertThat(reload.output() + reload.errors()).contains("dhcpd.conf:" + line);
            // The old one stays in force.
            pair.assertEverybodyKeepsTheAddress();
            assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(before);
        } finally {
            pair.lab()
                    .in(primary, Command.of("bash", "-c", "cat > " + FILE).withInput(good))
                    .check();
        }
    }

    private static void edit(LabNode node, String shell) throws Exception {
        pair.lab().in(node, Command.of("bash", "-c", shell)).check();
    }
}
