package io.leasehold.blockrep.resync;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * A name under which a branch and the live copy have different things: another content, another
 * kind of file, or nothing. Attributes are not compared.
 *
 * @param path below the tree
 * @param branchBytes size in the branch; empty if it is not there
 * @param liveBytes size in the live copy; empty if it is not there
 */
public record FileDifference(Path path, OptionalLong branchBytes, OptionalLong liveBytes) {

    /**
     * Compares two trees by reading both. The live one may be changing: a file that comes or goes
     * meanwhile counts as it is met.
     *
     * @return in the order of the names
     */
    public static List<FileDifference> between(Path branch, Path live) throws IOException {
        var differences = new ArrayList<FileDifference>();
        visit(
                branch,
                (path, size) -> {
                    var other = live.resolve(path);
                    if (!areSame(branch.resolve(path), other)) {
                        differences.add(new FileDifference(path, size, sizeOf(other)));
                    }
                });
        visit(
                live,
                (path, size) -> {
                    if (!Files.exists(branch.resolve(path), LinkOption.NOFOLLOW_LINKS)) {
                        differences.add(new FileDifference(path, OptionalLong.empty(), size));
                    }
                });
        differences.sort(Comparator.comparing(FileDifference::path));
        return List.copyOf(differences);
    }

    private interface Visitor {
        void visit(Path relative, OptionalLong sizeBytes) throws IOException;
    }

    private static void visit(Path root, Visitor visitor) throws IOException {
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        visitor.visit(
                                root.relativize(file),
                                OptionalLong.of(
                                        attributes.isRegularFile() ? attributes.size() : 0));
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException failure)
                            throws IOException {
                        if (failure instanceof NoSuchFileException) {
                            return FileVisitResult.CONTINUE;
                        }
                        throw failure;
                    }
                });
    }

    private static boolean areSame(Path one, Path other) throws IOException {
        try {
            if (Files.isSymbolicLink(one) && Files.isSymbolicLink(other)) {
                return Files.readSymbolicLink(one).equals(Files.readSymbolicLink(other));
            }
            boolean plain = isPlain(one);
            // Neither a pipe nor a device may be read; of the other kinds the name is all there is.
            return plain == isPlain(other)
                    && Files.exists(other, LinkOption.NOFOLLOW_LINKS)
                    && (!plain || Files.mismatch(one, other) < 0);
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    private static boolean isPlain(Path path) {
        return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static OptionalLong sizeOf(Path path) throws IOException {
        try {
            return isPlain(path)
                    ? OptionalLong.of(Files.size(path))
                    : Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                            ? OptionalLong.of(0)
                            : OptionalLong.empty();
        } catch (NoSuchFileException _) {
            return OptionalLong.empty();
        }
    }
}
