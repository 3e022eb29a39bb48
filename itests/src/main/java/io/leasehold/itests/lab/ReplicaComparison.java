package io.leasehold.itests.lab;

import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compares the backing files of both boxes byte for byte, with their owners, modes and times, the
 * way an administrator with {@code find} and {@code sha256sum} would: without asking Leasehold.
 */
public final class ReplicaComparison {
    /** The replicated names; beside them are files of the volume's own. */
    private static final String TREE = Pair.VOLUME_DIRECTORY + "/live/tree";

    private static final List<String> ATTRIBUTES =
            List.of("mode", "uid", "gid", "nlink", "lastModifiedTime");

    private ReplicaComparison() {}

    /** What differs, one sentence each; empty if the replicas are identical. Both must be on. */
    public static List<String> differences(Lab lab) throws IOException {
        var one = describe(lab.node(LabNode.DHCP1).path(TREE));
        var other = describe(lab.node(LabNode.DHCP2).path(TREE));
        var paths = new TreeSet<>(one.keySet());
        paths.addAll(other.keySet());
        var differences = new ArrayList<String>();
        for (var path : paths) {
            var left = one.getOrDefault(path, "absent");
            var right = other.getOrDefault(path, "absent");
            if (!left.equals(right)) {
                differences.add("%s: dhcp1 has %s, dhcp2 has %s".formatted(path, left, right));
            }
        }
        if (one.isEmpty()) {
            differences.add("both replicas are empty");
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
