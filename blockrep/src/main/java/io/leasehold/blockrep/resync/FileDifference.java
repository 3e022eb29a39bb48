package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.linux.FileStatus;
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
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A name under which a branch and the live copy have different things: another content, another
 * kind of file, or nothing. Attributes are not compared.
 *
 * @param path below the tree
 * @param branchBytes size in the branch, 0 of what is no plain file; empty if it is not there
 * @param liveBytes the same of the live copy
 */
public record FileDifference(Path path, OptionalLong branchBytes, OptionalLong liveBytes) {

    /**
     * Compares two trees by reading both. The live one may be changing: a file that comes or goes
     * meanwhile counts as it is met. A directory counts where the other tree has something else
     * under its name, but not where it has nothing.
     *
     * @param partial the branch does not have what was the same: nothing is said of what it lacks
     * @return in the order of the names
     */
    public static List<FileDifference> between(Path branch, Path live, boolean partial)
            throws IOException {
        var differences = new ArrayList<FileDifference>();
        visit(
                branch,
                path -> {
                    var aside = branch.resolve(path);
                    var other = live.resolve(path);
                    if (!areSame(aside, other)) {
                        differences.add(new FileDifference(path, sizeOf(aside), sizeOf(other)));
                    }
                });
        visit(
                live,
                path -> {
                    var aside = branch.resolve(path);
                    var kind = kindOf(aside);
                    if ((kind.isEmpty() && !partial)
                            || (kind.isPresent() && kind.getAsInt() == FileStatus.TYPE_DIRECTORY)) {
                        differences.add(
                                new FileDifference(
                                        path, sizeOf(aside), sizeOf(live.resolve(path))));
                    }
                });
        differences.sort(Comparator.comparing(FileDifference::path));
        return List.copyOf(differences);
    }

    private interface Visitor {
        void visit(Path relative) throws IOException;
    }

    private static void visit(Path root, Visitor visitor) throws IOException {
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        visitor.visit(root.relativize(file));
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
        var kind = kindOf(one);
        if (kind.isEmpty() || !kind.equals(kindOf(other))) {
            return false;
        }
        try {
            return switch (kind.getAsInt()) {
                case FileStatus.TYPE_FILE -> Files.mismatch(one, other) < 0;
                case FileStatus.TYPE_SYMLINK ->
                        Files.readSymbolicLink(one).equals(Files.readSymbolicLink(other));
                // Neither a pipe nor a device may be read: the name is all there is.
                default -> true;
            };
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    /** The type bits of st_mode; empty if there is nothing, also for want of its directory. */
    private static OptionalInt kindOf(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return OptionalInt.empty();
        }
        try {
            int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            return OptionalInt.of(mode & FileStatus.TYPE_MASK);
        } catch (NoSuchFileException _) {
            return OptionalInt.empty();
        }
    }

    private static OptionalLong sizeOf(Path path) throws IOException {
        var kind = kindOf(path);
        if (kind.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(kind.getAsInt() == FileStatus.TYPE_FILE ? Files.size(path) : 0);
        } catch (NoSuchFileException _) {
            return OptionalLong.empty();
        }
    }
}
