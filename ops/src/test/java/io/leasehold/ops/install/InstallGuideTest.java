package io.leasehold.ops.install;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.link.CertificateFingerprint;
import io.leasehold.blockrep.link.PinnedIdentity;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of {@code docs/install.md} that make files, as they stand there. */
class InstallGuideTest {
    private static final Path GUIDE = Path.of("docs/install.md");
    private static final Path EXAMPLE = Path.of("examples/leasehold.conf");

    @TempDir Path directory = Path.of("/");

    /** The indented lines of a section. */
    private static String commands(String heading) throws IOException {
        return Files.readString(GUIDE)
                .lines()
                .dropWhile(line -> !line.equals(heading))
                .skip(1)
                .takeWhile(line -> !line.startsWith("## "))
                .filter(line -> line.startsWith("    "))
                .map(String::strip)
                .collect(Collectors.joining("\n"));
    }

    private String run(String script) throws IOException, InterruptedException {
        var process =
                new ProcessBuilder("bash", "-euc", script)
                        .directory(directory.toFile())
                        .redirectError(directory.resolve("stderr").toFile())
                        .start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as(script + "\n" + Files.readString(directory.resolve("stderr")))
                .isZero();
        return output;
    }

    @Test
    void shouldMakeKeysThatANodeAccepts() throws Exception {
        var etc = directory.resolve("etc");
        var script =
                commands("## 2. Keys")
                        .replace("/etc/leasehold", etc.toString())
                        .replaceAll("(?m)^scp .*$", "");

        var output = run(script);

        var printed = output.strip().replaceAll("^.*=", "");
        var pin = CertificateFingerprint.parse(printed);
        var identity =
                PinnedIdentity.fromPem(etc.resolve("node.key"), etc.resolve("node.crt"), pin);
        assertThat(identity.fingerprint()).isEqualTo(pin);
        assertThat(identity.rehearse()).isEqualTo("TLSv1.3");
        assertThat(Files.readString(etc.resolve("cluster.key")).strip()).matches("[0-9a-f]{64}");
        for (var secret : new String[] {"node.key", "cluster.key"}) {
            assertThat(run("stat -c %a " + etc.resolve(secret)).strip()).isEqualTo("600");
        }
    }

    @Test
    void shouldStartFromAnExampleWithTheNamesAndAddressesOfTheGuide() throws Exception {
        var guide = Files.readString(GUIDE);

        assertThat(ConfigurationFile.load(EXAMPLE))
                .isInstanceOfSatisfying(
                        Loaded.Valid.class,
                        valid -> {
                            var configuration = valid.configuration();
                            assertThat(guide)
                                    .contains(
                                            configuration
                                                    .vip()
                                                    .address()
                                                    .address()
                                                    .getHostAddress());
                            configuration
                                    .nodes()
                                    .forEach((name, node) ->
                                            assertThat(guide)
                                                    .contains("`" + name + "`")
                                                    .contains(
                                                            node.replication()
                                                                    .getAddress()
                                                                    .getHostAddress()));
                            configuration
                                    .links()
                                    .forEach((_, link) ->
                                            assertThat(link.addresses().values().values())
                                                    .allSatisfy(address ->
                                                            assertThat(guide)
                                                                    .contains(
                                                                            address
                                                                                    .getHostAddress())));
                        });
        assertThat(commands("## 3. The configuration, the same on both"))
                .contains("leasehold.conf");
    }
}
