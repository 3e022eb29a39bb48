package io.leasehold.dhcp.config;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks the installed dhcpd itself: {@code dhcpd -4 -t}, which needs no interface, no address and no
 * lease file, and takes about 3 ms.
 *
 * <p>What it says about the flattened text is translated back to the files and lines that the
 * administrator wrote.
 */
public final class SyntaxCheck {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int OUTPUT_BYTES_MAX = 1 << 20;

    /** {@code FILE line 5: semicolon expected.} */
    private static final Pattern PLACED = Pattern.compile("^(.+) line (\\d+): (.*)$");

    private static final Pattern BAD_RANGE =
            Pattern.compile("^bad range, address (\\S+) not in subnet .*$");

    private final Path program;
    private final Path scratch;

    /**
     * @param program dhcpd
     * @param scratch a directory of our own outside the volume, for instance below {@code /run}
     */
    public SyntaxCheck(Path program, Path scratch) {
        this.program = program;
        this.scratch = scratch;
    }

    /** Identifies the program: another version may judge otherwise. */
    String judge() throws IOException {
        return program + " " + Files.size(program) + " " + Files.getLastModifiedTime(program);
    }

    /**
     * Errors if dhcpd refuses the configuration, warnings for what else it says.
     *
     * @throws IOException if dhcpd could not be run, or did not end
     */
    public List<Finding> check(Configuration configuration) throws IOException {
        Files.createDirectories(scratch);
        var file = Files.createTempFile(scratch, "check", ".conf");
        var output = Files.createTempFile(scratch, "check", ".out");
        try {
            Files.write(file, configuration.text().getBytes(ISO_8859_1));
            int code = run(file, output);
            return translate(read(output), code, file, configuration);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(output);
        }
    }

    private int run(Path file, Path output) throws IOException {
        // Without -q: that would silence the errors too.
        var builder = new ProcessBuilder(program.toString(), "-4", "-t", "-cf", file.toString());
        builder.environment().clear();
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        var process = builder.start();
        try {
            process.getOutputStream().close();
            if (!process.waitFor(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException(program + " -t did not end within " + LIMIT);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + program + " -t was running", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String read(Path output) throws IOException {
        try (var in = Files.newInputStream(output)) {
            return new String(in.readNBytes(OUTPUT_BYTES_MAX), ISO_8859_1);
        }
    }

    static List<Finding> translate(
            String output, int code, Path file, Configuration configuration) {
        var findings = new ArrayList<Finding>();
        var lines = output.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            var placed = PLACED.matcher(lines[i]);
            if (placed.matches() && placed.group(1).equals(file.toString())) {
                int column = i + 2 < lines.length ? caret(lines[i + 2]) : 0;
                findings.add(finding(placed, column, code, configuration));
                i += column > 0 ? 2 : 0;
                continue;
            }
            badRange(lines[i], configuration).ifPresent(findings::add);
        }
        if (code != 0 && !Finding.anyError(findings)) {
            findings.add(
                    Finding.error(
                            "dhcpd-refuses",
                            Place.of(configuration.main()),
                            "dhcpd -t ended with " + code + ": " + firstOwnLine(lines),
                            "run dhcpd -t -cf on the file to see all that it says"));
        }
        return findings;
    }

    private static Finding finding(
            Matcher placed, int column, int code, Configuration configuration) {
        var line = configuration.placeOfLine(lineOf(placed));
        var place = new Place(line.file(), line.line(), line.line() == 0 ? 0 : column);
        return code == 0
                ? Finding.warning("dhcpd-warns", place, "dhcpd says: " + placed.group(3), "")
                : Finding.error(
                        "dhcpd-refuses",
                        place,
                        "dhcpd says: " + placed.group(3),
                        "correct the statement; the mistake may also stand just before this place");
    }

    private static int lineOf(Matcher placed) {
        try {
            return Integer.parseInt(placed.group(2));
        } catch (NumberFormatException _) {
            // A number too long for a line: no place is better than a wrong one.
            return 0;
        }
    }

    /** dhcpd prints the line, and under it a line with nothing but a ^. */
    private static int caret(String line) {
        return line.strip().equals("^") ? line.indexOf('^') + 1 : 0;
    }

    /** dhcpd names the address, but not the line. */
    private static Optional<Finding> badRange(String line, Configuration configuration) {
        var matcher = BAD_RANGE.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        var address = Ipv4Address.parse(matcher.group(1));
        var place =
                address.flatMap(a ->
                                configuration.plan().pools().stream()
                                        .filter(pool ->
                                                pool.low().equals(a) || pool.high().equals(a))
                                        .findFirst())
                        .map(AddressPlan.Pool::place)
                        .orElse(Place.of(configuration.main()));
        return Optional.of(
                Finding.error(
                        "dhcpd-refuses",
                        place,
                        "dhcpd says: " + line,
                        "let the range lie within its subnet"));
    }

    private static String firstOwnLine(String[] lines) {
        for (var line : lines) {
            if (!line.isBlank()
                    && !line.startsWith("Internet Systems Consortium")
                    && !line.startsWith("Copyright")
                    && !line.startsWith("All rights")
                    && !line.startsWith("For info")) {
                return line;
            }
        }
        return "it said nothing";
    }
}
