package io.leasehold.ops.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the scripts do before there is anything of ours to run: find a JDK, build if they must. */
class BuildScriptsTest {
    private static final Path LIBRARY = Path.of("bin/lib/environment.sh");

    @TempDir Path directory = Path.of("/");

    /** What a script did. */
    private record Outcome(int status, String output) {}

    /** Runs it after {@code environment.sh} of a tree, in a home directory without anything. */
    private Outcome bash(Path tree, String script) throws IOException, InterruptedException {
        var home = Files.createDirectories(directory.resolve("home"));
        var builder =
                new ProcessBuilder("bash", "-c", "source ops/bin/lib/environment.sh\n" + script)
                        .directory(tree.toFile())
                        .redirectErrorStream(true);
        builder.environment().put("HOME", home.toString());
        builder.environment().remove("JAVA_HOME");
        builder.environment().remove("LEASEHOLD_JAVA_HOME");
        var process = builder.start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output.strip());
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Nested
    class LookingForAJdk {
        private Path jdk(String version) throws IOException {
            var home = directory.resolve("jdk-" + version);
            write(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
            write(home.resolve("bin/javac"), "");
            Files.setPosixFilePermissions(
                    home.resolve("bin/javac"), PosixFilePermissions.fromString("rwxr-xr-x"));
            return home;
        }

        private Outcome find(Path... candidates) throws IOException, InterruptedException {
            var listed = new StringBuilder("jdk_candidates() { local c; for c in ");
            for (var candidate : candidates) {
                listed.append('\'').append(candidate).append("' ");
            }
            return bash(
                    Path.of("..").toRealPath(),
                    listed
                            + "; do echo \"$c\"; done; }\n"
                            + "require_jdk && echo \"$LEASEHOLD_JAVA_HOME\"");
        }

        @Test
        void shouldTakeOnlyOneOfTheRightVersion() throws Exception {
            var wanted = jdk("25.0.1");

            assertThat(find(directory.resolve("nothing"), jdk("21.0.5"), jdk("250"), wanted))
                    .isEqualTo(new Outcome(0, wanted.toString()));
        }

        @Test
        void shouldTakeTheFirstOne() throws Exception {
            var first = jdk("25");

            assertThat(find(first, jdk("25.0.2"))).isEqualTo(new Outcome(0, first.toString()));
        }

        @Test
        void shouldSayHowToGetOneIfThereIsNone() throws Exception {
            var outcome = find(jdk("21.0.5"));

            assertThat(outcome.status()).isEqualTo(1);
            assertThat(outcome.output())
                    .contains("error: no JDK 25 found in JAVA_HOME")
                    .contains("https://adoptium.net")
                    .contains("then run this again");
        }

        @Test
        void shouldLookWherePeopleAndToolsPutThem() throws Exception {
            write(
                    directory.resolve("home/.m2/toolchains.xml"),
                    """
                    <toolchains><toolchain><configuration>
                    <jdkHome>/by/maven</jdkHome>
                    </configuration></toolchain></toolchains>
                    """);
            Files.createDirectories(directory.resolve("home/.jdks/by-an-ide"));
            Files.createDirectories(directory.resolve("home/.sdkman/candidates/java/by-sdkman"));

            var candidates =
                    bash(
                            Path.of("..").toRealPath(),
                            "JAVA_HOME=/by/variable LEASEHOLD_JAVA_HOME=/by/ourselves jdk_candidates");

            assertThat(candidates.output().lines().limit(2))
                    .containsExactly("/by/ourselves", "/by/variable");
            assertThat(candidates.output())
                    .contains("/by/maven", "/.jdks/by-an-ide", "/java/by-sdkman", "/usr/lib/jvm");
        }
    }

    @Nested
    class DecidingWhetherToBuild {
        private static final String IS_STALE = "is_build_stale && echo stale || echo fresh";

        private Path tree = Path.of("/");

        @BeforeEach
        void builtBefore() throws Exception {
            tree = directory.resolve("tree");
            write(tree.resolve("ops/bin/lib/environment.sh"), Files.readString(LIBRARY));
            write(tree.resolve("pom.xml"), "");
            write(tree.resolve("ops/pom.xml"), "");
            write(tree.resolve("ops/src/Main.java"), "");
            write(tree.resolve("ops/src/Other.java"), "");
            write(tree.resolve("ops/target/ops.jar"), "");
            write(tree.resolve("ops/target/.built"), "");
            Files.setLastModifiedTime(
                    tree.resolve("ops/target/.built"),
                    FileTime.from(Instant.now().plusSeconds(60)));
        }

        /** Later than the build. */
        private void touch(String path) throws IOException {
            Files.setLastModifiedTime(
                    tree.resolve(path), FileTime.from(Instant.now().plusSeconds(120)));
        }

        private String answer() throws IOException, InterruptedException {
            return bash(tree, IS_STALE).output();
        }

        @Test
        void shouldNotBuildAgainWhatIsBuilt() throws Exception {
            assertThat(answer()).isEqualTo("fresh");
        }

        @Test
        void shouldBuildWhenASourceFileIsNewer() throws Exception {
            touch("ops/src/Main.java");
            assertThat(answer()).isEqualTo("stale");
        }

        @Test
        void shouldBuildWhenAPomIsNewer() throws Exception {
            touch("pom.xml");
            assertThat(answer()).isEqualTo("stale");
        }

        @Test
        void shouldBuildWhenASourceFileIsGone() throws Exception {
            Files.delete(tree.resolve("ops/src/Other.java"));
            touch("ops/src");
            assertThat(answer()).isEqualTo("stale");
        }

        @Test
        void shouldBuildWhenAJarIsGone() throws Exception {
            Files.delete(tree.resolve("ops/target/ops.jar"));
            assertThat(answer()).isEqualTo("stale");
        }

        @Test
        void shouldBuildWhenNothingEverWas() throws Exception {
            Files.delete(tree.resolve("ops/target/.built"));
            assertThat(answer()).isEqualTo("stale");
        }

        /** A program that runs stays with its build when a link in its path gets another target. */
        @Test
        void shouldCallTheTreeByItsOwnName() throws Exception {
            var link = Files.createSymbolicLink(directory.resolve("link"), tree);

            assertThat(bash(link, "echo \"$LEASEHOLD_HOME\"").output())
                    .isEqualTo(tree.toRealPath().toString());
        }
    }

    @Nested
    class TheDaemonsFlags {
        private static final Pattern COMPILED_EARLY =
                Pattern.compile("-XX:CompileCommand=CompileThresholdScaling,(.+)::(.+),0\\.001");

        /** The virtual machine says nothing about a method that it does not have. */
        @Test
        void shouldNameMethodsOfTheCipherThatThisJdkHas() throws Exception {
            var flags =
                    bash(
                            Path.of("..").toRealPath(),
                            "source ops/bin/lib/launch.sh\nprintf '%s\\n' \"${LEASEHOLD_CLUSTERD_FLAGS[@]}\"");

            var methods =
                    flags.output()
                            .lines()
                            .map(COMPILED_EARLY::matcher)
                            .filter(Matcher::matches)
                            .toList();
            assertThat(methods).as(flags.output()).hasSize(4);
            for (var method : methods) {
                assertThat(Class.forName(method.group(1)).getDeclaredMethods())
                        .as(method.group())
                        .anySatisfy(had -> assertThat(had.getName()).isEqualTo(method.group(2)));
            }
        }
    }
}
