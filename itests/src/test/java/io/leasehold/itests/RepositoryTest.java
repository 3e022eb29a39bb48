package io.leasehold.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A reader finds the way from README to any line: what documents name is there. */
class RepositoryTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path DOCS = ROOT.resolve("ops/docs");

    /** What tools leave at the top, as .gitignore has it. */
    private static final Set<String> NOT_OURS =
            Set.of(".git", "target", ".idea", ".vscode", ".settings", ".classpath", ".project");

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} (.+)$");
    private static final Pattern TEST = Pattern.compile("\\b([A-Z][a-z][A-Za-z]*(?:Test|IT))\\b");

    @Test
    void shouldHaveNothingElseAtTheTop() throws IOException {
        try (var entries = Files.list(ROOT)) {
            assertThat(
                            entries.map(entry -> entry.getFileName().toString())
                                    .filter(name -> !NOT_OURS.contains(name)))
                    .containsExactlyInAnyOrder(
                            "pom.xml",
                            "README.md",
                            "LICENSE",
                            "blockrep",
                            "heartbeat",
                            "dhcp-resource",
                            "ops",
                            "itests",
                            ".ci",
                            ".mvn",
                            ".gitignore",
                            ".editorconfig");
        }
    }

    @Test
    void shouldHaveTheDocumentsThatAReaderLooksFor() {
        assertThat(
                        List.of(
                                "architecture.md",
                                "glossary.md",
                                "hacking.md",
                                "wire-protocol.md",
                                "configuration.md",
                                "benchmarks.md",
                                "adr"))
                .allSatisfy(name -> assertThat(DOCS.resolve(name)).exists());
    }

    @Test
    void shouldLinkToWhatIsThere() throws IOException {
        var broken = new ArrayList<String>();
        for (var document : documents()) {
            var links = LINK.matcher(Files.readString(document));
            while (links.find()) {
                var target = links.group(1);
                if (!target.contains("://") && !leadsSomewhere(document, target)) {
                    broken.add(ROOT.relativize(document) + ": " + target);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    private static boolean leadsSomewhere(Path document, String target) throws IOException {
        var parts = target.split("#", 2);
        var file = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
        return Files.exists(file) && (parts.length == 1 || anchors(file).contains(parts[1]));
    }

    /** As the usual renderers make them of headings. */
    private static Set<String> anchors(Path document) throws IOException {
        var anchors = new HashSet<String>();
        var headings = HEADING.matcher(Files.readString(document));
        while (headings.find()) {
            anchors.add(
                    headings.group(1)
                            .toLowerCase(Locale.ROOT)
                            .replaceAll("[^\\p{Alnum} _-]", "")
                            .replace(' ', '-'));
        }
        return anchors;
    }

    /** Rules and findings say which test keeps them. */
    @Test
    void shouldNameTestsThatExist() throws IOException {
        var tests = new HashSet<String>();
        for (var file : files(ROOT, ".java")) {
            tests.add(file.getFileName().toString().replace(".java", ""));
        }
        var unknown = new ArrayList<String>();
        for (var document : documents()) {
            var names = TEST.matcher(Files.readString(document));
            while (names.find()) {
                if (!tests.contains(names.group(1)) && !names.group(1).equals("NameIT")) {
                    unknown.add(ROOT.relativize(document) + ": " + names.group(1));
                }
            }
        }
        assertThat(unknown).isEmpty();
    }

    @Test
    void shouldRunInContinuousIntegrationWhatADeveloperRuns() throws IOException {
        assertThat(Files.readString(ROOT.resolve(".ci/run"))).contains("../ops/bin/test");
    }

    private static List<Path> documents() throws IOException {
        var documents = files(DOCS, ".md");
        documents.add(ROOT.resolve("README.md"));
        return documents;
    }

    private static List<Path> files(Path directory, String suffix) throws IOException {
        var files = new ArrayList<Path>();
        Files.walkFileTree(
                directory,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path visited, BasicFileAttributes attributes) {
                        var name = visited.getFileName().toString();
                        return name.equals("target") || name.equals(".git")
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        if (file.getFileName().toString().endsWith(suffix)) {
                            files.add(file);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        return files;
    }
}
