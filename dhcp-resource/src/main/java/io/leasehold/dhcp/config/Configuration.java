package io.leasehold.dhcp.config;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A dhcpd.conf at one moment, with everything that it includes, as one text. What was checked is
 * what dhcpd gets: nothing is read a second time.
 */
public final class Configuration {

    static final int FILES_MAX = 256;
    static final int INCLUDE_DEPTH_MAX = 16;
    static final int BYTES_MAX = 64 << 20;

    private final Path main;
    private final List<Path> files;
    private final String text;
    private final String hash;
    private final SourceMap sourceMap;
    private final List<Statement> statements;
    private final AddressPlan plan;
    private final List<Finding> findings;

    private Configuration(
            Path main,
            List<Path> files,
            String text,
            SourceMap sourceMap,
            List<Statement> statements,
            List<Finding> findings) {
        this.main = main;
        this.files = List.copyOf(files);
        this.text = text;
        this.hash = sha256(text);
        this.sourceMap = sourceMap;
        this.statements = List.copyOf(statements);
        this.plan = AddressPlan.of(statements);
        this.findings = List.copyOf(findings);
    }

    /**
     * Reads {@code dhcpd.conf} and its includes. What cannot be read or makes no sense is in {@link
     * #findings()}.
     *
     * @throws NoSuchFileException if there is no {@code dhcpd.conf}
     */
    public static Configuration read(ConfigurationSource source) throws IOException {
        return new Reader(source).read();
    }

    /** A text without includes, for instance an accepted generation. */
    static Configuration ofText(String text, Path file) {
        var findings = new ArrayList<Finding>();
        var statements =
                Parser.statements(
                        Lexer.tokens(text.getBytes(ISO_8859_1), file, findings::add),
                        findings::add);
        var lines = new SourceMap.Builder();
        lines.add(text, new Place(file, 1, 0));
        return new Configuration(file, List.of(file), text, lines.build(), statements, findings);
    }

    /** The main file, as the administrator names it. */
    public Path main() {
        return main;
    }

    /** The files that it was read from, as they are reached here; the main one first. */
    public List<Path> files() {
        return files;
    }

    /** All of it, includes resolved; one char per byte. */
    public String text() {
        return text;
    }

    /** SHA-256 of {@link #text()}; the same on both nodes. */
    public String hash() {
        return hash;
    }

    public AddressPlan plan() {
        return plan;
    }

    /** Troubles with reading: includes, braces, strings. */
    public List<Finding> findings() {
        return findings;
    }

    List<Statement> statements() {
        return statements;
    }

    /** The file and line that a line of {@link #text()} comes from. */
    Place placeOfLine(int line) {
        return sourceMap.at(line).orElse(Place.of(main));
    }

    static String sha256(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(ISO_8859_1));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static final class Reader {
        private final ConfigurationSource source;
        private final List<Finding> findings = new ArrayList<>();
        private final Set<Path> files = new LinkedHashSet<>();
        private final SourceMap.Builder flat = new SourceMap.Builder();

        Reader(ConfigurationSource source) {
            this.source = source;
        }

        Configuration read() throws IOException {
            var main = source.volume().configuration();
            var statements = include(main, Files.readAllBytes(main), List.of(main));
            return new Configuration(
                    source.shown(main),
                    List.copyOf(files),
                    flat.text(),
                    flat.build(),
                    statements,
                    findings);
        }

        /** Adds a file to the flat text; its statements have their includes replaced. */
        private List<Statement> include(Path file, byte[] bytes, List<Path> chain) {
            files.add(file);
            var shown = source.shown(file);
            var parsed =
                    Parser.statements(Lexer.tokens(bytes, shown, findings::add), findings::add);
            warnOfReadableSecrets(file, shown, parsed);
            var copier = new Copier(new String(bytes, ISO_8859_1), shown, chain);
            var resolved = copier.resolve(parsed);
            copier.copyTo(bytes.length);
            return resolved;
        }

        private void warnOfReadableSecrets(Path file, Path shown, List<Statement> parsed) {
            for (var statement : parsed) {
                if (statement.begins("key") && isWorldReadable(file)) {
                    findings.add(
                            Finding.warning(
                                    "configuration-secret-readable",
                                    statement.place(),
                                    "a key stands in a file that everybody may read",
                                    "chmod o-r " + shown));
                    return;
                }
            }
        }

        private static boolean isWorldReadable(Path file) {
            try {
                return Files.getPosixFilePermissions(file)
                        .contains(PosixFilePermission.OTHERS_READ);
            } catch (IOException _) {
                // Gone since it was read; the next look will see that.
                return false;
            }
        }

        /** Copies one file's text, with the included files in the places of their statements. */
        private final class Copier {
            private final String text;
            private final Path shown;
            private final List<Path> chain;
            private int copied;
            private int line = 1;

            Copier(String text, Path shown, List<Path> chain) {
                this.text = text;
                this.shown = shown;
                this.chain = chain;
            }

            List<Statement> resolve(List<Statement> statements) {
                var resolved = new ArrayList<Statement>(statements.size());
                for (var statement : statements) {
                    if (isInclude(statement)) {
                        copyTo(statement.from());
                        resolved.addAll(included(statement));
                        skipTo(statement.to());
                    } else if (statement.block().isPresent()) {
                        resolved.add(
                                new Statement(
                                        statement.words(),
                                        Optional.of(resolve(statement.inside())),
                                        statement.place(),
                                        statement.from(),
                                        statement.to()));
                    } else {
                        resolved.add(statement);
                    }
                }
                return resolved;
            }

            private static boolean isInclude(Statement statement) {
                return statement.begins("include")
                        && statement.words().size() == 2
                        && statement.words().get(1).kind() == Token.Kind.STRING;
            }

            private List<Statement> included(Statement statement) {
                var name = statement.word(1);
                var place = statement.words().get(1).place();
                var located = source.locate(name);
                if (located.isEmpty()) {
                    return refuse(
                            "include-outside-volume",
                            place,
                            name
                                    + " is not on the replicated volume, so the other node may have"
                                    + " another one, or none",
                            "move it to " + source.mountPoint() + " and include it from there");
                }
                var file = located.get();
                if (chain.contains(file)) {
                    return refuse(
                            "include-loop",
                            place,
                            name + " includes itself",
                            "remove one of the include statements");
                }
                if (chain.size() >= INCLUDE_DEPTH_MAX || files.size() >= FILES_MAX) {
                    return refuse(
                            "include-too-many",
                            place,
                            "more than "
                                    + INCLUDE_DEPTH_MAX
                                    + " includes within each other, or "
                                    + FILES_MAX
                                    + " files",
                            "put some of the files together");
                }
                try {
                    return readIncluded(file, name, place);
                } catch (IOException e) {
                    return refuse(
                            "include-unreadable",
                            place,
                            "cannot read "
                                    + name
                                    + ": "
                                    + (e instanceof NoSuchFileException
                                            ? "there is no such file"
                                            : e.toString()),
                            "create the file or remove the include statement");
                }
            }

            private List<Statement> readIncluded(Path file, String name, Place place)
                    throws IOException {
                if (!file.toRealPath().startsWith(source.volume().root().toRealPath())) {
                    return refuse(
                            "include-outside-volume",
                            place,
                            name + " is a symbolic link that leaves the replicated volume",
                            "put the file itself on the volume");
                }
                if (flat.length() + Files.size(file) > BYTES_MAX) {
                    return refuse(
                            "configuration-too-large",
                            place,
                            "more than " + (BYTES_MAX >> 20) + " MiB of configuration",
                            "is this the right file?");
                }
                var bytes = Files.readAllBytes(file);
                var innerChain = new ArrayList<>(chain);
                innerChain.add(file);
                // Beginning and end on lines of their own, so that every line has one origin.
                flat.endLine(place);
                var statements = include(file, bytes, innerChain);
                flat.endLine(new Place(source.shown(file), line, 0));
                return statements;
            }

            private List<Statement> refuse(String check, Place place, String what, String advice) {
                findings.add(Finding.error(check, place, what, advice));
                return List.of();
            }

            void copyTo(int offset) {
                flat.add(text.substring(copied, offset), new Place(shown, line, 0));
                skipTo(offset);
            }

            private void skipTo(int offset) {
                for (int i = copied; i < offset; i++) {
                    line += text.charAt(i) == '\n' ? 1 : 0;
                }
                copied = offset;
            }
        }
    }
}
