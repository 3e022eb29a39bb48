package io.leasehold.itests.lab;

import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compares the volume, as the box that serves has it mounted, with the files of both boxes' copies:
 * byte for byte, with owners, modes and times, the way an administrator with {@code find} and
 * {@code sha256sum} would.
 *
 * <p>With the mount, because two copies that both lag are equal too: each gets an operation only
 * after its journal has it on disk (ADR 0011).
 */
public final class ReplicaComparison {
    private static final List<String> ATTRIBUTES =
            List.of("mode", "uid", "gid", "nlink", "lastModifiedTime");

    private static final Duration POLL = Duration.ofMillis(50);

    private ReplicaComparison() {}

    /**
     * What differs, one sentence each; empty if both copies are what the volume is. Both boxes must
     * be on, and one must serve.
     */
    public static List<String> differences(Lab lab) throws IOException {
        var serving = lab.pair().serving().orElseThrow(() -> new CommandException("nobody serves"));
        var volume = describe(lab.node(serving).path(Pair.MOUNT_POINT));
        var differences = new ArrayList<String>();
        for (var node : LabNode.servers()) {
            var copy = describe(lab.node(node).path(Pair.COPY_DIRECTORY));
            var paths = new TreeSet<>(volume.keySet());
            paths.addAll(copy.keySet());
            for (var path : paths) {
                var wanted = volume.getOrDefault(path, "absent");
                var found = copy.getOrDefault(path, "absent");
                if (!wanted.equals(found)) {
                    differences.add(
                            "%s: the volume, mounted on %s, has %s; the copy of %s has %s"
                                    .formatted(path, serving.label(), wanted, node.label(), found));
                }
            }
        }
        if (volume.isEmpty()) {
            differences.add("the volume is empty");
        }
        return differences;
    }

    /** Looks again and again until nothing differs; what still does when {@code limit} is over. */
    public static List<String> differencesAfter(Lab lab, Duration limit)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        var differences = differences(lab);
        while (!differences.isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(POLL);
            differences = differences(lab);
        }
        return differences;
    }

    private static SortedMap<String, String> describe(Path root) throws IOException {
        var description = new TreeMap<String, String>();
        try (var paths = Files.walk(root)) {
            for (var path : (Iterable<Path>) paths::iterator) {
                describe(root, path, description);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return description;
    }

    private static void describe(Path root, Path path, Map<String, String> description)
            throws IOException {
        try {
            var attributes =
                    new TreeMap<>(
                            Files.readAttributes(
                                    path,
                                    "unix:" + String.join(",", ATTRIBUTES),
                                    LinkOption.NOFOLLOW_LINKS));
            description.put(root.relativize(path).toString(), attributes + " " + contentOf(path));
        } catch (NoSuchFileException _) {
            // Removed while we looked; the other side will tell.
        }
    }

    private static String contentOf(Path path) throws IOException {
        if (Files.isSymbolicLink(path)) {
            return "-> " + Files.readSymbolicLink(path);
        }
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return "";
        }
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            try (var in = Files.newInputStream(path)) {
                var buffer = new byte[1 << 16];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    digest.update(buffer, 0, n);
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
