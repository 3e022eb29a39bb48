package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.Pair;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.Addresses;
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

    private static final String DISLIKED = "not-this-one";

    /** Puts the script on standard input over dhcpd, and the real one beside it. */
    private static final String PICKY_SERVER =
            "cp /usr/sbin/dhcpd /run/real-dhcpd && cat > /run/picky-dhcpd"
                    + " && chmod +x /run/picky-dhcpd"
                    + " && mount --bind /run/picky-dhcpd /usr/sbin/dhcpd";

    private static final String PICKY_SERVER_SCRIPT =
            """
            #!/bin/bash
            if [[ " $* " != *" -t "* ]] && grep -q %s %s/.leasehold/dhcp/dhcpd.conf; then
              echo "I do not like this configuration." >&2
              exit 1
            fi
            exec -a /usr/sbin/dhcpd /run/real-dhcpd "$@"
            """
                    .formatted(DISLIKED, Pair.MOUNT_POINT);

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
        var good = read(primary);
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
            assertThat(reload.output() + reload.errors())
                    .contains("refused (INPUT)", "dhcpd.conf:" + line);
            // The old one stays in force.
            pair.assertEverybodyKeepsTheAddress();
            assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(before);
        } finally {
            write(primary, good);
        }
        pair.eventually(
                "the alarm to end with the bad text",
                () ->
                        assertThat(pair.status(primary).path("alarms").toString())
                                .doesNotContain("dhcpd.conf"));
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(before);
    }

    /** What breaks a failover is refused by hand, too, each with its place. */
    @Test
    void shouldNameThePlaceOfWhatBreaksAFailover() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);
        var good = read(primary);
        var vip = "server-identifier " + Addresses.VIP + ";";
        var address = "local-address " + Addresses.VIP + ";";
        assertThat(good).contains(vip).contains(address);
        try {
            assertRefused(primary, good.replace(vip, ""), "server-identifier", "dhcpd.conf");
            assertRefused(primary, good.replace(address, ""), "local-address", "dhcpd.conf");
            assertRefused(
                    primary,
                    "dont-use-fsync true;\n" + good,
                    "fsync-switched-off",
                    "dhcpd.conf:1:");
            assertRefused(
                    primary,
                    "failover peer \"a\" { primary; address 198.18.0.11; port 647; }\n" + good,
                    "failover-leftover",
                    "dhcpd.conf:1:");
            assertRefused(
                    primary,
                    "include \"/etc/hostname\";\n" + good,
                    "include-outside-volume",
                    "dhcpd.conf:1:");
        } finally {
            write(primary, good);
        }
        pair.order(primary, "dhcp", "reload");
        assertThat(pair.process(primary, Role.DHCPD)).isEqualTo(before);
    }

    @Test
    void shouldUseAGoodEditAtOnceWhenAsked() throws Exception {
        var primary = pair.primary();
        long before = pair.process(primary, Role.DHCPD);

        edit(primary, "echo 'option domain-name \"reload.example\";' >> " + FILE);
        pair.order(primary, "dhcp", "reload");
        long after = pair.process(primary, Role.DHCPD);
        pair.order(primary, "dhcp", "reload");

        assertThat(after).isNotEqualTo(before);
        assertThat(pair.process(primary, Role.DHCPD)).as("nothing was new").isEqualTo(after);
        var onSecondary = pair.pair().clusterctl(primary.peer(), "dhcp", "reload");
        assertThat(onSecondary.exitStatus()).isEqualTo(3);
        assertThat(onSecondary.output() + onSecondary.errors()).contains(primary.label());
    }

    /** {@code dhcpd -t} knows neither ports nor interfaces; here, dhcpd just does not start. */
    @Test
    void shouldGoBackToTheOldOneIfTheServerDoesNotStartWithTheNew() throws Exception {
        var primary = pair.primary();
        var good = read(primary);
        pair.lab()
                .in(primary, Command.of("bash", "-c", PICKY_SERVER).withInput(PICKY_SERVER_SCRIPT))
                .check();
        try {
            pair.underLoad(() -> {
                write(primary, good + "# " + DISLIKED + "\n");
                var reload = pair.pair().clusterctl(primary, "dhcp", "reload");
                assertThat(reload.exitStatus()).as(reload.output()).isEqualTo(1);
                assertThat(reload.output() + reload.errors()).contains("in force before");
            });
            assertThat(pair.primary()).isEqualTo(primary);
            assertThat(pair.status(primary).path("alarms").toString()).contains("is refused");
        } finally {
            pair.lab().in(primary, Command.of("umount", "/usr/sbin/dhcpd")).check();
            write(primary, good);
        }
        pair.eventually(
                "the alarm to end with the bad text",
                () -> assertThat(pair.status(primary).path("alarms")).isEmpty());
    }

    private static void assertRefused(LabNode node, String text, String... words) throws Exception {
        write(node, text);
        var reload = pair.pair().clusterctl(node, "dhcp", "reload");
        assertThat(reload.exitStatus()).as(text).isEqualTo(3);
        assertThat(reload.output() + reload.errors()).contains(words);
    }

    private static String read(LabNode node) throws Exception {
        return pair.lab().in(node, Command.of("cat", FILE)).check();
    }

    private static void write(LabNode node, String text) throws Exception {
        pair.lab().in(node, Command.of("bash", "-c", "cat > " + FILE).withInput(text)).check();
    }

    private static void edit(LabNode node, String shell) throws Exception {
        pair.lab().in(node, Command.of("bash", "-c", shell)).check();
    }
}
