package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.Installation;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A newer build takes the place of the one that serves: upgrade.md, word for word. */
@Timeout(300)
class UpgradeIT {
    private static final String NAME = "upgrade-it";
    private static final String NEWER = "999.0-upgrade-it";
    private static final Path COPY = Installation.home().resolve("itests/target/upgrade-it");

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME);
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @Test
    void shouldReplaceTheDaemonThatServesWithoutAHandOver() throws Exception {
        copyTheInstallation();
        var node = pair.secondary();
        bootFromTheCopy(node);
        pair.order(node, "takeover");
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(node);
        var boots = pair.bootIds();
        long epoch = pair.epoch();
        long dhcpd = pair.process(node, Role.DHCPD);
        long keeper = pair.process(node, Role.KEEPER);
        assertThat(version(node)).isNotEqualTo(NEWER);

        installTheNewerBuild();
        // For how long DHCP is silent depends on who else is at work here: that is for the bench
        // (footprint), which restarts a daemon on an idle machine.
        var outage = pair.underLoad(() -> pair.order(node, "restart"));

        System.out.println("silent for " + outage.gapMillis() + " ms");
        pair.eventually("the newer build to run", () -> assertThat(version(node)).isEqualTo(NEWER));
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(node);
        assertThat(pair.epoch())
                .as("a new writer has an epoch of its own (R27)")
                .isGreaterThan(epoch);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        assertThat(pair.process(node, Role.DHCPD)).isEqualTo(dhcpd);
        assertThat(pair.process(node, Role.KEEPER)).isEqualTo(keeper);
        assertThat(version(node.peer()))
                .as("the other box is not upgraded yet")
                .isNotEqualTo(NEWER);

        // The other one: a replica's daemon is replaced in the same way, and nobody notices.
        pair.underLoad(() -> pair.order(node.peer(), "restart"));
        pair.assertHealthyAndNothingLost();
    }

    private static String version(LabNode node) throws Exception {
        return pair.pair().json(node, "version").path("version").asText();
    }

    private static void bootFromTheCopy(LabNode node) throws Exception {
        pair.node(node).runInstallation(COPY);
        pair.node(node).powerOff();
        pair.eventually(
                "the primary to serve alone",
                () ->
                        assertThat(PairInLab.names(pair.status(node.peer()).path("inSync")))
                                .containsExactly(node.peer().label()));
        pair.node(node).powerOn();
        pair.awaitHealthy();
    }

    private static void copyTheInstallation() throws IOException, InterruptedException {
        run("rm", "-rf", COPY.toString());
        Files.createDirectories(COPY.resolve("ops/target"));
        var home = Installation.home();
        Files.copy(home.resolve("pom.xml"), COPY.resolve("pom.xml"));
        run("cp", "-a", home.resolve("ops/bin").toString(), COPY.resolve("ops").toString());
        run(
                "bash",
                "-c",
                "cp -a \"$0\"/ops/target/{ops-*.jar,lib} \"$1\"/ops/target",
                home.toString(),
                COPY.toString());
        prepareLaunch();
    }

    /** The same classes under another version: what differs is what {@code version} says. */
    private static void installTheNewerBuild() throws IOException, InterruptedException {
        try (var jars = Files.newDirectoryStream(COPY.resolve("ops/target"), "ops-*.jar")) {
            for (var jar : jars) {
                var newer = jar.resolveSibling(jar.getFileName() + ".new");
                try (var out = Files.newOutputStream(newer)) {
                    copyAs(NEWER, jar, out);
                }
                Files.move(newer, jar, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        prepareLaunch();
    }

    private static void copyAs(String version, Path jar, OutputStream to) throws IOException {
        try (var from = new JarFile(jar.toFile())) {
            var manifest = new Manifest(from.getManifest());
            manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
            try (var out = new JarOutputStream(to, manifest)) {
                for (var entry : (Iterable<java.util.jar.JarEntry>) from.stream()::iterator) {
                    if (!entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        out.putNextEntry(new java.util.jar.JarEntry(entry.getName()));
                        try (var in = from.getInputStream(entry)) {
                            in.transferTo(out);
                        }
                    }
                }
            }
        }
    }

    private static void prepareLaunch() throws IOException, InterruptedException {
        run(COPY.resolve("ops/bin/lib/prepare-launch").toString());
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Command.of(command).withLimit(Duration.ofMinutes(4)).check();
    }
}
