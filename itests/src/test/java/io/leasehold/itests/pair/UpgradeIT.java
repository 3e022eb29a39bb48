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
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A build takes the place of the one that serves: upgrade.md, word for word. */
@Timeout(300)
class UpgradeIT {
    private static final String NAME = "upgrade-it";
    private static final String CONSOLE = "/var/log/leasehold/console.log";
    private static final String NEWER = "999.0-upgrade-it";

    /** Debian 12's. */
    private static final String OLD_KERNEL = "6.1.0-18-amd64";

    /** A link to one of the builds beside it, as {@code /opt/leasehold}. */
    private static final Path INSTALLED = Installation.home().resolve("itests/target/upgrade-it");

    private static final Path OLDER_BUILD = INSTALLED.resolveSibling("upgrade-it-older");
    private static final Path NEWER_BUILD = INSTALLED.resolveSibling("upgrade-it-newer");
    private static final Path OLD_KERNEL_BUILD = INSTALLED.resolveSibling("upgrade-it-old-kernel");

    private static PairInLab pair;

    /** The box that runs what is installed; the other one runs this source tree. */
    private static LabNode node;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME);
        copyTheInstallation();
        install(OLDER_BUILD);
        node = pair.secondary();
        bootWhatIsInstalled();
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @Test
    void shouldReplaceTheDaemonThatServesWithoutAHandOver() throws Exception {
        serveWith(OLDER_BUILD);
        var boots = pair.bootIds();
        long epoch = pair.epoch();
        long dhcpd = pair.process(node, Role.DHCPD);
        long keeper = pair.process(node, Role.KEEPER);
        assertThat(version(node)).isNotEqualTo(NEWER);

        makeTheNewerBuild();
        install(NEWER_BUILD);
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

    /**
     * Below Linux 6.9 no daemon can go on with the mount of the one before. What decides that is
     * what the daemon takes for its kernel.
     */
    @Test
    void shouldStartTheServiceAnewWhereTheKernelCannotHandTheMountOn() throws Exception {
        makeTheBuildForAnOldKernel();
        serveWith(OLD_KERNEL_BUILD);
        var other = node.peer();
        var boot = pair.bootId(other);
        long epoch = pair.epoch();
        long dhcpd = pair.process(node, Role.DHCPD);
        long keeper = pair.process(node, Role.KEEPER);

        var refused = pair.pair().clusterctl(node, "restart");
        assertThat(refused.exitStatus()).as(refused.output()).isEqualTo(3);
        assertThat(refused.errors()).contains(OLD_KERNEL, "clusterctl takeover " + other.label());
        // Either this node is back before the other one takes it for dead, or it is fenced: that
        // depends on how soon a daemon starts here.
        pair.underLoad(() -> {
            pair.node(node).kill(Role.DAEMON);
            pair.eventually(
                    "another dhcpd to serve",
                    () -> assertThat(pair.process(pair.primary(), Role.DHCPD)).isNotEqualTo(dhcpd));
        });

        assertThat(pair.epoch()).as("another process writes").isGreaterThan(epoch);
        assertThat(pair.bootId(other)).as("who did nothing is not fenced").isEqualTo(boot);
        pair.assertNoLeaseIsMissing();
        if (pair.primary().equals(node)) {
            assertThat(pair.process(node, Role.KEEPER)).isEqualTo(keeper);
        }
        pair.powerOnWhoIsOff();
        pair.assertHealthyAndNothingLost();
        // A killed process ends when the kernel has ended what its threads were in the middle
        // of. If that outlasts daemon-dead-time, no successor is in time, and the keeper gives up.
        assertThat(silencedByForce() + givenUpByTheKeeper())
                .containsAnyOf(OLD_KERNEL, "the daemon has shown no progress");
    }

    private static String version(LabNode node) throws Exception {
        return pair.pair().json(node, "version").path("version").asText();
    }

    /** Why the node was made silent, as its flight recorder has it. */
    private static String silencedByForce() throws Exception {
        var result = pair.pair().clusterctl(node, "events", "--last", "200", "--json");
        return result.output()
                .lines()
                .filter(line -> line.contains("made silent by force"))
                .reduce("", (_, last) -> last);
    }

    /** What the keepers of the node had to say about it; empty if a daemon asked for it. */
    private static String givenUpByTheKeeper() throws Exception {
        return pair.node(node)
                .exec("sed", "-n", "/^keeper: standing down: the daemon/p", CONSOLE)
                .output();
    }

    private static void bootWhatIsInstalled() throws Exception {
        pair.node(node).runInstallation(INSTALLED);
        pair.node(node).powerOff();
        pair.eventually(
                "the primary to serve alone",
                () ->
                        assertThat(PairInLab.names(pair.status(node.peer()).path("inSync")))
                                .containsExactly(node.peer().label()));
        pair.node(node).powerOn();
        pair.awaitHealthy();
    }

    /** The node is primary, with that build, which replaced the one before while it was not. */
    private static void serveWith(Path build) throws Exception {
        if (pair.primary().equals(node)) {
            pair.order(node.peer(), "takeover");
            pair.awaitHealthy();
        }
        install(build);
        long daemon = pair.process(node, Role.DAEMON);
        pair.order(node, "restart");
        pair.eventually(
                "another daemon",
                () -> assertThat(pair.process(node, Role.DAEMON)).isNotEqualTo(daemon));
        pair.awaitHealthy();
        pair.order(node, "takeover");
        pair.awaitHealthy();
        assertThat(pair.primary()).isEqualTo(node);
    }

    private static void install(Path build) throws IOException, InterruptedException {
        run("ln", "-sfn", build.getFileName().toString(), INSTALLED.toString());
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        run("rm", "-rf", to.toString());
        run("cp", "-a", from.toString(), to.toString());
    }

    /** What runs of it: another directory, and the other node runs the original. */
    private static void copyTheInstallation() throws IOException, InterruptedException {
        run("rm", "-rf", OLDER_BUILD.toString(), INSTALLED.toString());
        Files.createDirectories(OLDER_BUILD.resolve("ops/target"));
        var home = Installation.home();
        Files.copy(home.resolve("pom.xml"), OLDER_BUILD.resolve("pom.xml"));
        run("cp", "-a", home.resolve("ops/bin").toString(), OLDER_BUILD.resolve("ops").toString());
        run(
                "bash",
                "-c",
                "cp -a \"$0\"/ops/target/{ops-*.jar,lib} \"$1\"/ops/target",
                home.toString(),
                OLDER_BUILD.toString());
        prepareLaunch(OLDER_BUILD);
    }

    private static void makeTheBuildForAnOldKernel() throws IOException, InterruptedException {
        copy(OLDER_BUILD, OLD_KERNEL_BUILD);
        Files.writeString(
                OLD_KERNEL_BUILD.resolve("ops/target/launch/clusterd.args"),
                "-Dos.version=" + OLD_KERNEL + "\n",
                StandardOpenOption.APPEND);
    }

    /** The same classes under another version: what differs is what {@code version} says. */
    private static void makeTheNewerBuild() throws IOException, InterruptedException {
        copy(OLDER_BUILD, NEWER_BUILD);
        try (var jars = Files.newDirectoryStream(NEWER_BUILD.resolve("ops/target"), "ops-*.jar")) {
            for (var jar : jars) {
                var newer = jar.resolveSibling(jar.getFileName() + ".new");
                try (var out = Files.newOutputStream(newer)) {
                    copyAs(NEWER, jar, out);
                }
                Files.move(newer, jar, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        prepareLaunch(NEWER_BUILD);
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

    private static void prepareLaunch(Path build) throws IOException, InterruptedException {
        run(build.resolve("ops/bin/lib/prepare-launch").toString());
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Command.of(command).withLimit(Duration.ofMinutes(4)).check();
    }
}
