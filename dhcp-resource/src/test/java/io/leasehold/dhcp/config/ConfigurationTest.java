package io.leasehold.dhcp.config;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.VolumeLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationTest {

    private static final Path MOUNT = Path.of("/srv/dhcp");

    @TempDir Path directory;
    private ConfigurationSource source;

    @BeforeEach
    void begin() {
        source = new ConfigurationSource(MOUNT, new VolumeLayout(directory));
    }

    private void write(String name, String text) throws IOException {
        var file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void shouldBeOneTextMadeOfAllIncludedFiles() throws IOException {
        write("dhcpd.conf", "a 1;\ngroup { include \"/srv/dhcp/sub/x.conf\"; b 2; }\nc 3;\n");
        write("sub/x.conf", "x 1;\ninclude \"sub/y.conf\";\nx 2;\n");
        write("sub/y.conf", "y 1; # no line end");

        var configuration = Configuration.read(source);

        assertThat(configuration.findings()).isEmpty();
        assertThat(configuration.text())
                .isEqualTo("a 1;\ngroup { \nx 1;\ny 1; # no line end\n\nx 2;\n b 2; }\nc 3;\n");
        assertThat(configuration.files()).hasSize(3);
        assertThat(configuration.placeOfLine(3)).hasToString("/srv/dhcp/sub/x.conf:1");
        assertThat(configuration.placeOfLine(4)).hasToString("/srv/dhcp/sub/y.conf:1");
        assertThat(configuration.placeOfLine(6)).hasToString("/srv/dhcp/sub/x.conf:3");
        assertThat(configuration.placeOfLine(7)).hasToString("/srv/dhcp/dhcpd.conf:2");
        assertThat(configuration.placeOfLine(8)).hasToString("/srv/dhcp/dhcpd.conf:3");
    }

    @Test
    void shouldHaveTheSameHashOnBothNodes() throws IOException {
        write("dhcpd.conf", "include \"/srv/dhcp/x.conf\";\n");
        write("x.conf", GOOD);
        var here = Configuration.read(source).hash();

        var other = Files.createDirectory(directory.resolve("other"));
        Files.copy(directory.resolve("dhcpd.conf"), other.resolve("dhcpd.conf"));
        Files.copy(directory.resolve("x.conf"), other.resolve("x.conf"));
        var there = Configuration.read(new ConfigurationSource(MOUNT, new VolumeLayout(other)));

        assertThat(there.hash()).isEqualTo(here);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/dhcp/keys.conf", "../other.conf", "/srv/dhcp/../x", "link.conf"})
    void shouldRefuseAnIncludeOutsideOfTheVolume(String included) throws IOException {
        Files.createSymbolicLink(directory.resolve("link.conf"), Path.of("/etc/hostname"));
        write("dhcpd.conf", "authoritative;\n  include \"" + included + "\";\n");

        assertThat(Configuration.read(source).findings())
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.check()).isEqualTo("include-outside-volume");
                    assertThat(finding.place()).hasToString("/srv/dhcp/dhcpd.conf:2:11");
                });
    }

    @Test
    void shouldRefuseALoopOfIncludesAndAMissingFile() throws IOException {
        write("dhcpd.conf", "include \"x.conf\"; include \"gone.conf\";");
        write("x.conf", "include \"dhcpd.conf\";");

        assertThat(Configuration.read(source).findings())
                .extracting(Finding::text)
                .satisfiesExactly(
                        loop -> assertThat(loop).startsWith("/srv/dhcp/x.conf:1:9: error:"),
                        gone -> assertThat(gone).contains("dhcpd.conf:1:27").contains("no such"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "subnet 1.2.3.0 netmask 255.255.255.0 {",
                "}",
                "a \"b;",
                "group { a b }",
                "option x code 1 = { text ",
                "a b"
            })
    void shouldSayWhereBracesAndStringsDoNotMatch(String text) throws IOException {
        write("dhcpd.conf", "authoritative;\n" + text);

        assertThat(Configuration.read(source).findings())
                .isNotEmpty()
                .allSatisfy(finding -> assertThat(finding.place().line()).isEqualTo(2))
                .allMatch(Finding::isError);
    }

    @Test
    void shouldNotOverflowOnDeepBlocks() throws IOException {
        write("dhcpd.conf", "group {".repeat(100_000));

        assertThat(Configuration.read(source).findings())
                .extracting(Finding::check)
                .contains("configuration-too-deep");
    }

    @Test
    void shouldWarnOfASecretThatEverybodyMayRead() throws IOException {
        write("dhcpd.conf", "include \"key.conf\";\n");
        write("key.conf", "key omapi { algorithm hmac-md5; secret AAAA; };\n");
        assertThat(Configuration.read(source).findings())
                .extracting(Finding::text)
                .singleElement()
                .asString()
                .contains("chmod o-r /srv/dhcp/key.conf");

        Files.setPosixFilePermissions(
                directory.resolve("key.conf"),
                java.nio.file.attribute.PosixFilePermissions.fromString("rw-r-----"));
        assertThat(Configuration.read(source).findings()).isEmpty();
    }

    @Test
    void shouldLintThroughIncludes() throws IOException {
        write("dhcpd.conf", GOOD + "include \"x.conf\";\n");
        write("x.conf", "# one\ndont-use-fsync true;\n");

        assertThat(Lint.check(Configuration.read(source), FACTS))
                .singleElement()
                .extracting(Finding::place)
                .hasToString("/srv/dhcp/x.conf:2:1");
    }
}
