package io.leasehold.dhcp.config;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.VolumeLayout;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The configurations that were accepted, on the volume beside the leases, so that a promoted node
 * starts the pair that belongs together.
 *
 * <p>dhcpd runs on the accepted file, never on the one that an administrator may be editing: a
 * crash while {@code dhcpd.conf} is bad restarts the last good one, and nothing can change between
 * the check and the start. Layout of a stored file, which dhcpd reads as it is:
 *
 * <pre>
 * # Leasehold: generation 17, accepted 2026-11-22T10:00:00Z. Do not edit: edit dhcpd.conf.
 * # Leasehold: sha256 HEX of everything below
 * TEXT
 * </pre>
 *
 * <p>A stored file that does not match its hash is not used. Thread-safe.
 */
public final class Generations {

    /** Older ones are removed. */
    static final int KEPT_MAX = 16;

    private static final Pattern FIRST =
            Pattern.compile("# Leasehold: generation (\\d{1,15}), accepted (\\S+)\\. .*");
    private static final Pattern SECOND =
            Pattern.compile("# Leasehold: sha256 ([0-9a-f]{64}) of everything below");

    private final VolumeLayout volume;

    public Generations(VolumeLayout volume) {
        this.volume = volume;
    }

    /**
     * What dhcpd is to run on.
     *
     * @param generation empty if none was ever accepted, or none is intact
     * @param findings about stored files that are not intact
     */
    public record Accepted(Optional<Generation> generation, List<Finding> findings) {
        public Accepted {
            findings = List.copyOf(findings);
        }
    }

    /** The accepted generation; if its file is damaged, the newest stored one that is intact. */
    public synchronized Accepted accepted() throws IOException {
        var findings = new ArrayList<Finding>();
        var current = readIfPresent(volume.acceptedConfiguration(), findings);
        if (current.isPresent()) {
            return new Accepted(current, findings);
        }
        for (var file : stored().reversed()) {
            var older = readIfPresent(file, findings);
            if (older.isPresent()) {
                findings.add(
                        Finding.warning(
                                "generation-fallback",
                                Place.of(file),
                                "the accepted configuration is missing or damaged; "
                                        + older.get()
                                        + " is the newest intact one",
                                "compare it with " + VolumeLayout.CONFIGURATION));
                return new Accepted(older, findings);
            }
        }
        return new Accepted(Optional.empty(), findings);
    }

    /** Stored generations that are intact, the oldest first. */
    public synchronized List<Generation> list() throws IOException {
        var generations = new ArrayList<Generation>();
        for (var file : stored()) {
            readIfPresent(file, new ArrayList<>()).ifPresent(generations::add);
        }
        return generations;
    }

    /**
     * Makes a checked configuration the one that dhcpd runs on from its next start. If it already
     * is, nothing is written.
     */
    public synchronized Generation accept(Configuration configuration, Instant now)
            throws IOException {
        var current = accepted().generation();
        if (current.isPresent()
                && current.get().file().equals(volume.acceptedConfiguration())
                && current.get().hash().equals(configuration.hash())) {
            return current.get();
        }
        long number = Math.max(current.map(Generation::number).orElse(0L), lastNumber()) + 1;
        var at = now.truncatedTo(ChronoUnit.SECONDS);
        var bytes =
                ("# Leasehold: generation "
                                + number
                                + ", accepted "
                                + at
                                + ". Do not edit: edit "
                                + VolumeLayout.CONFIGURATION
                                + ".\n"
                                + "# Leasehold: sha256 "
                                + configuration.hash()
                                + " of everything below\n"
                                + configuration.text())
                        .getBytes(ISO_8859_1);
        Files.createDirectories(volume.generations());
        replace(volume.generations().resolve(fileName(number)), bytes);
        replace(volume.acceptedConfiguration(), bytes);
        prune();
        return new Generation(
                number,
                at,
                configuration.hash(),
                configuration.text(),
                volume.acceptedConfiguration());
    }

    private static String fileName(long number) {
        return String.format(Locale.ROOT, "%06d.conf", number);
    }

    /**
     * Written aside, synced, renamed. The directory is not synced: the volume keeps all operations
     * in one order, and if the rename were lost, the generation before is in force.
     */
    private static void replace(Path file, byte[] bytes) throws IOException {
        var aside = file.resolveSibling(file.getFileName() + ".new");
        try (var out = new FileOutputStream(aside.toFile())) {
            out.write(bytes);
            out.getFD().sync();
        }
        Files.move(
                aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void prune() throws IOException {
        var files = stored();
        for (var file : files.subList(0, Math.max(0, files.size() - KEPT_MAX))) {
            Files.deleteIfExists(file);
        }
    }

    private List<Path> stored() throws IOException {
        try (var files = Files.list(volume.generations())) {
            return files.filter(file -> numberOf(file) > 0)
                    .sorted(Comparator.comparingLong(Generations::numberOf))
                    .toList();
        } catch (NoSuchFileException _) {
            return List.of();
        }
    }

    private long lastNumber() throws IOException {
        var files = stored();
        return files.isEmpty() ? 0 : numberOf(files.getLast());
    }

    private static long numberOf(Path file) {
        var name = file.getFileName().toString();
        return name.matches("\\d{6,15}\\.conf")
                ? Long.parseLong(name.substring(0, name.length() - ".conf".length()))
                : 0;
    }

    private static Optional<Generation> readIfPresent(Path file, List<Finding> findings)
            throws IOException {
        String content;
        try {
            content = new String(Files.readAllBytes(file), ISO_8859_1);
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
        var generation = parse(content, file);
        if (generation.isEmpty()) {
            findings.add(
                    Finding.warning(
                            "generation-damaged",
                            Place.of(file),
                            "this stored configuration was changed or is damaged, and is not used",
                            "edit " + VolumeLayout.CONFIGURATION + " instead"));
        }
        return generation;
    }

    private static Optional<Generation> parse(String content, Path file) {
        var lines = content.split("\n", 3);
        if (lines.length < 3) {
            return Optional.empty();
        }
        var first = FIRST.matcher(lines[0]);
        var second = SECOND.matcher(lines[1]);
        if (!first.matches() || !second.matches()) {
            return Optional.empty();
        }
        var hash = second.group(1);
        if (!Configuration.sha256(lines[2]).equals(hash)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Generation(
                            Long.parseLong(first.group(1)),
                            Instant.parse(first.group(2)),
                            hash,
                            lines[2],
                            file));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }
}
